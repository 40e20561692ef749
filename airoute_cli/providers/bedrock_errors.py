"""What went wrong at Bedrock, from an answer's status and body or from an event in its stream."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import orjson

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.money import Usage
from airoute_cli.core.wire import HttpReply
from airoute_cli.providers.error_kinds import (
    SERVER_ERRORS,
    Tell,
    by_hundred,
    error_for,
    told_by,
)
from airoute_cli.providers.wording import clip, without_markup

_MESSAGE_LIMIT = 500
_PAGE_LIMIT = 200

# A refused signature is explained with the whole canonical request, session token and all.
_CANONICAL = "The Canonical String"

# By the name of the exception in lower case, without "exception" at its end.
_BY_NAME: Mapping[str, ErrorKind] = MappingProxyType(
    {
        "validation": ErrorKind.BAD_REQUEST,
        "accessdenied": ErrorKind.AUTH,
        "unrecognizedclient": ErrorKind.AUTH,
        "expiredtoken": ErrorKind.AUTH,
        "invalidsignature": ErrorKind.AUTH,
        "signaturedoesnotmatch": ErrorKind.AUTH,
        "incompletesignature": ErrorKind.AUTH,
        "invalidclienttokenid": ErrorKind.AUTH,
        "missingauthenticationtoken": ErrorKind.AUTH,
        "notauthorized": ErrorKind.AUTH,
        "requesttimetooskewed": ErrorKind.AUTH,
        "resourcenotfound": ErrorKind.NOT_FOUND,
        "modeltimeout": ErrorKind.TIMEOUT,
        "modelerror": ErrorKind.SERVER,
        "modelstreamerror": ErrorKind.SERVER,
        "throttling": ErrorKind.RATE_LIMIT,
        "toomanyrequests": ErrorKind.RATE_LIMIT,
        "servicequotaexceeded": ErrorKind.QUOTA,
        "modelnotready": ErrorKind.OVERLOADED,
        "serviceunavailable": ErrorKind.OVERLOADED,
        "internalserver": ErrorKind.SERVER,
        "internalfailure": ErrorKind.SERVER,
    }
)
_BY_STATUS: Mapping[int, ErrorKind] = MappingProxyType(
    {
        401: ErrorKind.AUTH,
        403: ErrorKind.AUTH,
        404: ErrorKind.NOT_FOUND,
        408: ErrorKind.TIMEOUT,
        424: ErrorKind.SERVER,
        429: ErrorKind.RATE_LIMIT,
        503: ErrorKind.OVERLOADED,
        504: ErrorKind.TIMEOUT,
    }
)


_TELLS = (
    Tell(
        ErrorKind.CONTEXT_WINDOW,
        frozenset({ErrorKind.BAD_REQUEST}),
        (
            "input is too long",
            "prompt is too long",
            "too many input tokens",
            "maximum number of input tokens",
            "context window",
            "context length",
            "maximum context",
        ),
    ),
    Tell(
        ErrorKind.NOT_FOUND,
        frozenset({ErrorKind.BAD_REQUEST}),
        ("model identifier is invalid", "on-demand throughput isn"),
    ),
    Tell(
        ErrorKind.CONTENT_POLICY,
        frozenset({ErrorKind.BAD_REQUEST}),
        ("content filtering policy", "blocked by the guardrail"),
    ),
    Tell(ErrorKind.QUOTA, frozenset({ErrorKind.RATE_LIMIT}), ("per day", "daily")),
)


def error_of(reply: HttpReply, now: float) -> CallError:
    """The classified error of a non-2xx answer; ``now`` is Unix time, for Retry-After dates."""
    body = _document(reply.body)
    name = _name(reply.headers, body)
    message = _message(body) or clip(
        without_markup("" if body else reply.body.decode(errors="replace")), _PAGE_LIMIT
    )
    kind = _kind(name, reply.status, message)
    return error_for(
        reply,
        kind,
        f"Bedrock answered {reply.status}: {_told(name, message)}",
        now=now,
        request_id=reply.headers.get("x-amzn-requestid"),
    )


def error_in_stream(
    name: str, payload: bytes, *, request_id: str | None, usage: Usage | None = None
) -> CallError:
    """The classified error that an exception event carries."""
    message = _message(_document(payload)) or clip(payload.decode(errors="replace"), _PAGE_LIMIT)
    return CallError(
        _kind(name, SERVER_ERRORS, message),
        f"Bedrock broke its stream off: {_told(name, message)}",
        request_id=request_id,
        usage=usage,
    )


def raise_error_inside(body: Mapping[str, Any], request_id: str | None) -> None:
    """Raise the classified CallError where a 2xx body is the body of an error."""
    if isinstance(body.get("__type"), str) and "output" not in body:
        name, message = _plain_name(body["__type"]), _message(body)
        raise CallError(
            _kind(name, SERVER_ERRORS, message),
            f"Bedrock answered with an error: {_told(name, message)}",
            request_id=request_id,
        )


def _kind(name: str, status: int, message: str) -> ErrorKind:
    kind = _BY_NAME.get(name.lower().removesuffix("exception")) or _BY_STATUS.get(status)
    return told_by(message.lower(), kind or by_hundred(status), _TELLS)


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, Mapping) else {}


def _name(headers: Mapping[str, str], body: Mapping[str, Any]) -> str:
    told = headers.get("x-amzn-errortype") or body.get("__type") or body.get("code")
    return _plain_name(told) if isinstance(told, str) else ""


def _plain_name(told: str) -> str:
    """The bare name: a namespace may stand before it and an address behind it."""
    return clip(told.partition(":")[0].rpartition("#")[2], _PAGE_LIMIT)


def _message(body: Mapping[str, Any]) -> str:
    told = body.get("message") or body.get("Message") or ""
    return clip(told.partition(_CANONICAL)[0], _MESSAGE_LIMIT) if isinstance(told, str) else ""


def _told(name: str, message: str) -> str:
    return ": ".join(part for part in (name, message) if part) or "without a word of explanation"
