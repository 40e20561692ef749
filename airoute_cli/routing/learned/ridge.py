"""Ridge regression by conjugate gradients: no factorisation, memory linear in the features."""

from __future__ import annotations

import numpy as np

from airoute_cli.routing.learned.matrix import WIDTH, Design, Floats

# A ranking is settled long before the last digit of a weight is.
TOLERANCE = 1e-2
MOST_STEPS = 80


def ridge(design: Design, target: Floats, penalty: float, start: Floats | None = None) -> Floats:
    """The weights w that minimise |X w - y|² + penalty |w|², from ``start`` (0 by default).

    Hestenes and Stiefel, "Methods of Conjugate Gradients for Solving Linear Systems" (1952), on
    (XᵀX + penalty) w = Xᵀy, until the residual is ``TOLERANCE`` of the right side.
    """
    right = design.transposed_times(target)
    weights = np.zeros(WIDTH) if start is None else start.copy()
    residual = right - _normal(design, weights, penalty)
    direction = residual.copy()
    squared = float(residual @ residual)
    enough = TOLERANCE**2 * float(right @ right)
    for _ in range(MOST_STEPS):
        if squared <= enough:
            break
        image = _normal(design, direction, penalty)
        step = squared / float(direction @ image)
        weights += step * direction
        residual -= step * image
        previous, squared = squared, float(residual @ residual)
        direction = residual + (squared / previous) * direction
    return weights


def _normal(design: Design, weights: Floats, penalty: float) -> Floats:
    return design.transposed_times(design.times(weights)) + penalty * weights
