"""What the pure floors know of embeddings and of what is kept between processes: their shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Embedder(Protocol):
    """Makes a vector of length 1 of a text: texts that mean the like have vectors that are near."""

    @property
    def digest(self) -> str:
        """Hex digits that are another for other weights, whose vectors are not comparable."""
        ...

    def __call__(self, text: str) -> Sequence[float]:
        """The vector of ``text``; some milliseconds. Raises SetupError where it cannot be made."""
        ...


class Shelf(Protocol):
    """Keeps what takes long to make. It may forget anything at any time."""

    def take(self, name: str) -> bytes | None:
        """What was put there; None where nothing is."""
        ...

    def put(self, name: str, content: bytes) -> None:
        """Keep ``content``, if that is possible; never raises."""
        ...
