"""Putting a streamed Converse answer together from its event stream."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from airoute_cli.core.completion import Completion
from airoute_cli.core.errors import CallError, ErrorKind, SetupError
from airoute_cli.providers.bedrock_answer import read_completion, read_usage
from airoute_cli.providers.bedrock_errors import error_in_stream

NO_BOTOCORE = (
    "To read the streams of Bedrock and to sign requests, airoute needs botocore, which is not "
    "installed. Install it: pip install 'airoute[bedrock]'"
)


def require_event_streams() -> None:
    """Raise SetupError with the command where streams could not be read."""
    try:
        import botocore.eventstream  # noqa: F401
    except ImportError:
        raise SetupError(NO_BOTOCORE) from None


class EventStream:
    """Implements StreamDecoder for ``application/vnd.amazon.eventstream``."""

    def __init__(self, request_id: str | None) -> None:
        from botocore.eventstream import EventStreamBuffer

        self._frames = EventStreamBuffer()
        self._answer = ConverseAssembler(request_id)
        self._request_id = request_id

    def feed(self, chunk: bytes) -> list[str]:
        """Take bytes as they come. Raises the CallError that an event carries, or MALFORMED."""
        self._frames.add_data(chunk)
        return [piece for frame in self._whole_frames() for piece in self._take(frame)]

    def finish(self) -> Completion:
        """The whole answer. Raises CallError(CUT) where the stream ended without its end."""
        return self._answer.finish()

    def _whole_frames(self) -> Iterator[Any]:
        from botocore.eventstream import ParserError

        try:
            yield from self._frames
        except (ParserError, struct.error, LookupError, ValueError) as error:
            raise CallError(
                ErrorKind.MALFORMED,
                "the answer is no event stream that can be read; check base_url",
                request_id=self._request_id,
            ) from error

    def _take(self, frame: Any) -> list[str]:
        headers: Mapping[str, Any] = frame.headers
        if headers.get(":message-type", "event") != "event":
            name = headers.get(":exception-type") or headers.get(":error-code") or ""
            told = frame.payload or str(headers.get(":error-message", "")).encode()
            raise error_in_stream(
                str(name), told, request_id=self._request_id, usage=self._answer.usage
            )
        return self._answer.add(str(headers.get(":event-type", "")), _object(frame.payload))


class ConverseAssembler:
    """Merges the events of one answer into the body that the whole answer would have had.

    So a streamed answer is read by the same code as a whole one.
    """

    def __init__(self, request_id: str | None) -> None:
        self._request_id = request_id
        self._stop: Mapping[str, Any] | None = None
        self._told: Any = None
        self._blocks: dict[int, dict[str, Any]] = {}

    @property
    def usage(self) -> Any:
        """The usage that was told so far."""
        return read_usage(self._told)

    def add(self, kind: str, event: Mapping[str, Any]) -> list[str]:
        """Take one event; give the pieces of text in it, maybe none. Unknown ones pass by."""
        if kind == "messageStop":
            self._stop = event
        elif kind == "metadata":
            self._told = event.get("usage")
        elif kind == "contentBlockStart":
            self._start(event)
        elif kind == "contentBlockDelta":
            return self._delta(event)
        return []

    def finish(self) -> Completion:
        """The whole answer. Raises CallError: CUT without ``messageStop``, EMPTY, MALFORMED."""
        if self._stop is None:
            raise CallError(
                ErrorKind.CUT,
                "Bedrock's stream ended in mid-answer, without messageStop",
                request_id=self._request_id,
                usage=self.usage,
            )
        content = [_written(block) for _, block in sorted(self._blocks.items())]
        return read_completion(
            {
                "output": {"message": {"content": content}},
                "stopReason": self._stop.get("stopReason"),
                "usage": self._told,
            },
            self._request_id,
        )

    def _block(self, event: Mapping[str, Any]) -> dict[str, Any]:
        index = event.get("contentBlockIndex")
        return self._blocks.setdefault(index if isinstance(index, int) else 0, {})

    def _start(self, event: Mapping[str, Any]) -> None:
        use = _table(_table(event, "start"), "toolUse")
        if use:
            self._block(event)["toolUse"] = {**use, "input": ""}

    def _delta(self, event: Mapping[str, Any]) -> list[str]:
        delta, block = _table(event, "delta"), self._block(event)
        if use := _table(delta, "toolUse"):
            call = block.setdefault("toolUse", {"input": ""})
            call["input"] += _piece(use, "input")
        if thought := _piece(_table(delta, "reasoningContent"), "text"):
            block["thought"] = block.get("thought", "") + thought
        piece = _piece(delta, "text")
        if piece:
            block["text"] = block.get("text", "") + piece
        return [piece] if piece else []


def _written(block: Mapping[str, Any]) -> dict[str, Any]:
    written = {name: block[name] for name in ("text", "toolUse") if name in block}
    if "thought" in block:
        written["reasoningContent"] = {"reasoningText": {"text": block["thought"]}}
    return written


def _object(payload: bytes) -> Mapping[str, Any]:
    """An event's payload; each one also holds padding, which nobody reads."""
    try:
        event = orjson.loads(payload or b"{}")
    except orjson.JSONDecodeError:
        raise CallError(ErrorKind.MALFORMED, "an event of Bedrock's stream is no JSON") from None
    return event if isinstance(event, Mapping) else {}


def _table(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = given.get(name)
    return value if isinstance(value, Mapping) else {}


def _piece(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    return value if isinstance(value, str) else ""
