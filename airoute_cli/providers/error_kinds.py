"""What formats share in telling one kind of error from another."""

from __future__ import annotations

from collections.abc import Iterable

from airoute_cli.core.errors import RETRYABLE, CallError, ErrorKind
from airoute_cli.core.frozen import frozen
from airoute_cli.core.wire import HttpReply
from airoute_cli.providers.retry_after import retry_after, should_retry

CLIENT_ERRORS = 400
SERVER_ERRORS = 500


@frozen
class Tell:
    """Words that say more than a status or a name does, and the kinds among which they do.

    ``marks`` are in lower case; one of them is enough.
    """

    kind: ErrorKind
    among: frozenset[ErrorKind]
    marks: tuple[str, ...]


def told_by(words: str, kind: ErrorKind, tells: Iterable[Tell]) -> ErrorKind:
    """The kind that ``words``, in lower case, make of ``kind``: the first tell's, else itself."""
    told = (t for t in tells if kind in t.among and any(mark in words for mark in t.marks))
    return next((tell.kind for tell in told), kind)


def by_hundred(status: int) -> ErrorKind:
    """The kind of a status that nobody has said more about."""
    if status >= SERVER_ERRORS:
        return ErrorKind.SERVER
    return ErrorKind.BAD_REQUEST if status >= CLIENT_ERRORS else ErrorKind.MALFORMED


def error_for(
    reply: HttpReply,
    kind: ErrorKind,
    message: str,
    *,
    now: float,
    wait: float | None = None,
    request_id: str | None = None,
) -> CallError:
    """The error of a non-2xx answer, with whether it may be tried again and after how long.

    ``now`` is Unix time, for Retry-After dates. ``wait`` are the seconds that the body asks for;
    the header's wish wins. On what is not to be tried again a delay is noise: some send it even
    with a 200.
    """
    override = should_retry(reply.headers)
    retryable = kind in RETRYABLE if override is None else override
    wish = retry_after(reply.status, reply.headers, now)
    return CallError(
        kind,
        message,
        status=reply.status,
        retry_after=(wait if wish is None else wish) if retryable else None,
        retryable=retryable,
        request_id=request_id,
    )
