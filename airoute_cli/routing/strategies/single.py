"""``single``: one model answers."""

from __future__ import annotations

from collections.abc import Sequence

from airoute_cli.routing.choice import Choice
from airoute_cli.routing.strategies.base import (
    Ordering,
    Pick,
    StrategyContext,
    StrategyOptions,
)

NAME = "single"
READS_ROW = False
READS_FIGURES = False


class Options(StrategyOptions):
    """``single`` has no keys of its own."""


def problem(models: Sequence[str], _: Options) -> str | None:
    """It wants exactly one model."""
    if len(models) == 1:
        return None
    return (
        f"single takes exactly one model and here are {len(models)}. "
        'Keep one, or say strategy = "fallback" to try them in order.'
    )


def order(candidates: Sequence[Choice], _: StrategyContext[Options]) -> Ordering:
    """The one model."""
    return Ordering((Pick(candidates[0], "single: the only model"),))
