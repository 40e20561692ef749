"""Reading what streamGenerateContent streams as server-sent events."""

from __future__ import annotations

import re
from collections.abc import Mapping

import orjson

from airoute_cli.core.completion import Completion
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.providers.gemini_answer import Chunks
from airoute_cli.providers.gemini_errors import raise_error_inside
from airoute_cli.providers.requests import json_of
from airoute_cli.providers.sse import SseParser

_BLANK_LINE = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_LONGEST_ERROR = 64 * 1024


class GeminiStream:
    """Implements StreamDecoder."""

    def __init__(self, request_id: str | None) -> None:
        self._events = SseParser()
        self._chunks = Chunks(request_id)
        self._tail = b""

    def feed(self, chunk: bytes) -> list[str]:
        """Take bytes; give the pieces of text in them. Raises CallError for an error's body."""
        self._tail = (self._tail + chunk)[-_LONGEST_ERROR:]
        events = self._events.feed(chunk)
        return [piece for event in events for piece in self._chunks.add(json_of(event.data))]

    def finish(self) -> Completion:
        """The whole answer. Raises CallError: CUT without a finish reason, and as a whole one."""
        if not self._chunks.ended:
            self._raise_bare_error()
            raise CallError(
                ErrorKind.CUT,
                "the provider's stream ended in mid-answer, without a finish reason",
                request_id=self._chunks.request_id,
            )
        return self._chunks.completion()

    def _raise_bare_error(self) -> None:
        """Raise the error that broke the stream off: it comes as plain JSON, and is no event."""
        last = _BLANK_LINE.split(self._tail.strip())[-1]
        try:
            document = orjson.loads(last)
        except orjson.JSONDecodeError:
            return
        if isinstance(document, list) and document:
            document = document[0]
        if isinstance(document, Mapping):
            raise_error_inside(document, self._chunks.request_id)
