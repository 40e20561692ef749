"""What went wrong at Google: errors of ``google.rpc``, in an answer or in the midst of a stream.

https://cloud.google.com/apis/design/errors
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import orjson

from airoute_cli.core.errors import RETRYABLE, CallError, ErrorKind
from airoute_cli.core.wire import HttpReply
from airoute_cli.providers.error_kinds import (
    CLIENT_ERRORS,
    SERVER_ERRORS,
    Tell,
    by_hundred,
    error_for,
    told_by,
)
from airoute_cli.providers.requests import request_id_in
from airoute_cli.providers.retry_after import go_duration
from airoute_cli.providers.wording import clip, without_markup

_MESSAGE_LIMIT = 500
_PAGE_LIMIT = 200
_NO_STATUS = 600

_BY_NAME: Mapping[str, ErrorKind] = MappingProxyType(
    {
        "INVALID_ARGUMENT": ErrorKind.BAD_REQUEST,
        "OUT_OF_RANGE": ErrorKind.BAD_REQUEST,
        "UNIMPLEMENTED": ErrorKind.BAD_REQUEST,
        # Neither from this country nor on this plan: another service may still answer.
        "FAILED_PRECONDITION": ErrorKind.AUTH,
        "UNAUTHENTICATED": ErrorKind.AUTH,
        "PERMISSION_DENIED": ErrorKind.AUTH,
        "NOT_FOUND": ErrorKind.NOT_FOUND,
        "RESOURCE_EXHAUSTED": ErrorKind.RATE_LIMIT,
        "ABORTED": ErrorKind.SERVER,
        "CANCELLED": ErrorKind.SERVER,
        "DATA_LOSS": ErrorKind.SERVER,
        "INTERNAL": ErrorKind.SERVER,
        "UNKNOWN": ErrorKind.SERVER,
        "UNAVAILABLE": ErrorKind.OVERLOADED,
        "DEADLINE_EXCEEDED": ErrorKind.TIMEOUT,
    }
)
_BY_STATUS: Mapping[int, ErrorKind] = MappingProxyType(
    {
        401: ErrorKind.AUTH,
        402: ErrorKind.QUOTA,
        403: ErrorKind.AUTH,
        404: ErrorKind.NOT_FOUND,
        408: ErrorKind.TIMEOUT,
        409: ErrorKind.SERVER,
        429: ErrorKind.RATE_LIMIT,
        499: ErrorKind.SERVER,
        503: ErrorKind.OVERLOADED,
        504: ErrorKind.TIMEOUT,
    }
)


_TELLS = (
    Tell(
        ErrorKind.AUTH,
        frozenset({ErrorKind.BAD_REQUEST}),
        ("api_key_invalid", "api key not valid", "api key expired", "api key not found"),
    ),
    Tell(
        ErrorKind.CONTEXT_WINDOW,
        frozenset({ErrorKind.BAD_REQUEST, ErrorKind.SERVER}),
        (
            "input token count",
            "exceeds the maximum number of tokens",
            "input context is too long",
            "context window",
            "context length",
        ),
    ),
    Tell(
        ErrorKind.CONTENT_POLICY,
        frozenset({ErrorKind.BAD_REQUEST}),
        ("responsible ai", "usage guidelines", "prohibited content", "safety filters"),
    ),
    # Every 429 of the Gemini API speaks of the plan and of billing; these ones will not heal.
    Tell(
        ErrorKind.QUOTA,
        frozenset({ErrorKind.RATE_LIMIT}),
        ("perday", "per day", "limit: 0", "spending cap", "credits are depleted"),
    ),
)


@dataclass(frozen=True, slots=True)
class _Said:
    """What an error says of itself; ``labels`` are the reasons and the quotas in its details."""

    name: str = ""
    message: str = ""
    labels: tuple[str, ...] = ()
    wait: float | None = None
    code: int | None = None

    @property
    def words(self) -> str:
        return " ".join((*self.labels, self.message)).lower()


def error_of(reply: HttpReply, now: float) -> CallError:
    """The classified error of a non-2xx answer; ``now`` is Unix time, for Retry-After dates."""
    said = _read_body(reply.body)
    kind = _kind(said, reply.status)
    return error_for(
        reply,
        kind,
        f"the provider answered {reply.status}: {_told(said)}",
        now=now,
        wait=said.wait,
        request_id=request_id_in(reply.headers),
    )


def raise_error_inside(body: Mapping[str, Any], request_id: str | None) -> None:
    """Raise the classified CallError where a 2xx body or a chunk of a stream is an ``error``."""
    if not (error := body.get("error")):
        return
    said = _read_error(error)
    kind = _kind(said, said.code or SERVER_ERRORS)
    raise CallError(
        kind,
        f"the provider answered with an error: {_told(said)}",
        status=said.code,
        retry_after=said.wait if kind in RETRYABLE else None,
        request_id=request_id,
    )


def _kind(said: _Said, status: int) -> ErrorKind:
    kind = _BY_NAME.get(said.name) or _BY_STATUS.get(status) or by_hundred(status)
    return told_by(said.words, kind, _TELLS)


def _told(said: _Said) -> str:
    return said.message or said.name or "without a word of explanation"


def _read_body(body: bytes) -> _Said:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _Said(message=clip(without_markup(body.decode(errors="replace")), _PAGE_LIMIT))
    if isinstance(document, list) and document:  # as an element of the stream that was asked for
        document = document[0]
    if not isinstance(document, Mapping):
        return _Said(message=clip(document, _PAGE_LIMIT) if isinstance(document, str) else "")
    return _read_error(document.get("error") or document)


def _read_error(error: Any) -> _Said:
    if not isinstance(error, Mapping):
        return _Said(message=clip(str(error), _MESSAGE_LIMIT))
    name, message, code = error.get("status"), error.get("message"), error.get("code")
    details = error.get("details")
    each = [d for d in details if isinstance(d, Mapping)] if isinstance(details, list) else []
    return _Said(
        name=name if isinstance(name, str) else "",
        message=clip(message, _MESSAGE_LIMIT) if isinstance(message, str) else "",
        labels=tuple(label for detail in each for label in _labels(detail)),
        wait=max((w for w in map(_wait, each) if w is not None), default=None),
        code=code if type(code) is int and CLIENT_ERRORS <= code < _NO_STATUS else None,
    )


def _labels(detail: Mapping[str, Any]) -> Iterator[str]:
    """The reason of an ErrorInfo, and the quotas of a QuotaFailure."""
    violations = detail.get("violations")
    holders = [detail, *(violations if isinstance(violations, list) else [])]
    for holder in holders:
        for name in ("reason", "quotaId"):
            value = holder.get(name) if isinstance(holder, Mapping) else None
            if isinstance(value, str):
                yield value


def _wait(detail: Mapping[str, Any]) -> float | None:
    """The delay of a RetryInfo in seconds."""
    delay = detail.get("retryDelay")
    return go_duration(delay) if isinstance(delay, str) else None
