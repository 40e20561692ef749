"""``--debug``, and what is told of a bug: never a key, a prompt or an answer."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator

from airoute_cli.cli.render.plain import harmless
from airoute_cli.engine.debug import LOGGER


class _Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return harmless(f"airoute: debug: {record.getMessage()}")


def start_debug() -> None:
    """Log decisions and attempts on stderr from now on."""
    log = logging.getLogger(LOGGER)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Plain())
    log.handlers = [handler]
    log.propagate = False
    log.setLevel(logging.DEBUG)


def tell_bug(error: BaseException) -> str:
    """The sentence about an error that nobody has foreseen; with ``--debug`` where it came from.

    Its message is not told: it may hold what was being sent.
    """
    lines = [f"something went wrong that should not: {type(error).__name__} in {_place(error)}"]
    if logging.getLogger(LOGGER).isEnabledFor(logging.DEBUG):
        lines += _frames(error)
    else:
        lines.append("this is a bug in airoute; run it again with --debug, and report what it says")
    return "\n".join(lines)


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "an unknown place"


def _frames(error: BaseException) -> Iterator[str]:
    """The way down to the error, file by file, and that of what led to it."""
    cause = error.__cause__ or error.__context__
    if cause is not None:
        yield from _frames(cause)
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"  {frame.filename}:{frame.lineno} in {frame.name}"
    yield f"  {type(error).__name__}"
