"""What a combiner gets and gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple


class Combined(NamedTuple):
    """The answer that stands for all: its place among them, and why.

    ``agreeing`` counts those that said the same. ``text`` replaces its text where the answer is
    made of several.
    """

    place: int
    reason: str
    agreeing: int = 1
    text: str | None = None


# Gets the texts of the answers, at least one, in the order of the plan, and the JSON field that is
# compared (None: the whole text). Returns None where they cannot be combined.
Combine = Callable[[Sequence[str], str | None], Combined | None]
