"""What the figures say, in words: route, use one model, or label more."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

CHANCE = 0.5
# With fewer rows an interval that holds chance says more about the rows than about routing.
ENOUGH_ROWS = 300


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95% interval."""

    value: float
    low: float
    high: float


class Verdict(StrEnum):
    """What to do."""

    ROUTE = "route"
    ONE_MODEL = "use one model"
    LABEL_MORE = "label more"


@dataclass(frozen=True, slots=True)
class Ranking:
    """One way to choose the prompts for the strong model.

    ``apgr`` is the mean share of the gap that is recovered; ``cpt50`` and ``cpt80`` the shares of
    strong calls (0 to 1) that recover 50% and 80% of it.
    """

    apgr: Interval
    cpt50: float
    cpt80: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What graded rows say of a pair of models, on rows that training had not seen.

    ``lead`` is the APGR of the learned ranking less that of the length alone, by the same draws.
    """

    rows: int
    weak: Interval
    strong: Interval
    gap: Interval
    random: Ranking
    length: Ranking
    learned: Ranking
    lead: Interval


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The verdict, and why."""

    verdict: Verdict
    reason: str


def conclude(evidence: Evidence, weak: str, strong: str) -> Conclusion:
    """The verdict on ``evidence`` about the models of these names."""
    return (
        _about_models(evidence, weak, strong)
        or _about_chance(evidence, weak, strong)
        or _about_length(evidence, strong)
    )


def _about_models(evidence: Evidence, weak: str, strong: str) -> Conclusion | None:
    """Whether there is anything to route for."""
    gap = evidence.gap
    if gap.high <= 0 or gap == Interval(0.0, 0.0, 0.0):
        return Conclusion(
            Verdict.ONE_MODEL,
            f'"{weak}" is at least as good as "{strong}" on these rows '
            f"({_percent(evidence.weak)} and {_percent(evidence.strong)}): use it alone.",
        )
    if gap.low <= 0:
        return Conclusion(
            Verdict.LABEL_MORE,
            f'whether "{strong}" is better than "{weak}" at all is open on {evidence.rows:,} rows: '
            f"the gap is {gap.value:+.1%}, between {gap.low:+.1%} and {gap.high:+.1%}.",
        )
    return None


def _about_chance(evidence: Evidence, weak: str, strong: str) -> Conclusion | None:
    """Whether the learned ranking is better than drawing lots."""
    learned = evidence.learned.apgr
    if learned.low > CHANCE and math.isfinite(learned.low):
        return None
    figures = f"APGR {learned.value:.3f}, between {learned.low:.3f} and {learned.high:.3f}"
    if evidence.rows < ENOUGH_ROWS:
        return Conclusion(
            Verdict.LABEL_MORE,
            f"{evidence.rows:,} rows do not show that routing beats chance ({figures}; chance is "
            f"{CHANCE}). About {ENOUGH_ROWS:,} may.",
        )
    return Conclusion(
        Verdict.ONE_MODEL,
        f"routing does not beat chance on {evidence.rows:,} rows ({figures}). Use "
        f'"{strong}" alone where its quality is worth the price, else "{weak}".',
    )


def _about_length(evidence: Evidence, strong: str) -> Conclusion:
    learned = evidence.learned
    figures = (
        f'{learned.cpt80:.0%} of the calls to "{strong}" recover 80% of the gap, where chance '
        "takes 80%"
    )
    if evidence.lead.low > 0:
        return Conclusion(Verdict.ROUTE, f"{figures}.")
    return Conclusion(
        Verdict.ROUTE,
        f"{figures}. The length of the prompt alone may do as well (its APGR is "
        f"{evidence.length.apgr.value:.3f}, the learned one's {learned.apgr.value:.3f}): more "
        "labels would tell.",
    )


def _percent(figure: Interval) -> str:
    return f"{figure.value:.1%}"
