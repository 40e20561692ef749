"""Reading a whole chat completion, as tolerant as the servers in the field are various."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.request import ToolCall
from airoute_cli.providers.finish import finish_reason
from airoute_cli.providers.openai_errors import raise_error_inside
from airoute_cli.providers.openai_usage import read_cost, read_usage

_FINISH: Mapping[str, FinishReason] = MappingProxyType(
    {
        "stop": FinishReason.STOP,
        "eos": FinishReason.STOP,
        "eos_token": FinishReason.STOP,
        "end_turn": FinishReason.STOP,
        "stop_sequence": FinishReason.STOP,
        "length": FinishReason.LENGTH,
        "max_tokens": FinishReason.LENGTH,
        "model_length": FinishReason.LENGTH,
        "tool_calls": FinishReason.TOOL_CALLS,
        "function_call": FinishReason.TOOL_CALLS,
        "content_filter": FinishReason.CONTENT_FILTER,
        "refusal": FinishReason.REFUSAL,
        "error": FinishReason.ERROR,
    }
)

_PLAIN_FINISH: Mapping[str, FinishReason] = MappingProxyType(
    {"stop": FinishReason.STOP, "length": FinishReason.LENGTH}
)
# What a message may hold beside its text.
_BESIDE_TEXT = ("tool_calls", "refusal", "reasoning_content", "reasoning")

# There is a reason for these to be empty, and asking again would not help.
_MAY_BE_EMPTY = frozenset({FinishReason.CONTENT_FILTER, FinishReason.LENGTH})


def read_completion(body: Any, request_id: str | None = None) -> Completion:
    """The completion in a decoded body.

    Raises CallError: the classified error that the body carries, MALFORMED where it is no chat
    completion, EMPTY where nothing is in it.
    """
    if not isinstance(body, dict):
        raise CallError(
            ErrorKind.MALFORMED, "the answer is JSON, but no chat completion; check base_url"
        )
    return _plain(body, request_id) or _any(body, request_id)


def _any(body: Mapping[str, Any], request_id: str | None) -> Completion:
    raise_error_inside(body)
    choice = _first_choice(body)
    raise_error_inside(choice)
    return checked(_completion(body, choice, request_id))


def checked(answer: Completion) -> Completion:
    """``answer`` if it is one. Raises CallError SERVER or EMPTY with its usage."""
    if answer.finish_reason is FinishReason.ERROR:
        raise _useless(ErrorKind.SERVER, "the provider ended its answer with an error", answer)
    if answer.empty and answer.finish_reason not in _MAY_BE_EMPTY:
        reason = answer.raw_finish_reason or "none given"
        raise _useless(
            ErrorKind.EMPTY, f"the provider's answer is empty (finish reason: {reason})", answer
        )
    return answer


def text_of(content: Any) -> str:
    """The text of a content, which is a string, a list of parts or nothing."""
    if isinstance(content, str):
        return content
    return "".join(_part_texts(content, "text"))


def reasoning_of(message: Mapping[str, Any]) -> str:
    """The thinking that stands beside or inside the content; servers name it differently."""
    for name in ("reasoning_content", "reasoning"):
        if isinstance(message.get(name), str) and message[name]:
            return str(message[name])
    return "".join(text_of(part) for part in _part_texts(message.get("content"), "thinking"))


def arguments_of(given: Any) -> str:
    """A call's arguments as JSON text; some servers send the object itself."""
    if given is None:
        return ""
    if isinstance(given, str):
        return given
    # Numbers of any size, which a faster library does not take.
    return json.dumps(given, ensure_ascii=False, separators=(",", ":"))


def _part_texts(content: Any, kind: str) -> list[Any]:
    if not isinstance(content, list):
        return []
    return [
        part[kind]
        for part in content
        if isinstance(part, Mapping)
        and part.get("type") == kind
        and isinstance(part.get(kind), str | list)
    ]


def _first_choice(body: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        raise CallError(
            ErrorKind.MALFORMED,
            "the answer is no chat completion: it has no choices; check base_url",
            usage=read_usage(body.get("usage")),
        )
    return choice


def _plain(body: Mapping[str, Any], request_id: str | None) -> Completion | None:
    """What ``_any`` makes of a body with nothing but a text, as most are; None of another."""
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict) or body.get("error") or choice.get("error"):
        return None
    message, raw = choice.get("message"), choice.get("finish_reason")
    if not isinstance(message, dict) or not isinstance(raw, str) or choice.get("logprobs"):
        return None
    reason, text = _PLAIN_FINISH.get(raw), message.get("content")
    if reason is None or not isinstance(text, str) or not text or text.isspace():
        return None
    for name in _BESIDE_TEXT:
        if message.get(name):
            return None
    usage = body.get("usage")
    return Completion(
        text,
        reason,
        raw,
        usage=read_usage(usage),
        served_model=_word(body.get("model")),
        request_id=request_id or _word(body.get("id")),
        reported_usd=read_cost(usage),
    )


def _completion(
    body: Mapping[str, Any], choice: Mapping[str, Any], request_id: str | None
) -> Completion:
    message = choice.get("message")
    said: Mapping[str, Any] = message if isinstance(message, dict) else {}
    raw, calls = _word(choice.get("finish_reason")), _tool_calls(said.get("tool_calls"))
    refusal = _word(said.get("refusal"))
    return Completion(
        text=text_of(said.get("content")),
        finish_reason=_finish_reason(raw, calls, refusal),
        raw_finish_reason=raw,
        tool_calls=calls,
        reasoning=reasoning_of(said) or None,
        refusal=refusal,
        usage=read_usage(body.get("usage")),
        served_model=_word(body.get("model")),
        request_id=request_id or _word(body.get("id")),
        reported_usd=read_cost(body.get("usage")),
        confidence=mean_probability(choice.get("logprobs")),
    )


def mean_probability(logprobs: Any) -> float | None:
    """The mean probability of the tokens in a choice's ``logprobs``, in 0..1; None without any.

    Their shape: https://platform.openai.com/docs/api-reference/chat/object
    """
    if not isinstance(logprobs, dict):
        return None
    tokens = logprobs.get("content")
    values = [
        math.exp(min(float(token["logprob"]), 0.0))
        for token in (tokens if isinstance(tokens, list) else [])
        if isinstance(token, Mapping) and isinstance(token.get("logprob"), int | float)
    ]
    return sum(values) / len(values) if values else None


def _finish_reason(
    raw: str | None, calls: tuple[ToolCall, ...], refusal: str | None
) -> FinishReason:
    if refusal:
        return FinishReason.REFUSAL
    return finish_reason(raw and raw.lower(), _FINISH, calls)


def _tool_calls(given: Any) -> tuple[ToolCall, ...]:
    if not isinstance(given, list):
        return ()
    return tuple(
        _tool_call(call, call["function"])
        for call in given
        if isinstance(call, Mapping) and isinstance(call.get("function"), Mapping)
    )


def _tool_call(call: Mapping[str, Any], function: Mapping[str, Any]) -> ToolCall:
    return ToolCall(
        id=_word(call.get("id")) or "",
        name=_word(function.get("name")) or "",
        arguments=arguments_of(function.get("arguments")),
    )


def _useless(kind: ErrorKind, message: str, answer: Completion) -> CallError:
    return CallError(
        kind,
        message,
        request_id=answer.request_id,
        usage=answer.usage,
        reported_usd=answer.reported_usd,
    )


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
