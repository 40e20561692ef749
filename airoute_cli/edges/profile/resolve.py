"""From validated tables to the profile that the rest of airoute works with."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from airoute_cli.core.elements import Carrier
from airoute_cli.core.money import FREE_RATES, Price, Rates
from airoute_cli.core.profile import (
    Limits,
    Model,
    OnTruncated,
    Provider,
    Route,
    When,
)
from airoute_cli.core.request import Capability
from airoute_cli.core.settings import Settings
from airoute_cli.edges.hosts import is_loopback
from airoute_cli.edges.prices import CatalogueEntry, FindPrice
from airoute_cli.edges.profile.apis import ApiUse
from airoute_cli.edges.profile.problems import Problems
from airoute_cli.edges.profile.schema import (
    ModelTable,
    PriceTable,
    ProviderTable,
    RouteTable,
    WhenTable,
)
from airoute_cli.edges.profile.strategies import Use
from airoute_cli.edges.profile.validate import Validated

EMBEDDED_PRICE = Price(FREE_RATES, "embedded")
FREE_PRICE = Price(FREE_RATES, "profile: free")


def resolve_providers(validated: Validated, problems: Problems) -> Mapping[str, Provider]:
    """All declared providers, and the embedded one if a model uses it undeclared.

    A provider whose address nobody knows is noted.
    """
    return MappingProxyType(
        {
            name: _provider(name, table, validated.apis[name], problems)
            for name, table in validated.tables.providers.items()
        }
    )


def _provider(name: str, table: ProviderTable, api: ApiUse, problems: Problems) -> Provider:
    service = api.service
    url = table.base_url or service.address(table.region)
    _check_address(name, table, api, problems)
    own_key = bool(table.api_key_env or table.api_key_cmd) or not service.owns(url)
    return Provider(
        name=name,
        api=service.name,
        base_url=url,
        api_key_env=table.api_key_env if own_key else service.api_key_env,
        api_key_cmd=table.api_key_cmd,
        # A server on this machine mostly wants none.
        key_optional=not own_key and is_loopback(url),
        headers=MappingProxyType(dict(table.headers)),
        region=table.region,
        limits=Limits(table.requests_per_minute, table.tokens_per_minute, table.max_concurrency),
        timeout=table.timeout,
        wire_format=service.wire_format,
        options=MappingProxyType(dict(api.options)),
    )


def _check_address(name: str, table: ProviderTable, api: ApiUse, problems: Problems) -> None:
    if table.base_url or api.spec.make is None:
        return
    if api.service.base_url is None:
        message = f'is missing, and "{table.api}" has no address of its own.'
        problems.add(("providers", name, "base_url"), message, "Write it as https://host.")
    elif api.service.needs_region and not table.region:
        message = f'is missing, and the address of "{table.api}" depends on it.'
        problems.add(("providers", name, "region"), message, 'Write it as region = "us-east-1".')


def resolve_models(
    validated: Validated,
    providers: Mapping[str, Provider],
    find_price: FindPrice,
    problems: Problems,
) -> Mapping[str, Model]:
    """All models with their prices; a ``price_as`` that nobody knows is noted."""
    models = {}
    for name, table in validated.tables.models.items():
        entry = _look_up(name, table, providers[table.provider], find_price, problems)
        api = validated.apis[table.provider]
        models[name] = _model(name, table, providers[table.provider], api, entry)
    return MappingProxyType(models)


def _look_up(
    name: str, table: ModelTable, provider: Provider, find_price: FindPrice, problems: Problems
) -> CatalogueEntry | None:
    if provider.embedded:
        return CatalogueEntry(EMBEDDED_PRICE)
    if table.price_as is None:
        return find_price(provider.name, table.name, provider.base_url)
    other, _, model = table.price_as.partition("/")
    entry = find_price(other, model)
    if entry is None or entry.price is None:
        message = f'the catalogue has no price for "{table.price_as}".'
        remedy = "State the price itself, as in price = { input = 0.25, output = 2.0 }."
        problems.add(("models", name, "price_as"), message, remedy)
    return entry


def _model(
    name: str, table: ModelTable, provider: Provider, api: ApiUse, entry: CatalogueEntry | None
) -> Model:
    given = table.capabilities
    return Model(
        name=name,
        provider=provider,
        wire_name=table.name,
        price=_own_price(table) or (entry.price if entry else None),
        context_window=table.context_window or (entry.context_window if entry else None),
        max_output_tokens=table.max_output_tokens,
        capabilities=api.service.capabilities if given is None else _capabilities(given),
        retention=table.retention,
        private=provider.embedded if table.private is None else table.private,
        limits=Limits(table.requests_per_minute, table.tokens_per_minute),
        settings=Settings.read(table.params),
        carrier=Carrier(
            cannot=api.spec.cannot | api.service.refused_by(table.name),
            extras=api.spec.extras,
        ),
    )


def _own_price(table: ModelTable) -> Price | None:
    if isinstance(table.price, PriceTable):
        return Price(Rates(**table.price.model_dump()), "profile")
    return FREE_PRICE if table.price == "free" else None


def _capabilities(names: tuple[str, ...]) -> frozenset[Capability]:
    return frozenset(Capability(name) for name in names)


def resolve_routes(validated: Validated) -> tuple[Route, ...]:
    """All routes in order."""
    each = zip(validated.tables.routes, validated.uses, strict=True)
    return tuple(_route(table, use) for table, use in each)


def _route(table: RouteTable, use: Use) -> Route:
    return Route(
        name=table.name,
        strategy=use.strategy,
        models=table.models,
        fallback=table.fallback,
        when=None if table.when is None else _when(table.when),
        system=table.system,
        settings=Settings.read(table.params),
        on_truncated=OnTruncated(table.on_truncated),
        options=MappingProxyType(dict(use.options)),
    )


def _when(table: WhenTable) -> When:
    return When(
        contains_any=table.contains_any,
        regex=table.regex,
        starts_with=table.starts_with,
        min_input_tokens=table.min_input_tokens,
        max_input_tokens=table.max_input_tokens,
        task=table.task,
        requires=_capabilities(table.requires),
        metadata=MappingProxyType(dict(table.metadata)),
        all=tuple(_when(part) for part in table.all),
        any=tuple(_when(part) for part in table.any),
        not_=None if table.not_ is None else _when(table.not_),
    )
