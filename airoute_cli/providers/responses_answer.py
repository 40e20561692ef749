"""Reading what the Responses API answers, whole or streamed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.request import ToolCall
from airoute_cli.providers.openai_answer import arguments_of, checked
from airoute_cli.providers.openai_errors import error_inside
from airoute_cli.providers.openai_usage import read_cost, read_responses_usage
from airoute_cli.providers.requests import json_of
from airoute_cli.providers.sse import SseEvent, SseParser

_INCOMPLETE: Mapping[str, FinishReason] = MappingProxyType(
    {
        "max_output_tokens": FinishReason.LENGTH,
        "max_tokens": FinishReason.LENGTH,
        "content_filter": FinishReason.CONTENT_FILTER,
    }
)
# A response without an answer: it went wrong, or it is only promised.
_FAILED = frozenset({"failed", "cancelled"})
_PENDING = frozenset({"queued", "in_progress"})

_TERMINAL = frozenset({"response.completed", "response.incomplete", "response.failed"})
_TEXT = "response.output_text.delta"
_ITEM = "response.output_item.done"
_END = b"[DONE]"


def read_response(body: Any, request_id: str | None = None) -> Completion:
    """The completion in a decoded response object.

    Raises CallError: the classified error that it carries, MALFORMED where it is no response,
    EMPTY where nothing is in it.
    """
    if not isinstance(body, Mapping):
        raise _malformed("the answer is JSON, but no response")
    usage = read_responses_usage(body.get("usage"))
    request_id = request_id or _word(body.get("id"))
    status = _word(body.get("status"))
    if error := body.get("error"):
        raise error_inside(error, request_id, usage)
    if status in _FAILED:
        message = f"the provider ended its response as {status}, and does not say why"
        raise CallError(ErrorKind.SERVER, message, request_id=request_id, usage=usage)
    items = body.get("output")
    if not isinstance(items, list) or status in _PENDING:
        raise _malformed("the answer is no finished response")
    return checked(_completion(body, [i for i in items if isinstance(i, Mapping)], request_id))


def _malformed(what: str) -> CallError:
    return CallError(ErrorKind.MALFORMED, f"{what}; check base_url")


def _completion(
    body: Mapping[str, Any], items: list[Mapping[str, Any]], request_id: str | None
) -> Completion:
    raw, reason = _ending(body)
    calls = tuple(_tool_call(item) for item in items if item.get("type") == "function_call")
    refusal = "".join(_said(items, "refusal")) or None
    if reason is FinishReason.STOP and (refusal or calls):
        reason = FinishReason.REFUSAL if refusal else FinishReason.TOOL_CALLS
    return Completion(
        text="".join(_said(items, "text")),
        finish_reason=reason,
        raw_finish_reason=raw,
        tool_calls=calls,
        reasoning="\n\n".join(_thought(items)) or None,
        refusal=refusal,
        usage=read_responses_usage(body.get("usage")),
        served_model=_word(body.get("model")),
        request_id=request_id,
        reported_usd=read_cost(body.get("usage")),
    )


def _ending(body: Mapping[str, Any]) -> tuple[str | None, FinishReason]:
    """Why it ended, in the provider's words and in ours."""
    status, details = _word(body.get("status")), body.get("incomplete_details")
    if status != "incomplete":
        known = status in {None, "completed"}
        return status, FinishReason.STOP if known else FinishReason.OTHER
    why = _word(details.get("reason")) if isinstance(details, Mapping) else None
    return why or status, _INCOMPLETE.get(why or "", FinishReason.OTHER)


def _said(items: list[Mapping[str, Any]], what: str) -> Iterator[str]:
    """The pieces of text, or of a refusal, in all messages."""
    for item in items:
        if item.get("type") == "message":
            yield from _texts(item.get("content"), what)


def _thought(items: list[Mapping[str, Any]]) -> Iterator[str]:
    """The summaries of the reasoning; open models give the reasoning itself."""
    for item in items:
        if item.get("type") == "reasoning":
            summary = [*_texts(item.get("summary"), "text")]
            yield from summary or _texts(item.get("content"), "text")


def _texts(parts: Any, what: str) -> Iterator[str]:
    if isinstance(parts, str) and what == "text":
        yield parts
    for part in parts if isinstance(parts, list) else []:
        if isinstance(part, Mapping) and isinstance(part.get(what), str):
            yield part[what]


def _tool_call(item: Mapping[str, Any]) -> ToolCall:
    return ToolCall(
        id=_word(item.get("call_id")) or _word(item.get("id")) or "",
        name=_word(item.get("name")) or "",
        arguments=arguments_of(item.get("arguments")),
    )


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


class ResponseStream:
    """Implements StreamDecoder: the terminal event holds the whole response."""

    def __init__(self, request_id: str | None) -> None:
        self._request_id = request_id
        self._events = SseParser()
        self._items: list[Mapping[str, Any]] = []
        self._response: Mapping[str, Any] | None = None

    def feed(self, chunk: bytes) -> list[str]:
        """Take bytes; give the pieces of text in them. Raises CallError for an ``error`` event."""
        return [piece for event in self._events.feed(chunk) for piece in self._take(event)]

    def finish(self) -> Completion:
        """The whole answer. Raises CallError: CUT without a terminal event, and as a whole one."""
        if self._response is None:
            raise CallError(
                ErrorKind.CUT,
                "the provider's stream ended in mid-answer, without its last event",
                request_id=self._request_id,
            )
        # Some gateways leave the output out at the end, for it was told already.
        output = self._response.get("output") or self._items
        return read_response({**self._response, "output": output}, self._request_id)

    def _take(self, event: SseEvent) -> list[str]:
        told = None if event.data.strip() == _END else json_of(event.data)
        if not isinstance(told, Mapping):
            return []
        kind = _word(told.get("type")) or event.name
        if kind == "error" or (told.get("error") and kind not in _TERMINAL):
            raise error_inside(told.get("error") or told, self._request_id)
        return self._add(kind, told)

    def _add(self, kind: str, told: Mapping[str, Any]) -> list[str]:
        if kind == _TEXT:
            piece = told.get("delta")
            return [piece] if isinstance(piece, str) and piece else []
        if kind == _ITEM and isinstance(told.get("item"), Mapping):
            self._items.append(told["item"])
        elif kind in _TERMINAL and isinstance(told.get("response"), Mapping):
            self._response = {"status": kind.removeprefix("response."), **told["response"]}
        return []
