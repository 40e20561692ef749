"""Reading what Anthropic's Messages answer, whole or streamed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.money import Usage
from airoute_cli.core.request import ToolCall
from airoute_cli.providers.finish import finish_reason
from airoute_cli.providers.openai_answer import arguments_of, checked
from airoute_cli.providers.openai_errors import error_inside
from airoute_cli.providers.openai_usage import is_number
from airoute_cli.providers.requests import json_of
from airoute_cli.providers.sse import SseEvent, SseParser

# A turn that was paused (``pause_turn``) is no whole answer, and nobody here goes on with it.
_FINISH: Mapping[str, FinishReason] = MappingProxyType(
    {
        "end_turn": FinishReason.STOP,
        "stop_sequence": FinishReason.STOP,
        "max_tokens": FinishReason.LENGTH,
        "model_context_window_exceeded": FinishReason.LENGTH,
        "tool_use": FinishReason.TOOL_CALLS,
        "refusal": FinishReason.REFUSAL,
        "pause_turn": FinishReason.OTHER,
    }
)


def read_message(body: Any, request_id: str | None = None) -> Completion:
    """The completion in a decoded body.

    Raises CallError: the classified error that the body carries, MALFORMED where it is no message,
    EMPTY where nothing is in it.
    """
    if not isinstance(body, Mapping):
        raise CallError(ErrorKind.MALFORMED, "the answer is JSON, but no message; check base_url")
    usage = read_usage(body.get("usage"))
    request_id = request_id or _word(body.get("request_id")) or _word(body.get("id"))
    if error := body.get("error"):
        raise error_inside(error, request_id, usage)
    content = body.get("content")
    if not isinstance(content, list):
        raise CallError(
            ErrorKind.MALFORMED,
            "the answer is no message: it has no content; check base_url",
            request_id=request_id,
            usage=usage,
        )
    blocks = [block for block in content if isinstance(block, Mapping)]
    return checked(_completion(body, blocks, usage, request_id))


def read_usage(given: Any) -> Usage | None:
    """The usage of an answer; what was read from a cache or written to one stands beside the input.

    https://platform.claude.com/docs/en/build-with-claude/prompt-caching
    """
    if not isinstance(given, Mapping):
        return None
    if not any(is_number(given.get(name)) for name in ("input_tokens", "output_tokens")):
        return None
    read, written = (_count(given, f"cache_{way}_input_tokens") for way in ("read", "creation"))
    details = given.get("output_tokens_details")
    return Usage(
        input_tokens=_count(given, "input_tokens") + read + written,
        output_tokens=_count(given, "output_tokens"),
        cached_input_tokens=read,
        cache_write_tokens=written,
        reasoning_tokens=_count(details, "thinking_tokens") if isinstance(details, Mapping) else 0,
    )


def _count(given: Mapping[str, Any], name: str) -> int:
    value: Any = given.get(name)
    return int(value) if is_number(value) else 0


def _completion(
    body: Mapping[str, Any],
    blocks: list[Mapping[str, Any]],
    usage: Usage | None,
    request_id: str | None,
) -> Completion:
    raw = _word(body.get("stop_reason"))
    calls = tuple(_tool_call(block) for block in blocks if block.get("type") == "tool_use")
    reason = finish_reason(raw, _FINISH, calls)
    return Completion(
        text="".join(_pieces(blocks, "text")),
        finish_reason=reason,
        raw_finish_reason=raw,
        tool_calls=calls,
        reasoning="\n\n".join(_pieces(blocks, "thinking")) or None,
        refusal=_refusal(body) if reason is FinishReason.REFUSAL else None,
        usage=usage,
        served_model=_word(body.get("model")),
        request_id=request_id,
    )


def _refusal(body: Mapping[str, Any]) -> str:
    """Why the answer was stopped, as far as it is told."""
    told = body.get("stop_details")
    details: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
    category = _word(details.get("category"))
    return _word(details.get("explanation")) or f"refused{f' ({category})' if category else ''}"


def _pieces(blocks: list[Mapping[str, Any]], kind: str) -> Iterator[str]:
    for block in blocks:
        piece = block.get(kind) if block.get("type") == kind else None
        if isinstance(piece, str) and piece:
            yield piece


def _tool_call(block: Mapping[str, Any]) -> ToolCall:
    return ToolCall(
        id=_word(block.get("id")) or "",
        name=_word(block.get("name")) or "",
        arguments=arguments_of(block.get("input")),
    )


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


class MessageStream:
    """Implements StreamDecoder: merges the events into the body of a whole answer.

    https://platform.claude.com/docs/en/build-with-claude/streaming
    """

    def __init__(self, request_id: str | None) -> None:
        self._request_id = request_id
        self._events = SseParser()
        self._ended = False
        self._body: dict[str, Any] = {}
        self._usage: dict[str, Any] = {}
        self._blocks: dict[int, dict[str, Any]] = {}
        self._readers: Mapping[str, Callable[[Mapping[str, Any]], list[str]]] = {
            "message_start": self._start,
            "content_block_start": self._start_block,
            "content_block_delta": self._add,
            "message_delta": self._change,
            "message_stop": self._stop,
        }

    def feed(self, chunk: bytes) -> list[str]:
        """Take bytes; give the pieces of text in them. Raises CallError for an ``error`` event."""
        return [piece for event in self._events.feed(chunk) for piece in self._take(event)]

    def finish(self) -> Completion:
        """The whole answer. Raises CallError: CUT without ``message_stop``, and as a whole one."""
        if not self._ended:
            raise CallError(
                ErrorKind.CUT,
                "the provider's stream ended in mid-answer, without message_stop",
                request_id=self._told_id(),
                usage=read_usage(self._usage),
            )
        content = [_written(block) for _, block in sorted(self._blocks.items())]
        return read_message(
            self._body | {"content": content, "usage": self._usage}, self._request_id
        )

    def _told_id(self) -> str | None:
        return self._request_id or _word(self._body.get("id"))

    def _take(self, event: SseEvent) -> list[str]:
        told = json_of(event.data)
        if not isinstance(told, Mapping):
            return []
        kind = _word(told.get("type")) or event.name
        read = self._readers.get(kind)
        if read is not None:
            return read(told)
        if kind == "error" or told.get("error"):
            raise error_inside(told.get("error") or told, self._told_id(), read_usage(self._usage))
        return []  # a ping, or an event that is new

    def _start(self, told: Mapping[str, Any]) -> list[str]:
        self._body |= _table(told, "message")
        self._count(_table(told, "message"))
        return []

    def _start_block(self, told: Mapping[str, Any]) -> list[str]:
        block = _table(told, "content_block")
        self._block(told).update(block)
        piece = block.get("text")
        return [piece] if block.get("type") == "text" and isinstance(piece, str) and piece else []

    def _add(self, told: Mapping[str, Any]) -> list[str]:
        delta, block = _table(told, "delta"), self._block(told)
        for name in ("text", "thinking", "partial_json"):
            piece = delta.get(name)
            if isinstance(piece, str) and piece:
                block.setdefault("type", name)
                before = block.get(name)
                block[name] = (before if isinstance(before, str) else "") + piece
                return [piece] if name == "text" else []
        return []

    def _change(self, told: Mapping[str, Any]) -> list[str]:
        self._body |= {name: value for name, value in _table(told, "delta").items() if value}
        self._count(told)
        return []

    def _stop(self, _told: Mapping[str, Any]) -> list[str]:
        self._ended = True
        return []

    def _count(self, holder: Mapping[str, Any]) -> None:
        """Usage is told as it is up to now; a later count stands in place of an earlier one."""
        told = _table(holder, "usage")
        self._usage |= {name: value for name, value in told.items() if value is not None}

    def _block(self, told: Mapping[str, Any]) -> dict[str, Any]:
        index = told.get("index")
        return self._blocks.setdefault(index if isinstance(index, int) else 0, {})


def _written(block: Mapping[str, Any]) -> Mapping[str, Any]:
    """A block as it stands in a whole answer; the arguments of a call came as pieces of JSON."""
    return {**block, "input": block["partial_json"]} if block.get("partial_json") else block


def _table(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = given.get(name)
    return value if isinstance(value, Mapping) else {}
