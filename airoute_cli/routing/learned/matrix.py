"""Features of many texts as one matrix: hashed ones sparse, structural ones dense. Needs numpy."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from airoute_cli.routing.learned.ngrams import BUCKETS, hashed
from airoute_cli.routing.learned.settings import SETTINGS, Settings
from airoute_cli.routing.learned.structure import NAMES, log_length, structure

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
WIDTH = 2 * BUCKETS + len(NAMES)


@dataclass(frozen=True, slots=True)
class Texts:
    """The features of n texts.

    ``columns`` and ``values`` hold the non-zero hashed features of all rows one after another,
    ``rows`` the row of each; ``shapes`` holds n rows of structural features, not yet scaled;
    ``lengths`` the logarithm of each text's length.
    """

    rows: Ints
    columns: Ints
    values: Floats
    shapes: Floats
    lengths: Floats

    def __len__(self) -> int:
        return len(self.lengths)

    def take(self, chosen: Ints) -> Texts:
        """The features of these rows, in this order."""
        place = np.full(len(self), -1, dtype=np.int64)
        place[chosen] = np.arange(len(chosen))
        new_rows = place[self.rows]
        kept = new_rows >= 0
        return Texts(
            new_rows[kept],
            self.columns[kept],
            self.values[kept],
            self.shapes[chosen],
            self.lengths[chosen],
        )


def read_texts(texts: Iterable[str], settings: Settings = SETTINGS) -> Texts:
    """The features of all ``texts``; each block is weighted as ``settings`` says."""
    columns: list[int] = []
    values: list[float] = []
    counts: list[int] = []
    shapes: list[list[float]] = []
    lengths: list[float] = []
    by_words, by_letters = math.sqrt(settings.words), math.sqrt(settings.letters)
    for text in texts:
        words, letters = hashed(text)
        columns += [*words, *(bucket + BUCKETS for bucket in letters)]
        values += [value * by_words for value in words.values()]
        values += [value * by_letters for value in letters.values()]
        counts.append(len(words) + len(letters))
        shapes.append(structure(text))
        lengths.append(log_length(text))
    return Texts(
        np.repeat(np.arange(len(counts)), counts),
        np.array(columns, dtype=np.int64),
        np.array(values, dtype=np.float64),
        np.array(shapes, dtype=np.float64).reshape(len(counts), len(NAMES)),
        np.array(lengths, dtype=np.float64),
    )


@dataclass(frozen=True, slots=True)
class Scale:
    """How structural features are brought to one size: centre, spread, and a cut at ± ``cut``."""

    means: Floats
    spreads: Floats
    weight: float
    cut: float

    @staticmethod
    def of(shapes: Floats, settings: Settings = SETTINGS) -> Scale:
        """By the mean and the standard deviation of ``shapes``; a constant one stays at 0."""
        spreads = shapes.std(axis=0)
        spreads[spreads == 0] = 1.0
        weight = math.sqrt(settings.structure)
        return Scale(shapes.mean(axis=0), spreads, weight, settings.cut)

    def apply(self, shapes: Floats) -> Floats:
        """The scaled features."""
        standard = (shapes - self.means) / self.spreads
        return np.clip(standard, -self.cut, self.cut) * self.weight


@dataclass(frozen=True, slots=True)
class Design:
    """The matrix X of a regression, n by WIDTH, as an operator."""

    texts: Texts
    scaled: Floats

    def __len__(self) -> int:
        return len(self.texts)

    def times(self, weights: Floats) -> Floats:
        """X w."""
        products = self.texts.values * weights[self.texts.columns]
        by_hash = np.bincount(self.texts.rows, weights=products, minlength=len(self))
        return by_hash + self.scaled @ weights[2 * BUCKETS :]

    def transposed_times(self, errors: Floats) -> Floats:
        """Xᵀ e."""
        products = self.texts.values * errors[self.texts.rows]
        by_hash = np.bincount(self.texts.columns, weights=products, minlength=2 * BUCKETS)
        return np.concatenate([by_hash, errors @ self.scaled])
