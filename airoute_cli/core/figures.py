"""Live figures of models: what planning may know of how they behave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

# The share of the newest value in a moving mean; about the last twenty answers count.
NEWEST = 0.1

# The median of the latency is that of so many answers; one that hung says little of the next.
RECENT = 21

# What is assumed of a model before its first answer, and said so wherever it decides.
PRIOR_LATENCY_MS = 2_000.0
PRIOR_OUTPUT_TOKENS = 256.0


class Figures(NamedTuple):
    """How a model behaved: moving means over its answers, and of their latency the median.

    A tuple, as there is a new one for every answer. The latency is the time on the wire, without
    waiting for a limit; ``recent`` are those that its median is made of, oldest first, which
    planning does not read. ``token_ratio`` is reported over estimated input tokens, so that the
    estimate corrects itself.
    """

    answers: int = 0
    failures: int = 0
    latency_ms: float = PRIOR_LATENCY_MS
    output_tokens: float = PRIOR_OUTPUT_TOKENS
    token_ratio: float = 1.0
    recent: tuple[float, ...] = ()

    def answered(
        self, latency_ms: float, output_tokens: int, reported: int, estimated: int
    ) -> Figures:
        """These figures after one more answer; ``estimated`` is the uncorrected estimate."""
        weight = max(NEWEST, 1 / (self.answers + 1))
        ratio = reported / estimated if reported and estimated else self.token_ratio
        recent = (*self.recent, latency_ms)[-RECENT:]
        return Figures(
            answers=self.answers + 1,
            failures=self.failures,
            latency_ms=_median(recent),
            output_tokens=_mix(self.output_tokens, output_tokens, weight),
            token_ratio=_mix(self.token_ratio, ratio, weight),
            recent=recent,
        )

    def failed(self) -> Figures:
        """These figures after one more failed attempt."""
        return self._replace(failures=self.failures + 1)


def _mix(old: float, new: float, weight: float) -> float:
    return old + weight * (new - old)


def _median(values: tuple[float, ...]) -> float:
    ordered, middle = sorted(values), len(values) // 2
    return (ordered[middle] + ordered[~middle]) / 2


NO_FIGURES = Figures()
Snapshot = Mapping[str, Figures]  # by the model's name in the profile
