"""Results on stdout, as they come or in the order of the input."""

from __future__ import annotations

from collections.abc import Callable

Write = Callable[[bytes], None]
ReadBack = Callable[[int], bytes]


class Emitter:
    """Hands finished lines on; with ``ordered`` each waits until all before it have ended.

    A waiting line is kept as its place in the results file, so that a row that hangs costs no
    memory for the ones that it holds back.
    """

    def __init__(self, write: Write, read_back: ReadBack, *, ordered: bool) -> None:
        self._write = write
        self._read_back = read_back
        self._ordered = ordered
        self._next = 0
        self._ended: dict[int, int | None] = {}

    def ended(self, position: int, line: bytes | None, offset: int = 0) -> None:
        """The ``position``-th row (from 0) has ended, with a line or without one."""
        if not self._ordered:
            if line is not None:
                self._write(line + b"\n")
            return
        self._ended[position] = None if line is None else offset
        while self._next in self._ended:
            place = self._ended.pop(self._next)
            self._next += 1
            if place is not None:
                self._write(self._read_back(place) + b"\n")
