"""Replies of real bytes for wire formats whose streams are server-sent events."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tests.servers.scripted import Reply, raw

_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n"
    b"x-request-id: req-sse\r\n\r\n"
)


def sse(events: Iterable[Mapping[str, Any]], *, named: bool) -> bytes:
    """The events as they go over the wire, with their ``type`` as their name if ``named``."""
    return b"".join(
        (f"event: {event['type']}\n" if named else "").encode()
        + f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode()
        for event in events
    )


def streamed(data: bytes) -> Reply:
    """A stream of these bytes that ends in good order."""
    return raw(_HEAD + b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data))


def torn(data: bytes, character: str) -> Reply:
    """A stream of these bytes that is cut in the middle of a character, connection and all."""
    begun = data[: data.index(character.encode()) + 1]
    return raw(_HEAD + b"%x\r\n%s" % (len(data), begun))
