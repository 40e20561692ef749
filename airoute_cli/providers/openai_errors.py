"""What went wrong, from a status and an error body in any of the dialects in the field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import orjson

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.frozen import frozen
from airoute_cli.core.money import Usage
from airoute_cli.core.wire import HttpReply
from airoute_cli.providers.error_kinds import CLIENT_ERRORS, by_hundred, error_for
from airoute_cli.providers.openai_usage import is_number, read_usage
from airoute_cli.providers.requests import request_id_in
from airoute_cli.providers.wording import clip, without_markup

_MESSAGE_LIMIT = 500
_PAGE_LIMIT = 200
_LAST_ERROR_STATUS = 599
# Where Azure and Anthropic say more exactly what it was.
_INNER_CODES = (("innererror", "code"), ("details", "error_code"))

_BY_STATUS: Mapping[int, ErrorKind] = MappingProxyType(
    {
        401: ErrorKind.AUTH,
        402: ErrorKind.QUOTA,
        403: ErrorKind.AUTH,
        404: ErrorKind.NOT_FOUND,
        408: ErrorKind.TIMEOUT,
        409: ErrorKind.SERVER,
        425: ErrorKind.SERVER,
        429: ErrorKind.RATE_LIMIT,
        498: ErrorKind.AUTH,  # Cohere: the token is none
        499: ErrorKind.SERVER,
        503: ErrorKind.OVERLOADED,
        504: ErrorKind.TIMEOUT,
        524: ErrorKind.TIMEOUT,
        529: ErrorKind.OVERLOADED,
    }
)

# Codes and types that speak for themselves where an error comes inside a 200.
_BY_WORD: Mapping[str, ErrorKind] = MappingProxyType(
    {
        "authentication_error": ErrorKind.AUTH,
        "invalid_api_key": ErrorKind.AUTH,
        "permission_error": ErrorKind.AUTH,
        "not_found_error": ErrorKind.NOT_FOUND,
        "invalid_request_error": ErrorKind.BAD_REQUEST,
        "rate_limit_error": ErrorKind.RATE_LIMIT,
        "rate_limit_exceeded": ErrorKind.RATE_LIMIT,
        "throttling_error": ErrorKind.RATE_LIMIT,
        "overloaded_error": ErrorKind.OVERLOADED,
        "billing_error": ErrorKind.QUOTA,
        "request_too_large": ErrorKind.BAD_REQUEST,
        "unavailable_error": ErrorKind.OVERLOADED,
        "timeout_error": ErrorKind.TIMEOUT,
        "timeout": ErrorKind.TIMEOUT,
        "vector_store_timeout": ErrorKind.TIMEOUT,
        "bio_policy": ErrorKind.CONTENT_POLICY,
        "invalid_prompt": ErrorKind.BAD_REQUEST,
        "data_residency_mismatch": ErrorKind.BAD_REQUEST,
        "failed_to_download_image": ErrorKind.BAD_REQUEST,
        "empty_image_file": ErrorKind.BAD_REQUEST,
        "image_file_not_found": ErrorKind.BAD_REQUEST,
        "image_file_too_large": ErrorKind.BAD_REQUEST,
        "image_parse_error": ErrorKind.BAD_REQUEST,
        "image_too_large": ErrorKind.BAD_REQUEST,
        "image_too_small": ErrorKind.BAD_REQUEST,
        "invalid_base64_image": ErrorKind.BAD_REQUEST,
        "invalid_image": ErrorKind.BAD_REQUEST,
        "invalid_image_format": ErrorKind.BAD_REQUEST,
        "invalid_image_mode": ErrorKind.BAD_REQUEST,
        "invalid_image_url": ErrorKind.BAD_REQUEST,
        "unsupported_image_media_type": ErrorKind.BAD_REQUEST,
    }
)


@frozen
class _Tell:
    """Words that say more than the status does, and the statuses at which they are believed."""

    kind: ErrorKind
    statuses: frozenset[int]
    marks: tuple[str, ...]


_REFUSED = frozenset({400, 403, 422})
_TELLS = (
    _Tell(
        ErrorKind.CONTEXT_WINDOW,
        frozenset({400, 413, 422, 500}),
        (
            "context_length_exceeded",
            "exceed_context_size",
            "context_window_exceeded",
            "maximum context",
            "context window",
            "context length",
            "context size",
            "prompt is too long",
            "exceed context limit",  # Anthropic
            "too many tokens",
        ),
    ),
    _Tell(
        ErrorKind.CONTENT_POLICY,
        _REFUSED,
        (
            "content_filter",
            "content_policy",
            "content management policy",
            "content filtering policy",  # Anthropic
            "responsibleaipolicyviolation",
            "moderation_blocked",
            "input was flagged",
        ),
    ),
    _Tell(
        ErrorKind.QUOTA,
        frozenset({400, 403, 429}),
        (
            "insufficient_quota",
            "billing_hard_limit",
            "billing_not_active",
            "exceeded your current quota",
            "calls / month",  # Cohere's trial keys
            "credit balance is too low",  # Anthropic, and the two below
            "specified api usage limits",
            "spend_limit_reached",
        ),
    ),
    _Tell(
        ErrorKind.AUTH,
        frozenset({400}),
        ("no_db_connection",),  # LiteLLM without a database: a key that is not its own
    ),
    _Tell(
        ErrorKind.NOT_FOUND,
        frozenset({400}),
        ("model_not_found", "deploymentnotfound", "invalid model name", "invalid_model"),
    ),
    _Tell(
        ErrorKind.BAD_REQUEST,
        frozenset({500}),
        ("mmproj", "image input is not supported"),  # llama.cpp; it would fail for ever
    ),
    _Tell(
        ErrorKind.OVERLOADED,
        frozenset({500, 502}),
        ("overloaded", "loading model"),
    ),
)


@frozen
class _Said:
    """What an error body says of itself."""

    message: str
    labels: tuple[str, ...] = ()
    wait: float | None = None

    @property
    def words(self) -> str:
        return " ".join((*self.labels, self.message)).lower()


def error_of(reply: HttpReply, now: float) -> CallError:
    """The classified error of a non-2xx answer; ``now`` is Unix time, for Retry-After dates."""
    said = _read_body(reply.body)
    message = said.message or "without a word of explanation"
    return error_for(
        reply,
        _kind(reply.status, said),
        f"the provider answered {reply.status}: {message}",
        now=now,
        wait=said.wait,
        request_id=request_id_in(reply.headers),
    )


def raise_error_inside(given: Mapping[str, Any]) -> None:
    """Raise the classified CallError if a 2xx body, a chunk or a choice carries an ``error``."""
    if error := given.get("error"):
        raise error_inside(error, given.get("id"), read_usage(given.get("usage")))


def error_inside(error: Any, request_id: Any = None, usage: Usage | None = None) -> CallError:
    """The classified error for an ``error`` that came inside a 2xx answer."""
    said = _read_error(error)
    status = _status_in(error)
    return CallError(
        _kind_by_words(said) if status is None else _kind(status, said),
        f"the provider answered with an error: {said.message or 'it does not say which'}",
        status=status,
        request_id=request_id if isinstance(request_id, str) else None,
        usage=usage,
    )


def _kind(status: int, said: _Said) -> ErrorKind:
    words = said.words
    for tell in _TELLS:
        if status in tell.statuses and any(mark in words for mark in tell.marks):
            return tell.kind
    return _BY_STATUS.get(status) or by_hundred(status)


def _kind_by_words(said: _Said) -> ErrorKind:
    words = said.words
    for tell in _TELLS:
        if any(mark in words for mark in tell.marks):
            return tell.kind
    known = (_BY_WORD[label] for label in said.labels if label in _BY_WORD)
    return next(known, ErrorKind.SERVER)


def _status_in(error: Any) -> int | None:
    """The status that an error inside a 200 names: a number, or a number as a string."""
    code = error.get("code") if isinstance(error, Mapping) else None
    try:
        status = int(code) if isinstance(code, int | str) else 0
    except ValueError:
        return None
    return status if CLIENT_ERRORS <= status <= _LAST_ERROR_STATUS else None


def _read_body(body: bytes) -> _Said:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _Said(clip(without_markup(body.decode(errors="replace")), _PAGE_LIMIT))
    if isinstance(document, list) and document:
        document = document[0]
    if not isinstance(document, Mapping):
        return _Said(clip(document, _PAGE_LIMIT) if isinstance(document, str) else "")
    # Hugging Face says how long a model still needs to load.
    wait = document.get("estimated_time")
    said = _read_error(document.get("error") or document)
    return replace(said, wait=wait) if is_number(wait) else said


def _read_error(error: Any) -> _Said:
    if not isinstance(error, Mapping):
        return _Said(clip(str(error), _MESSAGE_LIMIT))
    labels = tuple(_labels(error))
    message = "; ".join(_sentences(error)) or " ".join(labels)
    return _Said(clip(message, _MESSAGE_LIMIT), labels)


def _labels(error: Mapping[str, Any]) -> Iterator[str]:
    values = [error.get("code"), error.get("type")]
    for place, name in _INNER_CODES:
        inner = error.get(place)
        values += [inner.get(name)] if isinstance(inner, Mapping) else []
    return (str(value) for value in values if value and isinstance(value, int | str))


def _sentences(error: Mapping[str, Any]) -> Iterator[str]:
    """The message wherever it stands; OpenRouter keeps the provider's own beside it."""
    metadata = error.get("metadata")
    yield from _texts(error.get("message") or error.get("detail") or error.get("error"))
    yield from _texts(metadata.get("raw") if isinstance(metadata, Mapping) else None)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):  # Mistral packs what FastAPI says into its message
        yield from _texts(value.get("detail") or value.get("message"))
    elif isinstance(value, str) and value:
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item.get("msg") if isinstance(item, Mapping) else item)
