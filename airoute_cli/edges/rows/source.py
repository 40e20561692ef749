"""Rows, batch by batch, from a file or from standard input."""

from __future__ import annotations

import codecs
from collections import deque
from types import TracebackType
from typing import Self

from airoute_cli.core.errors import RunError
from airoute_cli.core.request import BadRow, Row
from airoute_cli.edges.rows.lines import MAX_LINE, Line, LineSplitter, TooLong
from airoute_cli.edges.rows.parse import bad_line, read_line, read_plain_line
from airoute_cli.edges.rows.streams import (
    Counted,
    DamagedInputError,
    Stream,
    open_stream,
    refuse_foreign,
)

_MEBIBYTE = 1024 * 1024


def open_rows(source: str, *, plain_lines: bool = False, max_line: int = MAX_LINE) -> RowSource:
    """Open a path (``.gz`` and ``.zst`` are unpacked) or ``-`` for standard input.

    ``plain_lines``: every line that is not blank is a prompt. ``max_line`` is the longest line
    that is read, in bytes. Raises UsageError for an input that cannot be used.
    """
    raw, stream = open_stream(source)
    name = "the standard input" if source == "-" else source
    return RowSource(raw, stream, name, plain_lines=plain_lines, max_line=max_line)


class RowSource:
    """The rows of one input, in order; it holds one chunk of the input and no more.

    Use it from one thread at a time, as a context manager.
    """

    def __init__(
        self, raw: Counted, stream: Stream, name: str, *, plain_lines: bool, max_line: int
    ) -> None:
        self._raw = raw
        self._stream = stream
        self._name = name
        self._read = read_plain_line if plain_lines else read_line
        self._splitter = LineSplitter(max_line)
        self._max_line = max_line
        self._waiting: deque[Line] = deque()
        self._number = 0
        self._ended = False
        self._damage: str | None = None

    @property
    def bytes_read(self) -> int:
        """Bytes taken from the input so far, packed where it is packed."""
        return self._raw.count

    @property
    def size(self) -> int | None:
        """The input's size in bytes as it lies on disk, None for a pipe."""
        return self._raw.size

    def read_batch(self, limit: int = 256) -> list[Row | BadRow]:
        """At most ``limit`` rows, as soon as there is one; [] at the end of the input.

        Blocks while a pipe gives nothing. Raises UsageError if the input is no UTF-8 text at all,
        RunError if the disk cannot read it on.
        """
        rows: list[Row | BadRow] = []
        while not rows and (self._waiting or not self._ended):
            if not self._waiting:
                self._fill()
            self._parse_waiting(rows, limit)
        if not rows and self._damage is not None:
            rows.append(self._damaged(self._damage))
        return rows

    def close(self) -> None:
        """Close the input; standard input stays open."""
        self._waiting.clear()
        self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _fill(self) -> None:
        try:
            chunk = self._stream.read()
        except DamagedInputError as error:
            self._ended, self._damage = True, str(error)
            return
        except OSError as error:
            raise RunError(
                f"cannot read on in {self._name}: {error.strerror or error}; what is finished is "
                "saved, run again with --resume when the file can be read"
            ) from None
        if chunk:
            self._waiting.extend(self._splitter.feed(chunk))
        else:
            self._ended = True
            self._waiting.append(self._splitter.finish())

    def _parse_waiting(self, rows: list[Row | BadRow], limit: int) -> None:
        waiting, read = self._waiting, self._read
        while waiting and len(rows) < limit:
            line = waiting.popleft()
            self._number += 1
            if isinstance(line, TooLong):
                rows.append(self._too_long(line))
            elif line[-1:] == b"}" and self._number > 1:  # there is nothing to clean
                rows.append(read(line, self._number))
            elif text := self._clean(line):
                rows.append(read(text, self._number))

    def _clean(self, text: bytes) -> bytes:
        """The line without a BOM before it and a carriage return behind it; b"" if blank."""
        if self._number == 1:
            refuse_foreign(text, self._name)
            text = text.removeprefix(codecs.BOM_UTF8)
        if text.endswith(b"\r"):
            text = text[:-1]
        return b"" if text.isspace() else text

    def _too_long(self, line: TooLong) -> BadRow:
        message = (
            f"the line has {line.length / _MEBIBYTE:,.1f} MiB; "
            f"a row may have {self._max_line / _MEBIBYTE:,.0f} MiB"
        )
        return bad_line(line.head, self._number, "row_too_large", message)

    def _damaged(self, why: str) -> BadRow:
        self._damage = None
        rest = self._splitter.finish()
        head = rest.head if isinstance(rest, TooLong) else rest[:1024]
        message = (
            f"{self._name} is damaged from here on: {why}; the rows before it were read, "
            "those behind it were not"
        )
        return bad_line(head, self._number + 1, "damaged_input", message)
