"""Reading what Cohere's chat answers, whole or streamed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.money import Usage
from airoute_cli.core.request import ToolCall
from airoute_cli.providers.openai_answer import arguments_of, checked
from airoute_cli.providers.openai_errors import error_inside
from airoute_cli.providers.requests import json_of
from airoute_cli.providers.sse import SseEvent, SseParser

_FINISH: Mapping[str, FinishReason] = MappingProxyType(
    {
        "COMPLETE": FinishReason.STOP,
        "STOP_SEQUENCE": FinishReason.STOP,
        "MAX_TOKENS": FinishReason.LENGTH,
        "TOOL_CALL": FinishReason.TOOL_CALLS,
        "ERROR": FinishReason.ERROR,
        "ERROR_TOXIC": FinishReason.CONTENT_FILTER,
    }
)
_TIMEOUT = "TIMEOUT"


def read_chat(body: Any, request_id: str | None = None) -> Completion:
    """The completion in a decoded body.

    Raises CallError: the classified error that the body carries, MALFORMED where it is no answer
    of a chat, EMPTY where nothing is in it.
    """
    message = body.get("message") if isinstance(body, Mapping) else None
    if isinstance(message, str):
        raise error_inside(body, request_id or body.get("id"))
    if not isinstance(message, Mapping):
        raise CallError(
            ErrorKind.MALFORMED, "the answer is JSON, but none of Cohere's chat; check base_url"
        )
    request_id = request_id or _word(body.get("id"))
    if body.get("finish_reason") == _TIMEOUT:
        raise CallError(
            ErrorKind.TIMEOUT,
            "the provider ran out of time in mid-answer",
            request_id=request_id,
            usage=read_usage(body.get("usage")),
        )
    return checked(_completion(body, message, request_id))


def read_usage(given: Any) -> Usage | None:
    """The tokens of an answer; those that are billed leave out what Cohere adds to a prompt."""
    if not isinstance(given, Mapping):
        return None
    tokens = next((t for t in (given.get("tokens"), given.get("billed_units")) if _counts(t)), None)
    if tokens is None:
        return None
    asked = _count(tokens.get("input_tokens"))
    return Usage(
        input_tokens=asked,
        output_tokens=_count(tokens.get("output_tokens")),
        cached_input_tokens=min(_count(given.get("cached_tokens")), asked),
    )


def _counts(tokens: Any) -> bool:
    names = ("input_tokens", "output_tokens")
    return isinstance(tokens, Mapping) and any(_is_number(tokens.get(name)) for name in names)


def _count(value: Any) -> int:
    return round(value) if _is_number(value) else 0


def _is_number(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and value >= 0


def _completion(
    body: Mapping[str, Any], message: Mapping[str, Any], request_id: str | None
) -> Completion:
    raw, content = _word(body.get("finish_reason")), message.get("content")
    thoughts = (_word(message.get("tool_plan")), _joined(content, "thinking"))
    return Completion(
        text=content if isinstance(content, str) else _joined(content, "text"),
        finish_reason=_FINISH.get(raw or "", FinishReason.OTHER),
        raw_finish_reason=raw,
        tool_calls=_tool_calls(message.get("tool_calls")),
        reasoning="\n\n".join(filter(None, thoughts)) or None,
        usage=read_usage(body.get("usage")),
        request_id=request_id,
    )


def _joined(content: Any, kind: str) -> str:
    parts = content if isinstance(content, list) else []
    pieces = (part.get(kind) for part in parts if isinstance(part, Mapping))
    return "".join(piece for piece in pieces if isinstance(piece, str))


def _tool_calls(given: Any) -> tuple[ToolCall, ...]:
    calls = given if isinstance(given, list) else []
    return tuple(
        ToolCall(
            id=_word(call.get("id")) or "",
            name=_word(call["function"].get("name")) or "",
            arguments=arguments_of(call["function"].get("arguments")),
        )
        for call in calls
        if isinstance(call, Mapping) and isinstance(call.get("function"), Mapping)
    )


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


class CohereStream:
    """Implements StreamDecoder: merges the events into the body of a whole answer."""

    def __init__(self, request_id: str | None) -> None:
        self._request_id = request_id
        self._events = SseParser()
        self._ended = False
        self._body: dict[str, Any] = {}
        self._content: list[Mapping[str, Any]] = []
        self._plan: list[str] = []
        self._calls: list[dict[str, Any]] = []
        self._readers = {
            "message-start": self._start,
            "content-start": self._add_content,
            "content-delta": self._add_content,
            "tool-plan-delta": self._add_plan,
            "tool-call-start": self._begin_call,
            "tool-call-delta": self._add_to_call,
            "message-end": self._end,
        }

    def feed(self, chunk: bytes) -> list[str]:
        """Take bytes; give the pieces of text in them. Raises CallError for an error's body."""
        return [piece for event in self._events.feed(chunk) for piece in self._take(event)]

    def finish(self) -> Completion:
        """The whole answer. Raises CallError: CUT without the last event, and as a whole one."""
        if not self._ended:
            raise CallError(
                ErrorKind.CUT,
                "the provider's stream ended in mid-answer, without message-end",
                request_id=self._request_id or self._body.get("id"),
            )
        message = {
            "content": self._content,
            "tool_plan": "".join(self._plan),
            "tool_calls": self._calls,
        }
        return read_chat(self._body | {"message": message}, self._request_id)

    def _take(self, event: SseEvent) -> list[str]:
        told = json_of(event.data)
        if not isinstance(told, Mapping):
            return []
        kind = _word(told.get("type")) or event.name
        read = self._readers.get(kind)
        if read is None:
            if kind == "error" or isinstance(told.get("message"), str):
                raise error_inside(told, self._request_id or self._body.get("id"))
            return []
        return read(told)

    def _start(self, told: Mapping[str, Any]) -> list[str]:
        self._body["id"] = _word(told.get("id"))
        return []

    def _add_content(self, told: Mapping[str, Any]) -> list[str]:
        content = _inside(told, "delta", "message", "content")
        self._content.append(content)
        piece = content.get("text")
        return [piece] if isinstance(piece, str) and piece else []

    def _add_plan(self, told: Mapping[str, Any]) -> list[str]:
        self._plan.append(_word(_inside(told, "delta", "message").get("tool_plan")) or "")
        return []

    def _begin_call(self, told: Mapping[str, Any]) -> list[str]:
        call = _inside(told, "delta", "message", "tool_calls")
        function = _inside(call, "function")
        begun = {
            "name": function.get("name"),
            "arguments": arguments_of(function.get("arguments")),
        }
        self._calls.append({"id": call.get("id"), "index": told.get("index"), "function": begun})
        return []

    def _add_to_call(self, told: Mapping[str, Any]) -> list[str]:
        piece = _inside(told, "delta", "message", "tool_calls", "function").get("arguments")
        index = told.get("index")
        same = [call for call in self._calls if index is None or call["index"] == index]
        if same and isinstance(piece, str):
            same[-1]["function"]["arguments"] += piece
        return []

    def _end(self, told: Mapping[str, Any]) -> list[str]:
        delta = _inside(told, "delta")
        self._ended = True
        self._body["finish_reason"] = delta.get("finish_reason")
        self._body["usage"] = delta.get("usage")
        if error := delta.get("error"):
            raise error_inside(error, self._body.get("id"), read_usage(delta.get("usage")))
        return []


def _inside(given: Any, *path: str) -> Mapping[str, Any]:
    """The object at a path, an empty one where there is none."""
    for name in path:
        given = given.get(name) if isinstance(given, Mapping) else None
    return given if isinstance(given, Mapping) else {}
