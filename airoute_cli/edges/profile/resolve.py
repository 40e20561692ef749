"""From validated tables to the profile that the rest of airoute works with."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from airoute_cli.core.money import FREE_RATES, Price, Rates
from airoute_cli.core.profile import (
    Api,
    Limits,
    Model,
    OnTruncated,
    Provider,
    Route,
    When,
)
from airoute_cli.core.request import Capability
from airoute_cli.core.settings import Settings
from airoute_cli.edges.prices import CatalogueEntry, FindPrice
from airoute_cli.edges.profile.problems import Problems
from airoute_cli.edges.profile.schema import (
    ModelTable,
    PriceTable,
    ProviderTable,
    RouteTable,
    WhenTable,
)
from airoute_cli.edges.profile.strategies import Use
from airoute_cli.edges.profile.validate import EMBEDDED, Validated

OPENAI_URL = "https://api.openai.com/v1"
OPENAI_KEY = "OPENAI_API_KEY"
EMBEDDED_PRICE = Price(FREE_RATES, "embedded")
FREE_PRICE = Price(FREE_RATES, "profile: free")

_CAPABILITIES: Mapping[Api, frozenset[Capability]] = {
    Api.OPENAI: frozenset({Capability.VISION, Capability.TOOLS, Capability.JSON_SCHEMA}),
    Api.LLAMA_CPP: frozenset({Capability.JSON_SCHEMA}),
}


def resolve_providers(validated: Validated) -> Mapping[str, Provider]:
    """All declared providers, and the embedded one if a model uses it undeclared."""
    tables = dict(validated.tables.providers)
    if any(model.provider == EMBEDDED for model in validated.tables.models.values()):
        tables.setdefault(EMBEDDED, ProviderTable(api="llama-cpp"))
    return MappingProxyType({name: _provider(name, table) for name, table in tables.items()})


def _provider(name: str, table: ProviderTable) -> Provider:
    api = Api(table.api)
    url = table.base_url or (OPENAI_URL if api is Api.OPENAI else None)
    own_key = table.api_key_env or table.api_key_cmd
    return Provider(
        name=name,
        api=api,
        base_url=url,
        api_key_env=OPENAI_KEY if not own_key and _is_openai(url) else table.api_key_env,
        api_key_cmd=table.api_key_cmd,
        headers=MappingProxyType(dict(table.headers)),
        region=table.region,
        limits=Limits(table.requests_per_minute, table.tokens_per_minute, table.max_concurrency),
        timeout=table.timeout,
    )


def _is_openai(url: str | None) -> bool:
    host = urlsplit(url or "").hostname or ""
    return host == "api.openai.com" or host.endswith(".api.openai.com")


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
        models[name] = _model(name, table, providers[table.provider], entry)
    return MappingProxyType(models)


def _look_up(
    name: str, table: ModelTable, provider: Provider, find_price: FindPrice, problems: Problems
) -> CatalogueEntry | None:
    if provider.api is Api.LLAMA_CPP:
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


def _model(name: str, table: ModelTable, provider: Provider, entry: CatalogueEntry | None) -> Model:
    embedded = provider.api is Api.LLAMA_CPP
    given = table.capabilities
    return Model(
        name=name,
        provider=provider,
        wire_name=table.name,
        price=_own_price(table) or (entry.price if entry else None),
        context_window=table.context_window or (entry.context_window if entry else None),
        max_output_tokens=table.max_output_tokens,
        capabilities=_CAPABILITIES[provider.api] if given is None else _capabilities(given),
        retention=table.retention,
        private=embedded if table.private is None else table.private,
        limits=Limits(table.requests_per_minute, table.tokens_per_minute),
        settings=Settings.read(table.params),
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
