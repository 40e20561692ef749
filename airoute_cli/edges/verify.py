"""A command of the user's that says whether an answer is good: it gets it on stdin."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence

from airoute_cli.core.errors import SetupError

_MOST = 200


async def verify(command: Sequence[str], text: str, timeout_s: float) -> str | None:
    """Why ``command`` does not accept ``text``, as a sentence; None where it does (exit code 0).

    No shell is between. The command and all that it started are killed after ``timeout_s``
    seconds. Raises SetupError where it cannot be started.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise SetupError(
            f"accept.verify: {command[0]!r} cannot be started: {error.strerror}. Name a program "
            "that is found from the folder in which airoute runs and may be executed."
        ) from None
    try:
        async with asyncio.timeout(timeout_s):
            _, told = await process.communicate(text.encode())
    except TimeoutError:
        return f"the command took longer than {timeout_s:g} s"
    finally:
        await _end(process)
    if process.returncode == 0:
        return None
    said = " ".join(told.decode(errors="replace").split())[:_MOST]
    return f"exit code {process.returncode}{f': {said}' if said else ''}"


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill what is left of the command's session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.returncode is None:
        await process.wait()
