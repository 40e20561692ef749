"""What was learned of one pair of models: from a prompt to how much better the second one does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from airoute_cli.routing.learned.ngrams import BUCKETS, hashed
from airoute_cli.routing.learned.structure import log_length, structure


@dataclass(frozen=True, slots=True)
class Reading:
    """The features of one text, which every head reads."""

    words: Mapping[int, float]
    letters: Mapping[int, float]
    structure: Sequence[float]
    log_length: float

    @staticmethod
    def of(text: str) -> Reading:
        """Read ``text``; a fraction of a millisecond."""
        words, letters = hashed(text)
        return Reading(words, letters, structure(text), log_length(text))


@dataclass(frozen=True, slots=True)
class Standard:
    """How a figure is brought to mean 0 and deviation 1 over the graded rows."""

    mean: float
    spread: float

    def of(self, value: float) -> float:
        """The standardised ``value``."""
        return (value - self.mean) / self.spread


@dataclass(frozen=True, slots=True)
class Head:
    """A linear model over a reading.

    ``weights`` are BUCKETS for words and as many for letters, with the weights of their blocks in
    them; ``shape`` the weights of the structural features, standardised by ``shape_scales`` and
    cut at ± ``cut``. The score is ``trust`` of what was learned and the rest of the plain length,
    both standardised; ``intercept + slope * score`` is the expected gain in quality over the first
    model.
    """

    target: str
    weights: Sequence[float]
    shape: Sequence[float]
    shape_scales: Sequence[Standard]
    cut: float
    learned: Standard
    length: Standard
    trust: float
    intercept: float
    slope: float

    def score(self, reading: Reading) -> float:
        """What prompts are ranked by; the higher, the more the second model is needed."""
        learned = self.learned.of(self._raw(reading))
        return self.trust * learned + (1 - self.trust) * self.length.of(reading.log_length)

    def gain(self, score: float) -> float:
        """The expected quality of the second model minus that of the first, for a score."""
        return self.intercept + self.slope * score

    def _raw(self, reading: Reading) -> float:
        weights = self.weights
        by_words = sum(value * weights[bucket] for bucket, value in reading.words.items())
        by_letters = sum(
            value * weights[BUCKETS + bucket] for bucket, value in reading.letters.items()
        )
        by_shape = sum(
            weight * max(-self.cut, min(self.cut, scale.of(value)))
            for weight, scale, value in zip(
                self.shape, self.shape_scales, reading.structure, strict=True
            )
        )
        return by_words + by_letters + by_shape
