"""How much work a prompt is likely to be, from 0 to 1: by its shape, without a call.

A rule of thumb and no more: long prompts, several steps, quantities, conditions, code, and words
that ask for a derivation. Whether it is of use for your models, `airoute calibrate` tells.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from airoute_cli.routing.learned.structure import STRUCTURE, Shape

# Enough to decide by; more would tell one text from another.
_DIGITS = 2


def _up_to(name: str, most: float) -> Callable[[Shape], float]:
    """A logarithmic count, as a share of that of ``most``."""
    measure, whole = STRUCTURE[name], math.log1p(most)
    return lambda shape: min(measure(shape) / whole, 1.0)


def _whether(name: str) -> Callable[[Shape], float]:
    return STRUCTURE[name]


# Shares of the whole; they add up to 1.
_PARTS: tuple[tuple[float, Callable[[Shape], float]], ...] = (
    (0.35, _up_to("log_words", 400)),
    (0.1, _up_to("sentences", 12)),
    (0.1, _up_to("numbers", 8)),
    (0.1, _up_to("relations", 6)),
    (0.1, _whether("task_verb")),
    (0.1, _whether("code")),
    (0.05, _up_to("operators", 6)),
    (0.05, _whether("condition")),
    (0.05, _up_to("question_marks", 3)),
)


def complexity(text: str) -> float:
    """From 0, nothing to do, to 1, rounded to hundredths."""
    if not text.strip():
        return 0.0
    shape = Shape(text)
    return round(sum(share * part(shape) for share, part in _PARTS), _DIGITS)
