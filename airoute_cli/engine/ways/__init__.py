"""The ways to carry out a plan: in turn, as a cascade, as an ensemble; one file each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from airoute_cli.core.profile import Route
from airoute_cli.engine.ways.cascade import Cascade
from airoute_cli.engine.ways.ensemble import Ensemble
from airoute_cli.engine.ways.in_turn import InTurn
from airoute_cli.engine.ways.way import Way
from airoute_cli.routing.strategies import OPTIONS, cascade, ensemble

IN_TURN: Way = InTurn()

_WAYS: Mapping[str, Callable[[Any], Way]] = MappingProxyType(
    {cascade.NAME: Cascade, ensemble.NAME: Ensemble}
)


def ways_of(routes: Iterable[Route]) -> Mapping[str, Way]:
    """The way of each route that is not carried out in turn, made ready once."""
    return {
        route.name: _WAYS[route.strategy](OPTIONS[route.strategy](**route.options))
        for route in routes
        if route.strategy in _WAYS
    }
