"""One process in a run folder at a time."""

from __future__ import annotations

import errno
import fcntl
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from airoute_cli.core.errors import RunError
from airoute_cli.edges.run_folder.disk_errors import reason, writing_failed

NAME = "run.lock"
_HELD = frozenset({errno.EACCES, errno.EAGAIN})
_MOST = 4096


class FolderLock:
    """Holds the folder until ``release``; the kernel lets go of it when the process dies.

    ``taken_over_from`` is the pid of a process that died without letting go, None otherwise: a
    lock file that nobody holds is stale by that alone, and is taken over.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        try:
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise RunError(f"cannot open {self.path}: {reason(error)}") from None
        self._seize(folder)
        self.taken_over_from: int | None = self._holder().get("pid")
        self._sign()

    def release(self) -> None:
        """Let go; it may be called twice. The file stays, empty, so that no two can race for it."""
        if self._fd >= 0:
            os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = -1

    def _seize(self, folder: Path) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = self._holder()
            os.close(self._fd)
            if error.errno in _HELD:
                raise RunError(_busy(folder, holder)) from None
            raise RunError(
                f"cannot lock {self.path}: {reason(error)}; put the run folder on a local disk"
            ) from None

    def _holder(self) -> dict[str, Any]:
        try:
            told = orjson.loads(os.pread(self._fd, _MOST, 0))
        except orjson.JSONDecodeError:  # empty: let go of in order
            return {}
        return told if isinstance(told, dict) else {}

    def _sign(self) -> None:
        told = {"pid": os.getpid(), "started": datetime.now(UTC).isoformat(timespec="seconds")}
        try:
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, orjson.dumps(told), 0)
        except OSError as error:
            os.close(self._fd)
            raise writing_failed(self.path, error) from None


def _busy(folder: Path, holder: dict[str, Any]) -> str:
    who = f"process {holder['pid']}" if "pid" in holder else "another process"
    since = f" since {holder['started']}" if "started" in holder else ""
    return f"{folder} is in use by {who}{since}; wait for it to end, or choose another folder"
