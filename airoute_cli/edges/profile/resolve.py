"""From validated tables to the profile that the rest of airoute works with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airoute_cli.core.budget import NO_BUDGET, Budget, OnBudget
from airoute_cli.core.elements import RARE, Carrier
from airoute_cli.core.money import FREE_RATES, Price, Rates
from airoute_cli.core.policy import (
    NO_FORBIDDEN,
    NO_REQUIREMENT,
    Forbidden,
    MaxPrice,
    OnEmpty,
    Policy,
    PolicyRule,
    Requirement,
)
from airoute_cli.core.profile import (
    NO_RUN_SETTINGS,
    Limits,
    Model,
    OnTruncated,
    OnUnavailable,
    Provider,
    Route,
    RunSettings,
    UnknownPrice,
    Unsupported,
    When,
)
from airoute_cli.core.regions import is_loopback, overlaps, region_of
from airoute_cli.core.request import Capability, ResponseSchema
from airoute_cli.core.scan import classes_of
from airoute_cli.core.settings import NOTHING, Settings
from airoute_cli.core.templates import Template
from airoute_cli.edges.prices import CatalogueEntry, FindPrice
from airoute_cli.edges.profile.apis import ApiUse
from airoute_cli.edges.profile.files import Files
from airoute_cli.edges.profile.lines import KeyPath
from airoute_cli.edges.profile.problems import Problems
from airoute_cli.edges.profile.strategies import Use
from airoute_cli.edges.profile.tables.models import ModelTable, PriceTable
from airoute_cli.edges.profile.templates import text_of
from airoute_cli.edges.profile.validate import Validated

if TYPE_CHECKING:
    from airoute_cli.edges.profile.tables.base import BudgetTable
    from airoute_cli.edges.profile.tables.conditions import WhenTable
    from airoute_cli.edges.profile.tables.policy import (
        ForbidTable,
        PolicyTable,
        RequireTable,
        RuleTable,
    )
    from airoute_cli.edges.profile.tables.providers import ProviderTable
    from airoute_cli.edges.profile.tables.routes import RouteTable
    from airoute_cli.edges.profile.tables.run import RunTable
    from airoute_cli.edges.profile.tables.templates import VariantTable

# What is wrong with a JSON Schema, by the one who checks answers by it.
SchemaProblem = Callable[[Mapping[str, Any]], str | None]


def no_problem(_: Mapping[str, Any]) -> str | None:
    """The check that finds nothing wrong with a schema."""
    return None


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
    _check_region(name, table.region, url, problems)
    stated = table.api_key_env or table.api_key_cmd or table.api_key_keyring
    own_key = bool(stated) or not service.owns(url)
    return Provider(
        name=name,
        api=service.name,
        base_url=url,
        api_key_env=table.api_key_env if own_key else service.api_key_env,
        api_key_cmd=table.api_key_cmd,
        api_key_keyring=_entry(table.api_key_keyring),
        # A server on this machine mostly wants none; where requests can be signed, none is needed.
        key_optional=not own_key and (is_loopback(url) or api.spec.signing is not None),
        headers=MappingProxyType(dict(table.headers)),
        region=table.region,
        limits=Limits(table.requests_per_minute, table.tokens_per_minute, table.max_concurrency),
        shared_limits=table.shared_limits,
        timeout=table.timeout,
        wire_format=service.wire_format,
        options=MappingProxyType(dict(api.options)),
    )


def _entry(stated: str | None) -> tuple[str, str] | None:
    if stated is None:
        return None
    service, _, user = stated.rpartition("/")
    return service, user


def _check_address(name: str, table: ProviderTable, api: ApiUse, problems: Problems) -> None:
    if table.base_url or api.spec.make is None:
        return
    if api.service.base_url is None:
        message = f'is missing, and "{table.api}" has no address of its own.'
        problems.add(("providers", name, "base_url"), message, "Write it as https://host.")
    elif api.service.needs_region and not table.region:
        message = f'is missing, and the address of "{table.api}" depends on it.'
        example = next(iter(api.service.region_urls), "us-east-1")
        problems.add(("providers", name, "region"), message, f'Write it as region = "{example}".')


def _check_region(name: str, claim: str | None, url: str | None, problems: Problems) -> None:
    proven = region_of(url)
    if proven and claim and not overlaps(proven, claim):
        message = (
            f'"{claim}" contradicts the host {urlsplit(url or "").hostname}: that is {proven}.'
        )
        remedy = "Remove the claim, or name the host of that region in base_url."
        problems.add(("providers", name, "region"), message, remedy)


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
        if table.price is not None and table.context_window is not None:
            return None  # all is stated that would be looked up
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
        retention=table.retention or ("none" if provider.embedded else None),
        private=provider.embedded if table.private is None else table.private,
        limits=Limits(table.requests_per_minute, table.tokens_per_minute),
        settings=Settings.read(table.params),
        carrier=Carrier(
            cannot=api.spec.cannot | (RARE - api.spec.carries) | api.service.refused_by(table.name),
            extras=api.spec.extras,
            thoughts=api.spec.thoughts,
        ),
        budget=_budget(table.budget),
    )


def _own_price(table: ModelTable) -> Price | None:
    if isinstance(table.price, PriceTable):
        return Price(Rates(**table.price.model_dump()), "profile")
    return FREE_PRICE if table.price == "free" else None


def _capabilities(names: tuple[str, ...]) -> frozenset[Capability]:
    return frozenset(Capability(name) for name in names)


def resolve_routes(
    validated: Validated, files: Files, schema_problem: SchemaProblem, problems: Problems
) -> tuple[Route, ...]:
    """All routes in order; what is wrong with their schemas is noted."""
    each = zip(validated.tables.routes, validated.uses, strict=True)
    run = validated.tables.run
    otherwise = run.on_unavailable if run else OnUnavailable.PENDING
    routes = []
    for number, (table, use) in enumerate(each):
        at = ("routes", number, "schema")
        schema = _schema(table.schema_, at, files, schema_problem, problems)
        routes.append(_route(table, use, otherwise, schema))
    return tuple(routes)


def _schema(
    given: Mapping[str, Any] | str | None,
    at: KeyPath,
    files: Files,
    schema_problem: SchemaProblem,
    problems: Problems,
) -> ResponseSchema | None:
    if given is None:
        return None
    try:
        schema = files.open(given) if isinstance(given, str) else dict(given)
    except ValueError as error:
        problems.add(at, str(error))
        return None
    wrong = "it is no table" if not isinstance(schema, dict) else schema_problem(schema)
    if wrong is not None:
        problems.add(at, f"{wrong}.")
        return None
    return ResponseSchema(schema=MappingProxyType(schema))


def _route(table: RouteTable, use: Use, otherwise: str, schema: ResponseSchema | None) -> Route:
    return Route(
        name=table.name,
        strategy=use.strategy,
        models=table.models,
        fallback=table.fallback,
        when=None if table.when is None else _when(table.when),
        system=table.system,
        template=table.template,
        schema=schema,
        repair=table.repair,
        normalize=table.normalize,
        settings=Settings.read(table.params),
        on_truncated=OnTruncated(table.on_truncated),
        latency_target_ms=table.latency_target,
        on_unavailable=OnUnavailable(table.on_unavailable or otherwise),
        options=MappingProxyType(dict(use.options)),
        budget=_budget(table.budget),
        on_budget=OnBudget(table.on_budget) if table.on_budget else None,
    )


def _budget(table: BudgetTable | None) -> Budget:
    return NO_BUDGET if table is None else Budget(**table.model_dump())


def resolve_templates(validated: Validated, files: Files) -> Mapping[str, Template]:
    """All templates, with the texts of their files."""
    return MappingProxyType(
        {
            name: Template(
                name,
                text_of(table, files),
                _texts(table.models, files),
                _texts(table.tasks, files),
            )
            for name, table in validated.tables.templates.items()
        }
    )


def _texts(variants: Mapping[str, VariantTable], files: Files) -> Mapping[str, str]:
    return MappingProxyType({name: text_of(table, files) for name, table in variants.items()})


def resolve_run(table: RunTable | None) -> RunSettings:
    """What the table [run] says."""
    if table is None:
        return NO_RUN_SETTINGS
    return RunSettings(table.row_timeout, table.max_attempts, table.canary)


def policy_settings(table: PolicyTable | None) -> Mapping[str, Any]:
    """What the table [policy] says, as it stands in a ``Profile``; nothing without the table."""
    if table is None:
        return NOTHING
    return {
        "unknown_price": UnknownPrice(table.unknown_price),
        "unsupported": Unsupported(table.unsupported),
        "audit_content": bool(table.audit and table.audit.content),
        "policy": _policy(table),
    }


def _policy(table: PolicyTable) -> Policy:
    """The rules in order, with groups of classes spelled out."""
    return Policy(
        tuple(_rule(rule) for rule in table.rules),
        table.require_metadata,
        budget=_budget(table.budget),
        tiers=MappingProxyType({name: _budget(tier.budget) for name, tier in table.tiers.items()}),
        on_budget=OnBudget(table.on_budget or OnBudget.STOP),
    )


def _rule(table: RuleTable) -> PolicyRule:
    return PolicyRule(
        name=table.name,
        when=None if table.when is None else _when(table.when),
        require=_requirement(table.require) if table.require else NO_REQUIREMENT,
        forbid=_forbidden(table.forbid) if table.forbid else NO_FORBIDDEN,
        redact=classes_of(table.redact),
        on_empty=OnEmpty(table.on_empty),
    )


def _forbidden(table: ForbidTable) -> Forbidden:
    return Forbidden(table.regions, table.providers, table.models)


def _requirement(table: RequireTable) -> Requirement:
    price = table.max_price
    return Requirement(
        private=bool(table.private),
        regions=table.regions,
        retention=table.retention,
        providers=table.providers,
        models=table.models,
        capabilities=_capabilities(table.capabilities),
        max_price=None if price is None else MaxPrice(price.input, price.output),
        max_latency_ms=table.max_latency,
    )


def _when(table: WhenTable) -> When:
    return When(
        contains_any=table.contains_any,
        regex=table.regex,
        starts_with=table.starts_with,
        min_input_tokens=table.min_input_tokens,
        max_input_tokens=table.max_input_tokens,
        min_complexity=table.min_complexity,
        max_complexity=table.max_complexity,
        task=table.task,
        requires=_capabilities(table.requires),
        metadata=MappingProxyType(dict(table.metadata)),
        detects=table.detects,
        all=tuple(_when(part) for part in table.all),
        any=tuple(_when(part) for part in table.any),
        not_=None if table.not_ is None else _when(table.not_),
    )
