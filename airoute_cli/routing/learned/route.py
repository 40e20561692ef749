"""A learned route: which of its models a prompt needs, by its text and by what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from airoute_cli.routing.learned.head import Head


@dataclass(frozen=True, slots=True)
class Threshold:
    """For two models: the second one answers from this score on."""

    score: float


@dataclass(frozen=True, slots=True)
class QualityPrice:
    """For several: the highest expected quality less ``quality_per_usd`` times the cost answers."""

    quality_per_usd: float


Decision = Threshold | QualityPrice


@dataclass(frozen=True, slots=True)
class LearnedRoute:
    """What calibration found out.

    ``models`` are the route's, the weakest first; each of the others has a head in ``heads``,
    which tells how much better it is than the first.
    """

    models: Sequence[str]
    heads: Mapping[str, Head]
    decision: Decision
