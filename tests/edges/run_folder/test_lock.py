from __future__ import annotations

import errno
import fcntl
import os
import re
import signal
import subprocess
import sys

import pytest

from airoute_cli.core.errors import RunError
from airoute_cli.edges.run_folder.lock import FolderLock

HOLDS = """
import sys, time
from pathlib import Path
from airoute_cli.edges.run_folder.lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_refused_and_a_dead_one_is_taken_over(tmp_path):
    command = [sys.executable, "-c", HOLDS, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(RunError) as refused:
            FolderLock(tmp_path)
        assert re.fullmatch(
            rf"{tmp_path} is in use by process {holder.pid} since 20\S+; "
            "wait for it to end, or choose another folder",
            str(refused.value),
        )
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
    lock = FolderLock(tmp_path)
    assert lock.taken_over_from == holder.pid
    lock.release()


def test_a_lock_that_was_let_go_of_is_no_stale_one(tmp_path):
    lock = FolderLock(tmp_path)
    assert lock.taken_over_from is None
    assert lock.path.stat().st_mode & 0o777 == 0o600
    lock.release()
    lock.release()
    again = FolderLock(tmp_path)
    assert again.taken_over_from is None
    again.release()


def test_a_disk_that_cannot_lock_is_told_in_words(tmp_path, monkeypatch):
    def fail(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", fail)
    with pytest.raises(RunError, match="No locks available; put the run folder on a local disk"):
        FolderLock(tmp_path)
