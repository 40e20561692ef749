"""What the SQLite files in the user's state folder share: one owner, and all or nothing."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def make_private(path: Path) -> None:
    """Make a file and its folder where they are missing, for their owner alone. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.fchmod(fd, 0o600)
    finally:
        os.close(fd)


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """All of a block or nothing of it; no other process writes meanwhile. Raises sqlite3.Error."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        with suppress(sqlite3.Error):
            database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")
