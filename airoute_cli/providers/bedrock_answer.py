"""Reading a Converse answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.money import Usage
from airoute_cli.core.request import ToolCall
from airoute_cli.providers.bedrock_errors import raise_error_inside
from airoute_cli.providers.finish import finish_reason
from airoute_cli.providers.openai_answer import arguments_of

_FINISH: Mapping[str, FinishReason] = MappingProxyType(
    {
        "end_turn": FinishReason.STOP,
        "stop_sequence": FinishReason.STOP,
        "max_tokens": FinishReason.LENGTH,
        "model_context_window_exceeded": FinishReason.LENGTH,
        "tool_use": FinishReason.TOOL_CALLS,
        "guardrail_intervened": FinishReason.CONTENT_FILTER,
        "content_filtered": FinishReason.CONTENT_FILTER,
        "refusal": FinishReason.REFUSAL,
        "malformed_model_output": FinishReason.ERROR,
        "malformed_tool_use": FinishReason.ERROR,
    }
)

# There is a reason for these to be empty, and asking again would not help.
_MAY_BE_EMPTY = frozenset({FinishReason.CONTENT_FILTER, FinishReason.LENGTH, FinishReason.REFUSAL})


def read_completion(body: Any, request_id: str | None) -> Completion:
    """The completion in a decoded body.

    Raises CallError: the classified error that the body carries, MALFORMED where it is no Converse
    answer or Bedrock says that the model's output was, EMPTY where nothing is in it.
    """
    if not isinstance(body, Mapping):
        raise CallError(
            ErrorKind.MALFORMED, "the answer is JSON, but no Converse answer; check base_url"
        )
    raise_error_inside(body, request_id)
    output = body.get("output")
    message = output.get("message") if isinstance(output, Mapping) else None
    if not isinstance(message, Mapping):
        raise CallError(
            ErrorKind.MALFORMED,
            "the answer is no Converse answer: it has no output.message; check base_url",
            request_id=request_id,
            usage=read_usage(body.get("usage")),
        )
    return _checked(_completion(body, message, request_id))


def read_usage(given: Any) -> Usage | None:
    """The usage of an answer, None where it tells none; cached tokens stand beside the input."""
    if not isinstance(given, Mapping):
        return None
    if not any(_is_count(given.get(name)) for name in ("inputTokens", "outputTokens")):
        return None
    read, written = (
        _count(given, f"cache{way}InputTokens") or _count(given, f"cache{way}InputTokenCount")
        for way in ("Read", "Write")
    )
    return Usage(
        input_tokens=_count(given, "inputTokens") + read + written,
        output_tokens=_count(given, "outputTokens"),
        cached_input_tokens=read,
        cache_write_tokens=written,
    )


def _completion(
    body: Mapping[str, Any], message: Mapping[str, Any], request_id: str | None
) -> Completion:
    blocks = [block for block in _list(message.get("content")) if isinstance(block, Mapping)]
    calls = tuple(_calls(blocks))
    raw = body.get("stopReason")
    raw = raw if isinstance(raw, str) and raw else None
    return Completion(
        text="".join(piece for block in blocks for piece in _texts(block)),
        finish_reason=finish_reason(raw, _FINISH, calls),
        raw_finish_reason=raw,
        tool_calls=calls,
        reasoning="".join(map(_reasoning, blocks)) or None,
        usage=read_usage(body.get("usage")),
        request_id=request_id,
    )


def _texts(block: Mapping[str, Any]) -> Iterator[str]:
    """The text of a block; with citations it is one level down."""
    cited = block.get("citationsContent")
    inner = _list(cited.get("content")) if isinstance(cited, Mapping) else []
    for holder in (block, *inner):
        text = holder.get("text") if isinstance(holder, Mapping) else None
        if isinstance(text, str):
            yield text


def _calls(blocks: list[Mapping[str, Any]]) -> Iterator[ToolCall]:
    for block in blocks:
        use = block.get("toolUse")
        if isinstance(use, Mapping):
            yield ToolCall(
                _word(use, "toolUseId"), _word(use, "name"), arguments_of(use.get("input"))
            )


def _reasoning(block: Mapping[str, Any]) -> str:
    content = block.get("reasoningContent")
    told = content.get("reasoningText") if isinstance(content, Mapping) else None
    return _word(told, "text") if isinstance(told, Mapping) else ""


def _checked(answer: Completion) -> Completion:
    reason = answer.raw_finish_reason or "none given"
    if answer.finish_reason is FinishReason.ERROR:
        raise _useless(ErrorKind.MALFORMED, f"the model's output was no answer ({reason})", answer)
    if answer.empty and answer.finish_reason not in _MAY_BE_EMPTY:
        raise _useless(
            ErrorKind.EMPTY, f"the provider's answer is empty (finish reason: {reason})", answer
        )
    return answer


def _useless(kind: ErrorKind, message: str, answer: Completion) -> CallError:
    return CallError(kind, message, request_id=answer.request_id, usage=answer.usage)


def _word(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    return value if isinstance(value, str) else ""


def _list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else []


def _count(given: Mapping[str, Any], name: str) -> int:
    value: Any = given.get(name)
    return int(value) if _is_count(value) else 0


def _is_count(value: Any) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")
    )
