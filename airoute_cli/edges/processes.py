"""Who a process is, so that what a dead one has left behind can be told from a live one's."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")
# proc(5), /proc/PID/stat: the state is the first field behind the name, the start the twentieth.
_STATE, _START = 0, 19
_DEAD = frozenset("ZX")


class ProcessId(NamedTuple):
    """A process: its pid, when that pid began, and where the number means something.

    ``space`` is the machine, and on Linux the boot and the pid namespace: a container counts anew.
    """

    pid: int
    started: str
    space: str


def this_process() -> ProcessId:
    """The process that asks."""
    pid = os.getpid()
    return ProcessId(pid, _started(pid) or "", _space())


def is_alive(process: ProcessId) -> bool | None:
    """Whether it still runs; None where that cannot be seen from here."""
    if process.space != _space():
        return None
    return _started(process.pid) == process.started


def _started(pid: int) -> str | None:
    if _PROC.is_dir():
        return _started_by_proc(pid)
    return _started_by_ps(pid)


def _started_by_proc(pid: int) -> str | None:
    try:
        told = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = told.rpartition(")")[2].split()
    return None if fields[_STATE] in _DEAD else fields[_START]


def _started_by_ps(pid: int) -> str | None:
    """Where there is no /proc (macOS, the BSDs)."""
    told = subprocess.run(  # noqa: S603 - a number is all that varies
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return told.stdout.strip() or None


def _space() -> str:
    boot = _PROC / "sys" / "kernel" / "random" / "boot_id"
    try:
        return f"{boot.read_text().strip()} {(_PROC / 'self' / 'ns' / 'pid').readlink()}"
    except OSError:
        return os.uname().nodename
