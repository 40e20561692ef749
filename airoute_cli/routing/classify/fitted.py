"""What was learned from labelled examples: weights of signs for each label. Needs numpy."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from airoute_cli.routing.classify.separating import Example, Floats, separate
from airoute_cli.routing.classify.signs import signs_of, words_of_name

# All of these were chosen by draws from the training part of CLINC150 (benchmarks/learned.md).
BIAS = 1.5
NAME_COST = 0.5
# The square root of the usual inverse frequency: with few examples a rare sign is often rare by
# chance.
RARITY = 0.5
# Signs times labels, 4 bytes each; CLINC150 with all its examples has 6 million.
MOST_WEIGHTS = 16_000_000
# How scores become shares, so that what is called 90% sure is right about as often.
STEEPNESS = 8.0
# "None of them" has the score of a prompt that no sign speaks for, and so much more.
NONE = 0.3


@dataclass(frozen=True, slots=True)
class Label:
    """What a prompt was taken for. ``confidence`` is its share beside all other labels and none."""

    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """``places`` are the rows of signs in ``weights``, whose first row is that of the bias.

    ``rarity`` is the weight of each sign, ``unseen`` that of a sign that no example has.
    """

    names: Sequence[str]
    places: Mapping[int, int]
    rarity: Mapping[int, float]
    unseen: float
    weights: Floats

    def nearest(self, text: str) -> Label | None:
        """The best label; None where the text has nothing in common with any example."""
        columns, values = self._vector(signs_of(text))
        if len(columns) == 1:
            return None
        scores = (values @ self.weights[columns]).astype(np.float64)
        none = BIAS * float(self.weights[0].mean()) + NONE
        best = int(np.argmax(scores))
        # No exponent is above 0, so that nothing overflows.
        top = max(float(scores[best]), none)
        whole = np.exp(STEEPNESS * (scores - top)).sum() + math.exp(STEEPNESS * (none - top))
        return Label(self.names[best], math.exp(STEEPNESS * (scores[best] - top)) / float(whole))

    def _vector(self, read: Iterable[Mapping[int, float]]) -> tuple[NDArray[np.int64], Floats]:
        """The bias and the known signs; each block has length 1 with those that no example has."""
        columns, values = [0], [BIAS]
        for block in read:
            weighed = {
                sign: value * self.rarity.get(sign, self.unseen) for sign, value in block.items()
            }
            length = math.sqrt(sum(value * value for value in weighed.values()))
            known = [sign for sign in weighed if sign in self.places]
            columns += [self.places[sign] for sign in known]
            values += [weighed[sign] / length for sign in known]
        return np.array(columns, dtype=np.int64), np.array(values, dtype=np.float32)


def fit(examples: Sequence[tuple[str, str]]) -> Fitted:
    """Learn from texts with their labels; the name of a label counts as half an example of it."""
    names = sorted({label for _, label in examples})
    taught = [(text, label, 1.0) for text, label in examples]
    taught += [(words_of_name(name), name, NAME_COST) for name in names]
    rarity = _rarity(taught, len(names))
    unread = Fitted(
        names,
        {sign: place for place, sign in enumerate(rarity, 1)},
        rarity,
        _rare(0, len(names)),
        np.empty((0, 0), dtype=np.float32),
    )
    numbers = {name: number for number, name in enumerate(names)}
    rows = [
        Example(*unread._vector(signs_of(text)), numbers[label], cost)  # noqa: SLF001 - our own
        for text, label, cost in taught
    ]
    weights = separate(rows, features=len(rarity) + 1, labels=len(names))
    return replace(unread, weights=weights)


def _rarity(taught: Sequence[tuple[str, str, float]], labels: int) -> dict[int, float]:
    """By the number of labels that have a sign: what many labels have tells none of them."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    for text, label, _ in taught:
        found[label].update(*signs_of(text))
    frequency = Counter(sign for signs in found.values() for sign in signs)
    kept = sorted(frequency, key=lambda sign: (-frequency[sign], sign))[: MOST_WEIGHTS // labels]
    return {sign: _rare(frequency[sign], labels) for sign in kept}


def _rare(with_it: int, labels: int) -> float:
    return float((math.log((labels + 1) / (with_it + 1)) + 1) ** RARITY)
