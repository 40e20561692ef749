"""Refusals as each wire format writes them, so that a rehearsal is read by the real decoders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import orjson

from airoute_cli.core.wire import HttpReply

_SAID: Mapping[int, str] = MappingProxyType(
    {
        400: "the request is not valid",
        401: "the API key is not valid",
        402: "insufficient balance",
        403: "the key may not do this",
        404: "the model does not exist",
        408: "request timeout",
        413: "the request is too large",
        429: "rate limit reached, slow down",
        503: "the service is overloaded",
        504: "gateway timeout",
        529: "overloaded",
    }
)
_OPENAI = {
    401: ("invalid_request_error", "invalid_api_key"),
    402: ("insufficient_quota", "insufficient_quota"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
}
_ANTHROPIC = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_GOOGLE = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_BEDROCK = {
    400: "ValidationException",
    401: "UnrecognizedClientException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    429: "ThrottlingException",
    503: "ServiceUnavailableException",
}

Body = Callable[[int, str], tuple[Any, Mapping[str, str]]]


def refusal(wire_format: str, status: int, retry_after: float | None = None) -> HttpReply:
    """The answer of a provider that refuses with ``status``, as its wire format has it."""
    said = _SAID.get(status, "internal error")
    body, headers = _BODIES.get(wire_format, _openai)(status, said)
    wish = {} if retry_after is None else {"retry-after": f"{retry_after:g}"}
    return HttpReply(status, {**headers, **wish}, orjson.dumps(body))


def _openai(status: int, said: str) -> tuple[Any, Mapping[str, str]]:
    kind, code = _OPENAI.get(status, ("server_error", None))
    return {"error": {"message": said, "type": kind, "param": None, "code": code}}, {}


def _anthropic(status: int, said: str) -> tuple[Any, Mapping[str, str]]:
    kind = _ANTHROPIC.get(status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": said}}, {}


def _google(status: int, said: str) -> tuple[Any, Mapping[str, str]]:
    word = _GOOGLE.get(status, "INTERNAL")
    return {"error": {"code": status, "message": said, "status": word}}, {}


def _bedrock(status: int, said: str) -> tuple[Any, Mapping[str, str]]:
    kind = _BEDROCK.get(status, "InternalServerException")
    return {"message": said}, {"x-amzn-errortype": kind}


def _plain(_: int, said: str) -> tuple[Any, Mapping[str, str]]:
    return {"message": said}, {}


_BODIES: Mapping[str, Body] = MappingProxyType(
    {
        "anthropic": _anthropic,
        "gemini": _google,
        "vertex": _google,
        "bedrock": _bedrock,
        "cohere": _plain,
        "mistral": _plain,
    }
)
