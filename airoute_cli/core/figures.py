"""Live figures of models: what planning may know of how they behave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

# The share of the newest value in a moving mean; about the last twenty answers count.
NEWEST = 0.1

# What is assumed of a model before its first answer, and said so wherever it decides.
PRIOR_LATENCY_MS = 2_000.0
PRIOR_OUTPUT_TOKENS = 256.0


@dataclass(frozen=True, slots=True)
class Figures:
    """How a model behaved: moving means over its answers.

    ``token_ratio`` is reported over estimated input tokens, so that the estimate corrects itself.
    """

    answers: int = 0
    failures: int = 0
    latency_ms: float = PRIOR_LATENCY_MS
    output_tokens: float = PRIOR_OUTPUT_TOKENS
    token_ratio: float = 1.0

    def answered(
        self, latency_ms: float, output_tokens: int, reported: int, estimated: int
    ) -> Figures:
        """These figures after one more answer; ``estimated`` is the uncorrected estimate."""
        weight = max(NEWEST, 1 / (self.answers + 1))
        ratio = reported / estimated if reported and estimated else self.token_ratio
        return Figures(  # for every answer, and `replace` takes four times as long
            answers=self.answers + 1,
            failures=self.failures,
            latency_ms=_mix(self.latency_ms, latency_ms, weight),
            output_tokens=_mix(self.output_tokens, output_tokens, weight),
            token_ratio=_mix(self.token_ratio, ratio, weight),
        )

    def failed(self) -> Figures:
        """These figures after one more failed attempt."""
        return replace(self, failures=self.failures + 1)


def _mix(old: float, new: float, weight: float) -> float:
    return old + weight * (new - old)


NO_FIGURES = Figures()
Snapshot = Mapping[str, Figures]  # by the model's name in the profile
