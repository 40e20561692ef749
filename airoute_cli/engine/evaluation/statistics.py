"""What a contender's grades come to, with intervals that say how much of it is chance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from airoute_cli.engine.evaluation.grades import Grade

# Percentile bootstrap over the cases (Efron and Tibshirani 1993, section 13.3).
RESAMPLES = 4_000
SEED = 20_240_601
_LOW, _HIGH = 2.5, 97.5


class Interval(NamedTuple):
    """95 of 100 such intervals hold the true value."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Figures:
    """One contender: means are over all cases, latencies over those that were answered.

    ``usd`` None: a price is unknown. ``usd_per_accepted`` None: unknown, or nothing was accepted.
    """

    contender: str
    cases: int
    accepted: int
    quality: float
    interval: Interval
    usd: Decimal | None
    usd_per_accepted: Decimal | None
    latency_p50_ms: float
    latency_p95_ms: float
    failure_rate: float
    escalation_rate: float
    models: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        """For eval.json."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return told | {
            "interval": list(self.interval),
            "usd": _number(self.usd),
            "usd_per_accepted": _number(self.usd_per_accepted),
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """One contender against another on the same cases: positive where it is the better one.

    ``better`` and ``worse`` are the ids of the cases whose verdict flipped.
    """

    contender: str
    against: str
    cases: int
    quality: float
    interval: Interval
    better: tuple[str, ...]
    worse: tuple[str, ...]

    @property
    def beyond_noise(self) -> bool:
        """Whether the interval leaves no difference out of it."""
        return self.interval.low > 0 or self.interval.high < 0

    def as_dict(self) -> dict[str, Any]:
        """For eval.json."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return told | {"interval": list(self.interval), "beyond_noise": self.beyond_noise}


def figures_of(contender: str, grades: Sequence[Grade]) -> Figures:
    """The figures of a contender's grades, at least one."""
    scores = [grade.score for grade in grades]
    accepted = sum(grade.accepted for grade in grades)
    costs = [grade.usd for grade in grades]
    known = [usd for usd in costs if usd is not None]
    usd = sum(known, Decimal(0)) if len(known) == len(costs) else None
    answered = sorted(grade.latency_ms for grade in grades if grade.state == "completed")
    models: dict[str, int] = {}
    for grade in grades:
        if grade.model is not None:
            models[grade.model] = models.get(grade.model, 0) + 1
    return Figures(
        contender=contender,
        cases=len(grades),
        accepted=accepted,
        quality=sum(scores) / len(scores),
        interval=bootstrap(scores),
        usd=usd,
        usd_per_accepted=None if usd is None or not accepted else usd / accepted,
        latency_p50_ms=percentile(answered, 50),
        latency_p95_ms=percentile(answered, 95),
        failure_rate=sum(grade.state != "completed" for grade in grades) / len(grades),
        escalation_rate=sum(grade.escalated for grade in grades) / len(grades),
        models=models,
    )


def difference(
    contender: str, grades: Sequence[Grade], against: str, others: Sequence[Grade]
) -> Difference | None:
    """The paired difference on the cases that both have; None where there are none."""
    other = {grade.custom_id: grade for grade in others}
    pairs = [(grade, other[grade.custom_id]) for grade in grades if grade.custom_id in other]
    if not pairs:
        return None
    gaps = [mine.score - theirs.score for mine, theirs in pairs]
    flipped = [(mine, theirs) for mine, theirs in pairs if mine.accepted != theirs.accepted]
    return Difference(
        contender=contender,
        against=against,
        cases=len(pairs),
        quality=sum(gaps) / len(gaps),
        interval=bootstrap(gaps),
        better=tuple(mine.custom_id for mine, _ in flipped if mine.accepted),
        worse=tuple(mine.custom_id for mine, _ in flipped if not mine.accepted),
    )


def bootstrap(values: Sequence[float]) -> Interval:
    """The 95% percentile interval of the mean of ``values``, at least one; always the same."""
    import numpy as np

    given = np.asarray(values, dtype=np.float64)
    drawn = np.random.default_rng(SEED)
    # In blocks, so that a hundred thousand cases do not need gigabytes.
    block = max(1, 2_000_000 // len(given))
    means = np.concatenate(
        [
            given[drawn.integers(0, len(given), (min(block, RESAMPLES - at), len(given)))].mean(1)
            for at in range(0, RESAMPLES, block)
        ]
    )
    low, high = np.percentile(means, [_LOW, _HIGH])
    return Interval(float(low), float(high))


def percentile(ordered: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of sorted values; 0 of none."""
    if not ordered:
        return 0.0
    return ordered[max(0, math.ceil(share / 100 * len(ordered)) - 1)]


def _number(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)
