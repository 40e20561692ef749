"""``cheapest``: the model with the lowest expected cost answers, dearer ones stand behind it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from airoute_cli.routing.choice import Choice
from airoute_cli.routing.strategies.base import (
    Ordering,
    Pick,
    StrategyContext,
    StrategyOptions,
)
from airoute_cli.routing.wording import dollars

NAME = "cheapest"
READS_ROW = False
READS_FIGURES = False
_DEAREST = Decimal("Infinity")


class Options(StrategyOptions):
    """``cheapest`` has no keys of its own."""


def problem(_models: Sequence[str], _: Options) -> str | None:
    """Any models will do."""
    return None


def order(candidates: Sequence[Choice], _: StrategyContext[Options]) -> Ordering:
    """By expected cost; equals stay as written, and an unknown price comes last."""
    return Ordering(tuple(Pick(choice, _reason(choice)) for choice in by_cost(candidates)))


def by_cost(candidates: Sequence[Choice]) -> list[Choice]:
    """The lowest expected cost first; equals stay as written, and an unknown price comes last."""
    return sorted(candidates, key=_cost)


def _cost(choice: Choice) -> Decimal:
    return _DEAREST if choice.expected_usd is None else choice.expected_usd


def _reason(choice: Choice) -> str:
    if choice.expected_usd is None:
        return "cheapest: its price is unknown, so it comes last"
    return f"cheapest: {dollars(choice.expected_usd)} expected"
