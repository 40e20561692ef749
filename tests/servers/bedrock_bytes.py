"""The bytes that Bedrock sends: event streams, and answers with their heads."""

from __future__ import annotations

import json
import struct
from binascii import crc32
from typing import Any

STREAM_TYPE = "application/vnd.amazon.eventstream"


def frame(payload: Any, **headers: str) -> bytes:
    """A message of an event stream; ``event_type="x"`` is the header ``:event-type``."""
    data = (
        payload if isinstance(payload, bytes) else json.dumps(payload, ensure_ascii=False).encode()
    )
    told = b"".join(
        struct.pack("!B", len(name) + 1)
        + f":{name}".encode()
        + struct.pack("!BH", 7, len(value.encode()))
        + value.encode()
        for name, value in ((key.replace("_", "-"), value) for key, value in headers.items())
    )
    prelude = struct.pack("!II", 16 + len(told) + len(data), len(told))
    prelude += struct.pack("!I", crc32(prelude))
    message = prelude + told + data
    return message + struct.pack("!I", crc32(message))


def event(kind: str, **payload: Any) -> bytes:
    """An event, with the padding that each one has."""
    return frame(
        {**payload, "p": "abcdefgh"},
        event_type=kind,
        content_type="application/json",
        message_type="event",
    )


def exception(kind: str, message: str) -> bytes:
    """An exception in a stream."""
    return frame(
        {"message": message},
        exception_type=kind,
        content_type="application/json",
        message_type="exception",
    )


def delta(text: str, index: int = 0) -> bytes:
    """A piece of text."""
    return event("contentBlockDelta", delta={"text": text}, contentBlockIndex=index)


START = event("messageStart", role="assistant")
USAGE = {"inputTokens": 7, "outputTokens": 3, "totalTokens": 20, "cacheReadInputTokens": 10}
END = event("messageStop", stopReason="end_turn") + event(
    "metadata", usage=USAGE, metrics={"latencyMs": 5}
)


def stream(*frames: bytes, cut: int | None = None) -> bytes:
    """A whole HTTP answer that is a stream, whose connection is closed at its end."""
    body = b"".join(frames)[:cut]
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {STREAM_TYPE}\r\nx-amzn-requestid: req-1\r\n"
    return f"{head}connection: close\r\n\r\n".encode() + body


def answer(*content: dict[str, Any], stop: str = "end_turn", **usage: int) -> dict[str, Any]:
    """A Converse answer."""
    return {
        "output": {"message": {"role": "assistant", "content": list(content)}},
        "stopReason": stop,
        "usage": usage or USAGE,
        "metrics": {"latencyMs": 5},
    }
