"""The strategies: one file each, one entry each in the table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from airoute_cli.core.profile import Route
from airoute_cli.routing.strategies import (
    cascade,
    cheapest,
    ensemble,
    fallback,
    fastest,
    learned,
    single,
    weighted,
)
from airoute_cli.routing.strategies.base import Strategy, StrategyOptions

_ALL: tuple[Strategy, ...] = (
    single,
    fallback,
    cheapest,
    fastest,
    weighted,
    cascade,
    ensemble,
    learned,
)

STRATEGIES: Mapping[str, Strategy] = MappingProxyType({one.NAME: one for one in _ALL})
OPTIONS: Mapping[str, type[StrategyOptions]] = MappingProxyType(
    {name: one.Options for name, one in STRATEGIES.items()}
)


def helpers_of(route: Route) -> tuple[str, ...]:
    """The models of a valid route that are asked for something else than its answer."""
    return OPTIONS[route.strategy](**route.options).helpers()
