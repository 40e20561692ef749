"""``fastest``: the model that has answered fastest so far, slower ones stand behind it."""

from __future__ import annotations

from collections.abc import Sequence

from airoute_cli.core.figures import PRIOR_LATENCY_MS, RECENT
from airoute_cli.routing.choice import Choice
from airoute_cli.routing.strategies.base import (
    Ordering,
    Pick,
    StrategyContext,
    StrategyOptions,
)

NAME = "fastest"
READS_ROW = False
READS_FIGURES = True


class Options(StrategyOptions):
    """``fastest`` has no keys of its own."""


def problem(_models: Sequence[str], _: Options) -> str | None:
    """Any models will do."""
    return None


def order(candidates: Sequence[Choice], _: StrategyContext[Options]) -> Ordering:
    """By the median latency of the last answers; equals stay as written."""
    by_latency = sorted(candidates, key=_latency)
    return Ordering(tuple(Pick(choice, _reason(choice)) for choice in by_latency))


def _latency(choice: Choice) -> float:
    return choice.figures.latency_ms if choice.figures.answers else PRIOR_LATENCY_MS


def _reason(choice: Choice) -> str:
    answers = choice.figures.answers
    if not answers:
        return f"fastest: no answers yet, the prior of {PRIOR_LATENCY_MS:,.0f} ms is assumed"
    last = min(answers, RECENT)
    counted = f"its last {last:,} answers" if last > 1 else "one answer"
    return f"fastest: {choice.figures.latency_ms:,.0f} ms by the median of {counted}"
