"""What each API sends: an answer, a tool call, a stream and its errors, in its own words.

``API`` is the name of a wire format; the errors are named as the one classification names them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.servers import bedrock_bytes as aws
from tests.servers.scripted import Reply, raw, status
from tests.servers.sse_bytes import sse, streamed, torn

CITY = {"city": "Zürich"}
CITY_JSON = '{"city": "Zürich"}'
Body = dict[str, Any]


def _chat(content: str | None, reason: str) -> Body:
    function = {"name": "weather", "arguments": CITY_JSON}
    call = {"id": "c1", "type": "function", "function": function}
    message: Body = {"role": "assistant", "content": content}
    message |= {} if content else {"tool_calls": [call]}
    usage = {"prompt_tokens": 7, "completion_tokens": 3}
    return {"choices": [{"message": message, "finish_reason": reason}], "usage": usage}


def _responses(*output: Body) -> Body:
    usage = {"input_tokens": 7, "output_tokens": 3}
    return {"id": "r", "status": "completed", "output": list(output), "usage": usage}


def _message(*content: Body, reason: str) -> Body:
    usage = {"input_tokens": 7, "output_tokens": 3}
    told = {"id": "m", "type": "message", "role": "assistant", "model": "x"}
    return told | {"content": list(content), "stop_reason": reason, "usage": usage}


def _candidate(*parts: Body, reason: str | None = "STOP") -> Body:
    candidate = {"content": {"role": "model", "parts": list(parts)}, "finishReason": reason}
    usage = {"promptTokenCount": 7, "candidatesTokenCount": 3}
    return {"candidates": [candidate], "usageMetadata": usage, "responseId": "g"}


def _cohere(reason: str, **message: Any) -> Body:
    usage = {"tokens": {"input_tokens": 7.0, "output_tokens": 3.0}}
    told = {"role": "assistant"} | message
    return {"id": "c", "finish_reason": reason, "message": told, "usage": usage}


_FUNCTION = {"name": "weather", "arguments": CITY_JSON}
_TEXT = {
    "openai": lambda text: _chat(text, "stop"),
    "openai-responses": lambda text: _responses(
        {"type": "message", "content": [{"type": "output_text", "text": text}]}
    ),
    "anthropic": lambda text: _message({"type": "text", "text": text}, reason="end_turn"),
    "gemini": lambda text: _candidate({"text": text}),
    "cohere": lambda text: _cohere("COMPLETE", content=[{"type": "text", "text": text}]),
    "bedrock": lambda text: aws.answer({"text": text}),
}
_TOOL = {
    "openai": _chat(None, "tool_calls"),
    "openai-responses": _responses({"type": "function_call", "call_id": "c1", **_FUNCTION}),
    "anthropic": _message(
        {"type": "tool_use", "id": "c1", "name": "weather", "input": CITY}, reason="tool_use"
    ),
    "gemini": _candidate({"functionCall": {"name": "weather", "args": CITY}}),
    "cohere": _cohere(
        "TOOL_CALL", tool_calls=[{"id": "c1", "type": "function", "function": _FUNCTION}]
    ),
    "bedrock": aws.answer(
        {"toolUse": {"toolUseId": "c1", "name": "weather", "input": CITY}}, stop="tool_use"
    ),
}

# Streams: the pieces of a text, and what ends it


def _chat_events(pieces: Iterable[str], *, whole: bool) -> bytes:
    told = [{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in pieces]
    end = [{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}] if whole else []
    return sse([*told, *end], named=False)


def _responses_events(pieces: Iterable[str], *, whole: bool) -> bytes:
    pieces = list(pieces)
    told = [{"type": "response.output_text.delta", "delta": piece} for piece in pieces]
    answer = _TEXT["openai-responses"]("".join(pieces))
    end = [{"type": "response.completed", "response": answer}] if whole else []
    return sse([*told, *end], named=True)


def _message_events(pieces: Iterable[str], *, whole: bool) -> bytes:
    def add(piece: str) -> Body:
        delta = {"type": "text_delta", "text": piece}
        return {"type": "content_block_delta", "index": 0, "delta": delta}

    begun = {"type": "content_block_start", "index": 0, "content_block": {"type": "text"}}
    told = [{"type": "message_start", "message": _message(reason="")}, begun, *map(add, pieces)]
    last = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}
    return sse([*told, last, {"type": "message_stop"}] if whole else told, named=True)


def _gemini_events(pieces: Iterable[str], *, whole: bool) -> bytes:
    told = [_candidate({"text": piece}, reason=None) for piece in pieces]
    return sse([*told, _candidate()] if whole else told, named=False)


def _cohere_events(pieces: Iterable[str], *, whole: bool) -> bytes:
    def add(piece: str) -> Body:
        delta = {"message": {"content": {"text": piece}}}
        return {"type": "content-delta", "index": 0, "delta": delta}

    told = [{"type": "message-start", "id": "c"}, *map(add, pieces)]
    last = {"type": "message-end", "delta": {"finish_reason": "COMPLETE"}}
    return sse([*told, last] if whole else told, named=True)


_EVENTS: Mapping[str, Callable[..., bytes]] = {
    "openai": _chat_events,
    "openai-responses": _responses_events,
    "anthropic": _message_events,
    "gemini": _gemini_events,
    "cohere": _cohere_events,
}

# Errors: the status and the body of each class


def _openais(message: str, code: str) -> Body:
    return {"error": {"message": message, "type": "x", "param": None, "code": code}}


def _claudes(kind: str, message: str) -> Body:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "r"}


def _googles(code: int, name: str, message: str, *details: Body) -> tuple[int, Body]:
    told = {"code": code, "message": message, "status": name, "details": list(details)}
    return code, {"error": told}


_DAY = {"@type": "google.rpc.QuotaFailure", "violations": [{"quotaId": "RequestsPerDay"}]}
_SOON = {"@type": "google.rpc.RetryInfo", "retryDelay": "0.01s"}
_FILTERED = {"code": "ResponsibleAIPolicyViolation"}
_TRIAL = "You are using a Trial key, which is limited to 1000 API calls / month."

Errors = Mapping[str, tuple[int, Any]]
_OPENAI: Errors = {
    "auth": (401, _openais("Incorrect API key provided: {key}", "invalid_api_key")),
    "not_found": (404, _openais("The model does not exist", "model_not_found")),
    "bad_request": (400, _openais("Invalid value", "invalid_value")),
    "context_window": (400, _openais("Too long", "context_length_exceeded")),
    "content_policy": (400, _openais("No", "content_policy_violation")),
    "rate_limit": (429, _openais("Slow down", "rate_limit_exceeded")),
    "quota_exhausted": (429, _openais("Spent", "insufficient_quota")),
    "overloaded": (503, _openais("Busy", "engine_overloaded")),
    "server": (500, _openais("Oh", "server_error")),
    "timeout": (408, _openais("Late", "timeout")),
}
_AZURE: Errors = {
    "auth": (401, {"error": {"code": "401", "message": "Access denied: {key}"}}),
    "not_found": (404, {"error": {"code": "DeploymentNotFound", "message": "None"}}),
    "content_policy": (
        400,
        {"error": {"code": "content_filter", "message": "No", "innererror": _FILTERED}},
    ),
    "rate_limit": (429, {"error": {"code": "RateLimitReached", "message": "Slow down"}}),
}
_MISTRAL: Errors = {
    "auth": (401, {"detail": "Unauthorized: {key}"}),
    "not_found": (400, {"object": "error", "message": "Invalid model: x", "type": "invalid_model"}),
    "bad_request": (422, {"detail": [{"loc": ["body", "x"], "msg": "Extra inputs", "type": "e"}]}),
    "context_window": (
        400,
        {"object": "error", "message": "too large for model with 8 maximum context length"},
    ),
    "rate_limit": (429, {"message": "Requests rate limit exceeded"}),
    "quota_exhausted": (402, {"detail": "Payment required"}),
    "overloaded": (503, {"message": "Service unavailable"}),
    "server": (500, {"object": "error", "message": "Internal", "type": "internal_server_error"}),
    "timeout": (504, {"message": "Late"}),
}
_ANTHROPIC: Errors = {
    "auth": (401, _claudes("authentication_error", "invalid x-api-key {key}")),
    "not_found": (404, _claudes("not_found_error", "model: x")),
    "bad_request": (400, _claudes("invalid_request_error", "x: Extra inputs")),
    "context_window": (400, _claudes("invalid_request_error", "prompt is too long: 9 > 8")),
    "content_policy": (
        400,
        _claudes("invalid_request_error", "Output blocked by content filtering policy"),
    ),
    "rate_limit": (429, _claudes("rate_limit_error", "Slow down")),
    "quota_exhausted": (400, _claudes("invalid_request_error", "credit balance is too low")),
    "overloaded": (529, _claudes("overloaded_error", "Overloaded")),
    "server": (500, _claudes("api_error", "Oh")),
    "timeout": (504, _claudes("timeout_error", "Late")),
}
_GEMINI: Errors = {
    "auth": _googles(400, "INVALID_ARGUMENT", "API key not valid: {key}"),
    "not_found": _googles(404, "NOT_FOUND", "models/x is not found"),
    "bad_request": _googles(400, "INVALID_ARGUMENT", "Unknown name"),
    "context_window": _googles(400, "INVALID_ARGUMENT", "The input token count (9) exceeds 8"),
    "content_policy": _googles(400, "INVALID_ARGUMENT", "Blocked by safety filters"),
    "rate_limit": _googles(429, "RESOURCE_EXHAUSTED", "You exceeded your quota", _SOON),
    "quota_exhausted": _googles(429, "RESOURCE_EXHAUSTED", "You exceeded your quota", _DAY, _SOON),
    "overloaded": _googles(503, "UNAVAILABLE", "The model is overloaded"),
    "server": _googles(500, "INTERNAL", "Oh"),
    "timeout": _googles(504, "DEADLINE_EXCEEDED", "Late"),
}
_COHERE: Errors = {
    "auth": (498, {"message": "invalid token {key}"}),
    "not_found": (404, {"message": "model 'x' not found"}),
    "bad_request": (422, {"message": "unprocessable"}),
    "context_window": (400, {"message": "too many tokens: 9 > 8"}),
    "rate_limit": (429, {"message": "slow down"}),
    "quota_exhausted": (429, {"message": _TRIAL}),
    "overloaded": (503, {"message": "unavailable"}),
    "server": (500, {"message": "internal server error"}),
    "timeout": (504, {"message": "late"}),
}


def _exception(code: int, name: str, message: str) -> tuple[int, Body]:
    return code, {"__type": f"com.amazon#{name}Exception", "message": message}


_BEDROCK: Errors = {
    "auth": _exception(403, "UnrecognizedClient", "The token is invalid: {key}"),
    "not_found": _exception(404, "ResourceNotFound", "No such model"),
    "bad_request": _exception(400, "Validation", "Malformed input"),
    "context_window": _exception(400, "Validation", "Input is too long for requested model."),
    "content_policy": _exception(400, "Validation", "blocked by content filtering policy"),
    "rate_limit": _exception(429, "Throttling", "Too many requests"),
    "quota_exhausted": _exception(429, "Throttling", "Too many tokens per day"),
    "overloaded": _exception(503, "ServiceUnavailable", "Busy"),
    "server": _exception(500, "InternalServer", "Oh"),
    "timeout": _exception(408, "ModelTimeout", "Late"),
}

ERRORS: Mapping[str, Errors] = {
    "openai": _OPENAI,
    "openai-responses": _OPENAI,
    "azure": {**_OPENAI, **_AZURE},
    "mistral": _MISTRAL,
    "anthropic": _ANTHROPIC,
    "gemini": _GEMINI,
    "vertex": {**_GEMINI, "auth": _googles(401, "UNAUTHENTICATED", "Invalid token: {key}")},
    "cohere": _COHERE,
    "bedrock": _BEDROCK,
}
_SPEAKS_LIKE = {"azure": "openai", "mistral": "openai", "vertex": "gemini"}


def said(api: str, text: str) -> Reply:
    """An answer."""
    return status(200, _TEXT[_SPEAKS_LIKE.get(api, api)](text))


def called(api: str) -> Reply:
    """The call of a tool ``weather`` with a city."""
    return status(200, _TOOL[_SPEAKS_LIKE.get(api, api)])


def refused(api: str, kind: str, key: str) -> Reply:
    """An error of that class, with ``key`` in it where it is about the key; it asks for no wait."""
    code, body = ERRORS[api][kind]
    text = json.dumps(body).replace("{key}", key)
    return status(code, text.encode(), {"content-type": "application/json", "retry-after": "0"})


def told_in_pieces(api: str, *pieces: str) -> Reply:
    """A stream of these pieces, to its end."""
    if api == "bedrock":
        return raw(aws.stream(aws.START, *map(aws.delta, pieces), aws.END))
    return streamed(_EVENTS[_SPEAKS_LIKE.get(api, api)](pieces, whole=True))


def told_without_end(api: str, *pieces: str) -> Reply:
    """A stream of these pieces that ends in good order, without the marker of its end."""
    if api == "bedrock":
        return raw(aws.stream(aws.START, *map(aws.delta, pieces)))
    return streamed(_EVENTS[_SPEAKS_LIKE.get(api, api)](pieces, whole=False))


def torn_at(api: str, character: str, *pieces: str) -> Reply:
    """A stream of these pieces that is cut in the middle of a character, connection and all."""
    if api == "bedrock":
        frames = aws.START + b"".join(map(aws.delta, pieces))
        return raw(aws.stream(frames, cut=frames.index(character.encode()) + 1))
    return torn(_EVENTS[_SPEAKS_LIKE.get(api, api)](pieces, whole=True), character)
