"""``median``: of numbers, the one in the middle."""

from __future__ import annotations

from collections.abc import Sequence

from airoute_cli.routing.combine.base import Combined
from airoute_cli.routing.combine.reading import number_of


def combine(texts: Sequence[str], field: str | None) -> Combined | None:
    """The answer whose number stands in the middle; of two in the middle, the lower one.

    So the answer is one that a model gave, and never a number that nobody said.
    """
    numbers = [number_of(text, field) for text in texts]
    places = sorted(
        (place for place, number in enumerate(numbers) if number is not None),
        key=lambda place: numbers[place] or 0.0,
    )
    if not places:
        return None
    middle = places[(len(places) - 1) // 2]
    same = sum(number == numbers[middle] for number in numbers)
    return Combined(middle, f"{numbers[middle]:g} is the median of {len(places)} numbers", same)
