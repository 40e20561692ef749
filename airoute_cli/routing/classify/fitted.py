"""What was learned from labelled examples: weights of signs for each label. Needs numpy.

The features of a text are a constant, its embedding where there is an embedder, and its signs.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from airoute_cli.core.embedding import Embedder
from airoute_cli.routing.classify.separating import Example, Floats, Ints, separate
from airoute_cli.routing.classify.signs import signs_of, words_of_name
from airoute_cli.routing.learned.ngrams import window

# All of these were chosen by draws from the training part of CLINC150 (benchmarks/learned.md).
BIAS = 1.5
NAME_COST = 0.5
# An embedding counts for four of the two blocks of signs.
EMBEDDING = 2.0
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
    """``rarity`` is the weight of each known sign, in the order of their rows in ``weights``.

    The rows before them are those of the bias and of the embedding, which has ``size`` numbers.
    """

    names: Sequence[str]
    rarity: Mapping[int, float]
    weights: Floats
    size: int = 0
    embedder: Embedder | None = None
    places: Mapping[int, int] = field(init=False)

    def __post_init__(self) -> None:
        places = {sign: place for place, sign in enumerate(self.rarity, self.size + 1)}
        object.__setattr__(self, "places", places)

    def nearest(self, text: str) -> Label | None:
        """The best label; None where the text has nothing that could be compared."""
        columns, values = self.vector(text)
        if len(columns) == 1:
            return None
        scores = (values @ self.weights[columns]).astype(np.float64)
        none = BIAS * float(self.weights[0].mean()) + NONE
        best = int(np.argmax(scores))
        # No exponent is above 0, so that nothing overflows.
        top = max(float(scores[best]), none)
        whole = np.exp(STEEPNESS * (scores - top)).sum() + math.exp(STEEPNESS * (none - top))
        return Label(self.names[best], math.exp(STEEPNESS * (scores[best] - top)) / float(whole))

    def vector(self, text: str) -> tuple[Ints, Floats]:
        """The features of ``text`` that are not 0: their rows in ``weights``, and their values.

        A block of signs has length 1 with those that no example has.
        """
        columns, values = [0], [BIAS]
        unseen = _rare(0, len(self.names))
        for block in signs_of(text):
            weighed = {sign: value * self.rarity.get(sign, unseen) for sign, value in block.items()}
            length = math.sqrt(sum(value * value for value in weighed.values()))
            known = [sign for sign in weighed if sign in self.places]
            columns += [self.places[sign] for sign in known]
            values += [weighed[sign] / length for sign in known]
        if self.embedder and text.strip():
            columns += range(1, self.size + 1)
            values += [EMBEDDING * value for value in self.embedder(window(text))]
        return np.array(columns, dtype=np.int32), np.array(values, dtype=np.float32)


def fit(examples: Sequence[tuple[str, str]], embedder: Embedder | None = None) -> Fitted:
    """Learn from texts with their labels; the name of a label counts as half an example of it."""
    names = sorted({label for _, label in examples})
    taught = [(text, label, 1.0) for text, label in examples]
    taught += [(words_of_name(name), name, NAME_COST) for name in names]
    size = len(embedder(taught[0][0])) if embedder else 0
    nothing = np.empty((0, 0), dtype=np.float32)
    unread = Fitted(names, _rarity(taught, len(names)), nothing, size, embedder)
    numbers = {name: number for number, name in enumerate(names)}
    rows = [Example(*unread.vector(text), numbers[label], cost) for text, label, cost in taught]
    features = 1 + size + len(unread.rarity)
    return replace(unread, weights=separate(rows, features=features, labels=len(names)))


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
