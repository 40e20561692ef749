"""Server-sent events, put together from bytes as they come.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

import re
from typing import NamedTuple

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


class SseEvent(NamedTuple):
    """One event. ``data`` is UTF-8 as it stood on the wire; ``name`` is empty where none was."""

    name: str
    data: bytes


class SseParser:
    """Takes a stream in any pieces and gives its events.

    It works on bytes, whose line ends cannot stand inside a UTF-8 sequence, so a border between
    two chunks may fall anywhere. An event without its blank line at the end is dropped, as the
    standard asks.
    """

    def __init__(self) -> None:
        self._line: list[bytes] = []
        self._data: list[bytes] = []
        self._name = ""
        self._at_start = True
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """The events that ``chunk`` completed, maybe none."""
        if not chunk:
            return []
        if self._after_cr:
            chunk = chunk.removeprefix(b"\n")
        # A CR ends its line at once; an LF that follows in the next chunk belongs to it.
        self._after_cr = chunk.endswith(b"\r")
        events = (self._take(line) for line in self._lines(chunk))
        return [event for event in events if event is not None]

    def _lines(self, chunk: bytes) -> list[bytes]:
        first, *others = _LINE_END.split(chunk)
        self._line.append(first)
        if not others:
            return []
        lines = [b"".join(self._line), *others[:-1]]
        self._line = [others[-1]]
        if self._at_start:
            lines[0] = lines[0].removeprefix(_BOM)
            self._at_start = False
        return lines

    def _take(self, line: bytes) -> SseEvent | None:
        if not line:
            return self._dispatch()
        field, _, value = line.partition(b":")
        if field == b"data":
            self._data.append(value.removeprefix(b" "))
        elif field == b"event":
            self._name = value.removeprefix(b" ").decode(errors="replace")
        return None

    def _dispatch(self) -> SseEvent | None:
        name, data = self._name, self._data
        self._name, self._data = "", []
        return SseEvent(name, b"\n".join(data)) if data else None
