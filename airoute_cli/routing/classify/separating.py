"""A linear support vector machine: for each label, what sets its examples apart from all others.

Hsieh, Chang, Lin, Keerthi and Sundararajan, "A Dual Coordinate Descent Method for Large-scale
Linear SVM" (ICML 2008), with squared hinge loss, one label against the rest; an example is visited
for all labels at once, which is what makes it fast without a compiler. Needs numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

MOST_PASSES = 10
# A label is settled long before the last digit of a weight is.
ENOUGH = 0.05
_NO_STEP = 1e-3
_SEED = 0


class Example(NamedTuple):
    """The features of a text that are not 0, the number of its label, and how much it counts."""

    columns: Ints
    values: Floats
    label: int
    cost: float


def separate(examples: Sequence[Example], *, features: int, labels: int) -> Floats:
    """Weights, ``features`` by ``labels``: the label with the greatest sum is the one.

    Memory beyond the result: 4 bytes for each example and label. The same examples in the same
    order give the same weights.
    """
    weights = np.zeros((features, labels), dtype=np.float32)
    duals = np.zeros((len(examples), labels), dtype=np.float32)
    lengths = [float(one.values @ one.values) for one in examples]
    random = np.random.default_rng(_SEED)
    signs = np.full(labels, -1, dtype=np.float32)
    for _ in range(MOST_PASSES):
        greatest = 0.0
        for row in random.permutation(len(examples)).tolist():
            example = examples[row]
            signs[example.label] = 1
            step = _visit(example, lengths[row], weights, duals[row], signs)
            signs[example.label] = -1
            greatest = max(greatest, step)
        if greatest < ENOUGH:
            break
    return weights


def _visit(example: Example, length: float, weights: Floats, duals: Floats, signs: Floats) -> float:
    """Solve for the duals of one example with all others held; gives the greatest change."""
    columns, values, _, cost = example
    softness = 0.5 / cost
    margins = signs * (values @ weights[columns])
    wanted = np.maximum(duals - (margins - 1 + softness * duals) / (length + softness), 0)
    steps = wanted - duals
    moved = np.flatnonzero(np.abs(steps) > _NO_STEP)
    if not len(moved):
        return 0.0
    duals[moved] = wanted[moved]
    weights[columns[:, None], moved] += values[:, None] * (steps[moved] * signs[moved])
    return float(np.abs(steps[moved]).max())
