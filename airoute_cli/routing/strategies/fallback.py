"""``fallback``: the models are tried in the order in which they are written."""

from __future__ import annotations

from collections.abc import Sequence

from airoute_cli.routing.choice import Choice
from airoute_cli.routing.strategies.base import (
    Ordering,
    Pick,
    StrategyContext,
    StrategyOptions,
)

NAME = "fallback"
READS_ROW = False
READS_FIGURES = False


class Options(StrategyOptions):
    """``fallback`` has no keys of its own."""


def problem(_models: Sequence[str], _: Options) -> str | None:
    """Any models will do."""
    return None


def order(candidates: Sequence[Choice], _: StrategyContext[Options]) -> Ordering:
    """The models as they come."""
    return Ordering(tuple(Pick(choice, "fallback order") for choice in candidates))
