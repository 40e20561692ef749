"""The errors of airoute. Users see their sentences, never their tracebacks.

AirouteError              exit code
├── UsageError            2   a flag, an argument or an input file that cannot be used
├── ProfileError          2   one or more Problems in a profile, each with its line
├── SetupError            1   something is not installed here; the sentence holds the command
├── RunError              1   the run cannot go on: the disk, the folder, the lock
│   └── ClosureError      1   a call would have gone where the policy forbids it: a bug of ours
├── RowError              -   one input row is unusable; it fails alone
└── CallError             -   one attempt at a model failed, classified by ErrorKind
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from airoute_cli.core.frozen import frozen
from airoute_cli.core.money import Usage


class AirouteError(Exception):
    """An error whose text is written for the user."""

    exit_code: ClassVar[int] = 1


class UsageError(AirouteError):
    """A flag, an argument or an input that cannot be used as given."""

    exit_code = 2


class SetupError(AirouteError):
    """A part that is not installed here; the sentence names the command that mends it."""


class RunError(AirouteError):
    """The run cannot go on; what it has finished is saved."""


class ClosureError(RunError):
    """A call was about to leave for a model outside the row's eligible set."""


class RowError(AirouteError):
    """One input row that cannot be used. It fails alone; the others go on.

    ``code`` is the machine's word for it and stands in errors.jsonl.
    """

    def __init__(self, message: str, code: str = "invalid_row") -> None:
        super().__init__(message)
        self.code = code


@frozen
class Problem:
    """One thing that is wrong in a file: where, what, and how to mend it."""

    path: str
    line: int | None
    key: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else self.path
        subject = f"{self.key}: " if self.key else ""
        remedy = f" {self.remedy}" if self.remedy else ""
        return f"{where}: {subject}{self.message}{remedy}"


class ProfileError(AirouteError):
    """A profile that cannot be used; every problem found in it is told at once."""

    exit_code = 2

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class ErrorKind(StrEnum):
    """What went wrong in one attempt, in one vocabulary for every provider."""

    AUTH = "auth"
    NOT_FOUND = "not_found"
    BAD_REQUEST = "bad_request"
    CONTEXT_WINDOW = "context_window"
    CONTENT_POLICY = "content_policy"
    RATE_LIMIT = "rate_limit"
    QUOTA = "quota_exhausted"
    OVERLOADED = "overloaded"
    SERVER = "server"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    MALFORMED = "malformed_answer"
    EMPTY = "empty_answer"
    CUT = "cut_stream"
    TRUNCATED = "truncated"
    CANCELLED = "cancelled"


# The same request may succeed on the same model a little later.
RETRYABLE = frozenset(
    {
        ErrorKind.RATE_LIMIT,
        ErrorKind.OVERLOADED,
        ErrorKind.SERVER,
        ErrorKind.TIMEOUT,
        ErrorKind.CONNECTION,
        ErrorKind.MALFORMED,
        ErrorKind.EMPTY,
        ErrorKind.CUT,
    }
)

# The next model of the plan may be asked. A bad request and a content refusal are not here: the
# first would fail everywhere, and a fallback must never be a way round a refusal.
FALLS_BACK = RETRYABLE | {
    ErrorKind.AUTH,
    ErrorKind.NOT_FOUND,
    ErrorKind.QUOTA,
    ErrorKind.CONTEXT_WINDOW,
}

# The provider may have worked, and may bill, without having told what.
MAYBE_BILLED = frozenset(
    {ErrorKind.TIMEOUT, ErrorKind.CUT, ErrorKind.MALFORMED, ErrorKind.EMPTY, ErrorKind.CANCELLED}
)


class CallError(AirouteError):
    """One attempt that gave no answer.

    ``retry_after`` is the provider's own wish in seconds; ``retryable`` overrides what the kind
    says where the provider is explicit (the header ``x-should-retry``). ``status`` is the HTTP
    status, None where there was no HTTP answer. ``usage`` is what a failed attempt was told to
    have used all the same, and ``reported_usd`` what the provider says that it cost.
    """

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        retryable: bool | None = None,
        request_id: str | None = None,
        usage: Usage | None = None,
        reported_usd: Decimal | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.status = status
        self.retry_after = retry_after
        self.retryable = kind in RETRYABLE if retryable is None else retryable
        self.request_id = request_id
        self.usage = usage
        self.reported_usd = reported_usd
