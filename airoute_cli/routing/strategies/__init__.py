"""The strategies: one file each, one entry each in the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Generic, TypeVar, cast

from airoute_cli.core.profile import Route
from airoute_cli.routing.strategies.base import Strategy, StrategyOptions

_NAMES = (
    "single",
    "fallback",
    "cheapest",
    "fastest",
    "weighted",
    "cascade",
    "ensemble",
    "learned",
)
_T = TypeVar("_T")


class _OnDemand(Mapping[str, _T], Generic[_T]):
    """By the name of a strategy; its file is read when it is asked for, as most are not."""

    def __init__(self, find: Callable[[str], _T]) -> None:
        self._find = find

    def __getitem__(self, name: str) -> _T:
        if name not in _NAMES:
            raise KeyError(name)
        return self._find(name)

    def __contains__(self, name: object) -> bool:
        return name in _NAMES

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


def _strategy(name: str) -> Strategy:
    return cast("Strategy", import_module(f"{__name__}.{name}"))


STRATEGIES: Mapping[str, Strategy] = _OnDemand(_strategy)
OPTIONS: Mapping[str, type[StrategyOptions]] = _OnDemand(lambda name: _strategy(name).Options)


def helpers_of(route: Route) -> tuple[str, ...]:
    """The models of a valid route that are asked for something else than its answer."""
    return OPTIONS[route.strategy](**route.options).helpers()
