"""``kind = "examples"``: the label of the labelled prompts that a prompt is most like.

Kernel ridge regression, one target per label, on hashed words and letters. The kernel k + k², where
k is the inner product of both texts, also counts pairs of n-grams that stand together. Needs numpy,
which is loaded with the first prompt that is classified.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airoute_cli.core.profile import Classifier
from airoute_cli.routing.learned.ngrams import BUCKETS, hashed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PENALTY = 0.3
# The square root of the usual inverse document frequency: with few examples a rare word is often
# rare by chance.
RARITY = 0.5


@dataclass(frozen=True, slots=True)
class Label:
    """What a prompt was taken for. ``confidence`` is its share of all that speaks for any label."""

    name: str
    confidence: float


class ExampleClassifier:
    """Learns from the examples of one classifier when the first prompt comes."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier

    def label(self, text: str) -> Label:
        """The label of ``text``; the classifier's default where it is not sure enough."""
        found = self._fitted.nearest(text)
        if found is None or found.confidence < self._classifier.min_confidence:
            return Label(self._classifier.default, found.confidence if found else 0.0)
        return found

    @cached_property
    def _fitted(self) -> _Fitted:
        return _Fitted(self._classifier.examples)


class _Fitted:
    def __init__(self, examples: Sequence[tuple[str, str]]) -> None:
        import numpy as np

        self._count = len(examples)
        counted = [_features(text) for text, _ in examples]
        frequency = Counter(bucket for features in counted for bucket in features)
        self._rarity = {
            bucket: (math.log((len(examples) + 1) / (count + 1)) + 1) ** RARITY
            for bucket, count in frequency.items()
        }
        under: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
        for row, features in enumerate(counted):
            for bucket, value in self._weighed(features).items():
                under[bucket].append((row, value))
        self._under = {
            bucket: (np.array([row for row, _ in found]), np.array([value for _, value in found]))
            for bucket, found in under.items()
        }
        self._names = sorted({label for _, label in examples})
        columns = [self._names.index(label) for _, label in examples]
        targets = np.eye(len(self._names))[columns] - 1 / len(self._names)
        kernel = np.stack([self._kernel(features) for features in counted])
        self._weights: Any = np.linalg.solve(kernel + PENALTY * np.eye(self._count), targets)

    def nearest(self, text: str) -> Label | None:
        """The best label; None where the text has nothing in common with any example."""
        import numpy as np

        kernel = self._kernel(_features(text))
        if not kernel.any():
            return None
        scores = kernel @ self._weights + 1 / len(self._names)
        best = int(np.argmax(scores))
        whole = float(np.clip(scores, 0, None).sum())
        share = float(scores[best]) / whole if whole else 0.0
        return Label(self._names[best], max(share, 0.0))

    def _kernel(self, features: Mapping[int, float]) -> NDArray[np.float64]:
        """How alike a text and each example are."""
        import numpy as np

        products = np.zeros(self._count)
        for bucket, value in self._weighed(features).items():
            if bucket in self._under:
                rows, values = self._under[bucket]
                products[rows] += value * values
        return products + products**2

    def _weighed(self, features: Mapping[int, float]) -> dict[int, float]:
        """By rarity; each of the two blocks of length 1 again."""
        unseen = (math.log(self._count + 1) + 1) ** RARITY
        weighed = {
            bucket: value * self._rarity.get(bucket, unseen) for bucket, value in features.items()
        }
        lengths = [0.0, 0.0]
        for bucket, value in weighed.items():
            lengths[bucket >= BUCKETS] += value * value
        return {
            bucket: value / math.sqrt(lengths[bucket >= BUCKETS])
            for bucket, value in weighed.items()
        }


def _features(text: str) -> dict[int, float]:
    words, letters = hashed(text)
    return words | {bucket + BUCKETS: value for bucket, value in letters.items()}
