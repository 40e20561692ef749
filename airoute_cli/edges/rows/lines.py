"""Bytes into lines, split on line feeds alone, however the bytes come in."""

from __future__ import annotations

from typing import NamedTuple

MAX_LINE = 256 * 1024 * 1024
_HEAD = 1024


class TooLong(NamedTuple):
    """A line that is longer than may be held: its first bytes and its whole length."""

    head: bytes
    length: int


Line = bytes | TooLong


class LineSplitter:
    """Holds the end of a line that has not come in whole yet, never more than ``max_line``."""

    def __init__(self, max_line: int = MAX_LINE) -> None:
        self._max = max_line
        self._pieces: list[bytes] = []
        self._length = 0

    def feed(self, chunk: bytes) -> list[Line]:
        """The lines that ``chunk`` completes, without their line feeds."""
        first, *rest = chunk.split(b"\n")
        self._hold(first)
        if not rest:
            return []
        lines: list[Line] = [self.finish()]
        last = rest.pop()
        lines += [self._checked(line) for line in rest] if len(chunk) > self._max else rest
        self._hold(last)
        return lines

    def finish(self) -> Line:
        """What is held, as a line; b"" if nothing is."""
        line = b"".join(self._pieces)
        length, self._length, self._pieces = self._length, 0, []
        return TooLong(line[:_HEAD], length) if length > self._max else line

    def _hold(self, piece: bytes) -> None:
        self._length += len(piece)
        self._pieces.append(piece)
        if self._length > self._max:
            self._pieces = [b"".join(self._pieces)[:_HEAD]]

    def _checked(self, line: bytes) -> Line:
        return TooLong(line[:_HEAD], len(line)) if len(line) > self._max else line
