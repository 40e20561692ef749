"""The wire format of OpenAI's chat completions, spoken by most servers there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from airoute_cli.core.completion import Completion
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.profile import Model
from airoute_cli.core.request import Request
from airoute_cli.core.secret import Secret
from airoute_cli.core.wire import HttpReply, HttpRequest, StreamDecoder
from airoute_cli.providers.openai_answer import read_completion
from airoute_cli.providers.openai_body import base_url_of, chat_body
from airoute_cli.providers.openai_chunks import ChatAssembler
from airoute_cli.providers.openai_errors import error_of
from airoute_cli.providers.sse import SseEvent, SseParser
from airoute_cli.providers.wording import clip

__all__ = ["OpenAIFormat", "chat_body"]

_SHOWN = 80
_END = b"[DONE]"

# No streams: an answer or an error as a whole, or the page of a web server.
_WHOLE = ("application/json", "text/html")


class OpenAIFormat:
    """Implements WireFormat."""

    def encode(
        self, model: Model, request: Request, key: Secret | None, *, stream: bool
    ) -> HttpRequest:
        """A POST to ``/chat/completions``; the provider's own headers win over ours."""
        base, mark, query = base_url_of(model.provider).partition("?")
        headers = {
            "content-type": "application/json",
            "accept": "text/event-stream" if stream else "application/json",
        }
        if key:
            headers["authorization"] = f"Bearer {key.reveal()}"
        headers |= {name.lower(): value for name, value in model.provider.headers.items()}
        return HttpRequest(
            url=f"{base.rstrip('/')}/chat/completions{mark}{query}",
            headers=headers,
            body=_bytes(chat_body(model, request, stream=stream)),
        )

    def decode(self, reply: HttpReply) -> Completion:
        """The completion in a 2xx answer; see ``read_completion`` for what it raises."""
        return read_completion(_json(reply.body), _request_id(reply.headers))

    def decode_stream(self, headers: Mapping[str, str]) -> StreamDecoder:
        """A decoder for the stream, or for the whole answer of a server that does not stream."""
        if headers.get("content-type", "").lower().startswith(_WHOLE):
            return _WholeAnswer(self, headers)
        return _ChatStream(_request_id(headers))

    def decode_error(self, reply: HttpReply, now: float) -> CallError:
        """A classified error for a non-2xx answer."""
        return error_of(reply, now)


class _ChatStream:
    """Implements StreamDecoder for server-sent events."""

    def __init__(self, request_id: str | None) -> None:
        self._events = SseParser()
        self._answer = ChatAssembler(request_id)

    def feed(self, chunk: bytes) -> list[str]:
        return [piece for event in self._events.feed(chunk) for piece in self._take(event)]

    def finish(self) -> Completion:
        return self._answer.finish()

    def _take(self, event: SseEvent) -> list[str]:
        if event.data.strip() == _END:
            return []
        chunk = _json(event.data)
        return self._answer.add(chunk) if isinstance(chunk, Mapping) else []


class _WholeAnswer:
    """Implements StreamDecoder for a JSON body: all text comes at the end, in ``finish``."""

    def __init__(self, wire_format: OpenAIFormat, headers: Mapping[str, str]) -> None:
        self._format = wire_format
        self._headers = headers
        self._body = bytearray()

    def feed(self, chunk: bytes) -> list[str]:
        self._body += chunk
        return []

    def finish(self) -> Completion:
        return self._format.decode(HttpReply(200, self._headers, bytes(self._body)))


def _bytes(body: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError as error:
        raise CallError(
            ErrorKind.BAD_REQUEST, f"the request cannot be written as JSON: {error}"
        ) from None


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        shown = clip(body.decode(errors="replace"), _SHOWN) or "nothing at all"
        raise CallError(
            ErrorKind.MALFORMED, f"the answer is no JSON but: {shown}; check base_url"
        ) from None


def _request_id(headers: Mapping[str, str]) -> str | None:
    return headers.get("x-request-id") or None
