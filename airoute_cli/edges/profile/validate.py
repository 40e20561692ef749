"""From a plain document to validated tables: the right keys, the right types, names that exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from airoute_cli.core.frozen import frozen
from airoute_cli.core.profile import EMBEDDED_FORMAT
from airoute_cli.edges.profile.apis import Apis, ApiUse, take_api
from airoute_cli.edges.profile.lines import KeyPath
from airoute_cli.edges.profile.parse import check_plain, take_dotted_names
from airoute_cli.edges.profile.problems import Problems, nearest
from airoute_cli.edges.profile.strategies import Strategies, Use, listed_names, take_use
from airoute_cli.edges.profile.tables.document import Document, document_model, read_document
from airoute_cli.edges.profile.tables.models import ModelTable
from airoute_cli.edges.profile.tables.providers import ProviderTable

# The runtime inside airoute needs no declaration.
EMBEDDED = "local"
RULES = ("policy", "rules")


@frozen
class Validated:
    """The tables of a profile, and what was taken out of them.

    ``uses`` are the strategies of the routes, in the same order; ``apis`` are the APIs of the
    providers, by their names.
    """

    tables: Document
    uses: tuple[Use, ...]
    apis: Mapping[str, ApiUse]


def validate(
    document: Mapping[str, Any], strategies: Strategies, apis: Apis, problems: Problems
) -> Validated:
    """The validated tables. Raises ProfileError with everything that is wrong in them."""
    rest: dict[str, Any] = _copied(dict(document))
    check_plain(rest, problems)
    meant = take_dotted_names(rest, problems)
    routes = _take_routes(rest, problems)
    problems.name_tables(("routes",), [_name_of(route) for route in routes])
    rules = _rules_of(rest)
    problems.name_tables(RULES, [_name_of(rule) for rule in rules])
    uses = tuple(
        take_use(route, number, strategies, problems) for number, route in enumerate(routes)
    )
    _check_references(rest, routes, meant, problems)
    _check_rules(rest, rules, meant, problems)
    _declare_embedded(rest)
    used = {name: take_api(table, name, apis, problems) for name, table in _tables_in(rest)}
    tables = _tables({**rest, "routes": routes}, problems)
    problems.raise_if_any()
    return Validated(tables, uses, {name: use for name, use in used.items() if use})


def _copied(value: Any) -> Any:
    """What a TOML or JSON text gave, so that parts can be taken out of the copy."""
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    return list(map(_copied, value)) if isinstance(value, list) else value


def _declare_embedded(document: dict[str, Any]) -> None:
    """Declare the runtime inside airoute where a model uses it undeclared."""
    models = _section(document, "models").values()
    if any(isinstance(model, dict) and model.get("provider") == EMBEDDED for model in models):
        providers = document.setdefault("providers", {})
        if isinstance(providers, dict):
            providers.setdefault(EMBEDDED, {"api": EMBEDDED_FORMAT})


def _tables_in(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, table in _section(document, "providers").items():
        if isinstance(table, dict):
            yield name, table


def _tables(document: Mapping[str, Any], problems: Problems) -> Document:
    try:
        return read_document(document)
    except ValidationError as error:
        problems.add_invalid(error, document_model())
        raise problems.error() from None


def _take_routes(document: dict[str, Any], problems: Problems) -> list[dict[str, Any]]:
    """The routes, copied, so that what belongs to strategies can be taken out of them."""
    routes = document.pop("routes", [])
    if isinstance(routes, list) and all(isinstance(route, dict) for route in routes):
        return routes
    problems.add(("routes",), "must be a list of tables.", "Write each route under [[routes]].")
    return []


def _name_of(route: Mapping[str, Any]) -> str | None:
    name = route.get("name")
    return name if isinstance(name, str) else None


def _check_references(
    document: Mapping[str, Any],
    routes: Sequence[Mapping[str, Any]],
    meant: Mapping[str, set[str]],
    problems: Problems,
) -> None:
    models, providers = (_section(document, name) for name in ("models", "providers"))
    for section, tables, table in (
        ("providers", providers, ProviderTable),
        ("models", models, ModelTable),
    ):
        _check_names(section, tables, table, problems)
    known = {*providers, *meant["providers"], EMBEDDED}
    for name, model in models.items():
        given = model.get("provider") if isinstance(model, dict) else None
        if isinstance(given, str) and given and given not in known:
            message = f'there is no provider "{given}".'
            problems.add(("models", name, "provider"), message, nearest(given, known))
    _check_routes(routes, {*models, *meant["models"]}, problems)


def _check_names(
    section: str, tables: Mapping[str, Any], table: type[BaseModel], problems: Problems
) -> None:
    for name, value in tables.items():
        if not name.strip():
            problems.add((section, name), "its name is empty.")
        elif name in table.model_fields and not isinstance(value, dict):
            remedy = f"A header with a name of your choice is missing, as in [{section}.mine]."
            problems.add((section, name), f"stands in no table of [{section}].", remedy)


def _rules_of(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    rules = _section(document, "policy").get("rules", [])
    usable = isinstance(rules, list) and all(isinstance(rule, dict) for rule in rules)
    return rules if usable else []


def _check_rules(
    document: Mapping[str, Any],
    rules: Sequence[Mapping[str, Any]],
    meant: Mapping[str, set[str]],
    problems: Problems,
) -> None:
    models = {*_section(document, "models"), *meant["models"]}
    providers = {*_section(document, "providers"), *meant["providers"], EMBEDDED}
    _check_unique(RULES, rules, "rule", problems)
    for number, rule in enumerate(rules):
        for table in ("require", "forbid"):
            asked = _section(rule, table)
            at = (*RULES, number, table)
            _check_each((*at, "models"), asked.get("models"), "model", models, problems)
            _check_each((*at, "providers"), asked.get("providers"), "provider", providers, problems)


def _check_unique(
    at: KeyPath, tables: Sequence[Mapping[str, Any]], kind: str, problems: Problems
) -> None:
    seen: set[str | None] = {None}
    for number, table in enumerate(tables):
        name = _name_of(table)
        if name in seen - {None}:
            message = f'another {kind} is called "{name}" too.'
            problems.add((*at, number, "name"), message, "Rename one.")
        seen.add(name)


def _check_each(
    at: KeyPath, given: Any, kind: str, known: Iterable[str], problems: Problems
) -> None:
    for number, name in enumerate(listed_names(given)):
        if isinstance(name, str) and name and name not in set(known):
            problems.add((*at, number), f'there is no {kind} "{name}".', nearest(name, known))


def _check_routes(
    routes: Sequence[Mapping[str, Any]], models: set[str], problems: Problems
) -> None:
    _check_unique(("routes",), routes, "route", problems)
    for number, route in enumerate(routes):
        at = ("routes", number)
        for key in ("models", "fallback"):
            _check_models((*at, key), listed_names(route.get(key)), models, problems)
        _check_judge((*at, "judge"), route.get("judge"), models, problems)
        judge = _section(route, "accept").get("judge")
        _check_judge((*at, "accept", "judge"), judge, models, problems)


def _check_judge(at: KeyPath, name: Any, models: Iterable[str], problems: Problems) -> None:
    if isinstance(name, str) and name and name not in set(models):
        problems.add(at, f'there is no model "{name}".', nearest(name, models))


def _check_models(
    at: tuple[str | int, ...], names: Sequence[Any], models: Iterable[str], problems: Problems
) -> None:
    known = set(models)
    for number, name in enumerate(names):
        if not isinstance(name, str) or not name:
            continue
        if name not in known:
            problems.add((*at, number), f'there is no model "{name}".', nearest(name, known))
        elif name in names[:number]:
            problems.add((*at, number), f'the model "{name}" stands here twice.', "Remove one.")


def _section(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    tables = document.get(name)
    return tables if isinstance(tables, dict) else {}
