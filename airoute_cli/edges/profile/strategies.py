"""What a route says of its strategy: the name, and the keys that the strategy alone reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any

from pydantic import BaseModel, ValidationError

from airoute_cli.core.frozen import frozen
from airoute_cli.core.settings import NOTHING
from airoute_cli.edges.profile.files import OpenFile
from airoute_cli.edges.profile.lines import KeyPath
from airoute_cli.edges.profile.problems import Problems, nearest
from airoute_cli.edges.profile.tables.routes import RouteTable

# The keys that all routes may have.
_COMMON = frozenset(field.alias or name for name, field in RouteTable.model_fields.items())

# Given a strategy's name, the models of a route, its options and what opens the files that they
# name: what is wrong, None if nothing.
RouteCheck = Callable[[str, Sequence[str], Any, OpenFile], str | None]


def any_route(
    _strategy: str, _models: Sequence[str], _options: Any, _open_file: OpenFile
) -> str | None:
    """The check that finds nothing wrong, and opens nothing."""
    return None


def no_files(name: str) -> Any:
    """Opens nothing: for a profile whose files nobody needs."""
    raise ValueError(f"the file {name} was not read.")


@frozen
class Strategies:
    """All strategies: the model of each one's options, and what each wants of its route.

    ``open_file`` reads what options name; the loader puts it in.
    """

    options: Mapping[str, type[BaseModel]]
    check: RouteCheck = any_route
    open_file: OpenFile = no_files


@frozen
class Use:
    """The strategy of a route with its options, as plain values."""

    strategy: str
    options: Mapping[str, Any] = field(default_factory=lambda: NOTHING)


def take_use(route: dict[str, Any], number: int, strategies: Strategies, problems: Problems) -> Use:
    """Take out of ``route`` what is not common to all routes, and validate it by the strategy."""
    given = {key: route.pop(key) for key in list(route) if key not in _COMMON}
    at: KeyPath = ("routes", number)
    models = listed_names(route.get("models"))
    name = route.get("strategy", "fallback" if len(models) > 1 else "single")
    if not isinstance(name, str) or not name:
        return Use("")  # the value's type is noted with all the others
    if name not in strategies.options:
        message = f'there is no strategy "{name}".'
        problems.add((*at, "strategy"), message, nearest(name, strategies.options))
        return Use(name)
    _take_strange(given, at, name, strategies, problems)
    return Use(name, _options(given, at, name, models, strategies, problems))


def listed_names(value: Any) -> Sequence[Any]:
    """What stands in a key that takes a name or a list of names; nothing if it is neither."""
    if isinstance(value, str):
        return [value]
    return value if isinstance(value, list) else []


def _options(
    given: Mapping[str, Any],
    at: KeyPath,
    name: str,
    models: Sequence[Any],
    strategies: Strategies,
    problems: Problems,
) -> Mapping[str, Any]:
    table = strategies.options[name]
    try:
        options = table.model_validate(given)
    except ValidationError as error:
        known = {key for other in strategies.options.values() for key in other.model_fields}
        problems.add_invalid(error, table, at, known | _COMMON)
        return NOTHING
    names = [model for model in models if isinstance(model, str)]
    if names and (wrong := strategies.check(name, names, options, strategies.open_file)):
        key = next(iter(table.model_fields), "models")
        problems.add((*at, key), wrong)
    return options.model_dump(by_alias=True)


def _take_strange(
    given: dict[str, Any], at: KeyPath, strategy: str, strategies: Strategies, problems: Problems
) -> None:
    """Note options that are another strategy's, and take them out of ``given``."""
    for key in list(given):
        owners = [name for name, table in strategies.options.items() if key in table.model_fields]
        if owners and strategy not in owners:
            message = f'has no meaning for the strategy "{strategy}".'
            problems.add((*at, key), message, f'It belongs to "{", ".join(owners)}".')
            del given[key]
