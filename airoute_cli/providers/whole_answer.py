"""An answer that came whole where a stream was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from airoute_cli.core.completion import Completion
from airoute_cli.core.wire import HttpReply

# No streams: an answer or an error as a whole, or the page of a web server.
_WHOLE = ("application/json", "text/html")


def is_whole(headers: Mapping[str, str]) -> bool:
    """Whether the headers of an answer say that it is no stream."""
    return headers.get("content-type", "").lower().startswith(_WHOLE)


class WholeAnswer:
    """Implements StreamDecoder for a JSON body: all text comes at the end, in ``finish``."""

    def __init__(
        self, decode: Callable[[HttpReply], Completion], headers: Mapping[str, str]
    ) -> None:
        self._decode = decode
        self._headers = headers
        self._body = bytearray()

    def feed(self, chunk: bytes) -> list[str]:
        """Keep the bytes."""
        self._body += chunk
        return []

    def finish(self) -> Completion:
        """Read them as one body."""
        return self._decode(HttpReply(200, self._headers, bytes(self._body)))
