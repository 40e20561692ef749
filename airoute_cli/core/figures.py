"""Live figures of models: what planning may know of how they behave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

# The share of the newest value in a moving mean; about the last twenty answers count.
NEWEST = 0.1

# The median of the latency is that of so many answers; one that hung says little of the next.
RECENT = 21

# What is assumed of a model before its first answer, and said so wherever it decides.
PRIOR_LATENCY_MS = 2_000.0
PRIOR_OUTPUT_TOKENS = 256.0


class Answered(NamedTuple):
    """What one answer tells; ``estimated`` are the input tokens before any correction.

    ``reported`` are those that the provider counted, 0 where it told none.
    """

    latency_ms: float
    output_tokens: int
    reported: int
    estimated: int


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
        """These figures after one more answer; see Answered."""
        return self.after((Answered(latency_ms, output_tokens, reported, estimated),))

    def after(self, answers: Sequence[Answered]) -> Figures:
        """These figures after some more answers, one by one and oldest first."""
        count, output_tokens, token_ratio = self.answers, self.output_tokens, self.token_ratio
        for one in answers:
            count += 1
            weight = max(NEWEST, 1 / count)
            told = one.reported and one.estimated
            ratio = one.reported / one.estimated if told else token_ratio
            output_tokens = _mix(output_tokens, one.output_tokens, weight)
            token_ratio = _mix(token_ratio, ratio, weight)
        recent = (*self.recent, *[one.latency_ms for one in answers[-RECENT:]])[-RECENT:]
        return Figures(count, self.failures, _median(recent), output_tokens, token_ratio, recent)

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
