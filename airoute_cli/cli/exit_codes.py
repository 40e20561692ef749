"""The exit codes, and which one is told when several apply."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """What the shell is told."""

    OK = 0
    FATAL = 1
    USAGE = 2
    INCOMPLETE = 3  # some rows failed, were deferred or handed off
    STOPPED = 4  # budget, deadline, canary, or nobody left to ask
    REFUSED = 5  # the only rows missing were refused
    CHECK_FAILED = 6
    INTERRUPTED = 130
    NO_READER = 141  # whoever read stdout went away, as `head` does
    TERMINATED = 143


_ORDER = (
    ExitCode.TERMINATED,
    ExitCode.INTERRUPTED,
    ExitCode.FATAL,
    ExitCode.USAGE,
    ExitCode.STOPPED,
    ExitCode.INCOMPLETE,
    ExitCode.REFUSED,
    ExitCode.CHECK_FAILED,
)


def gravest(codes: Iterable[ExitCode]) -> ExitCode:
    """The code that is told where several apply; OK where none does."""
    given = set(codes)
    return next((code for code in _ORDER if code in given), ExitCode.OK)
