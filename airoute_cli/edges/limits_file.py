"""What processes on this machine use of the limits that they share, in a file of the user.

SQLite in the user's state folder, mode 0600; a limit is told by a hash, and no key stands in it.
All times are of the system's monotonic clock, which every process reads alike and nobody sets.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import field
from pathlib import Path

from airoute_cli.core.blocks import GOOD_FOR_S, SLACK_S, WINDOW_S, Block, opens
from airoute_cli.core.errors import RunError
from airoute_cli.core.frozen import frozen
from airoute_cli.edges.paths import state_folder
from airoute_cli.edges.state_database import make_private, transaction

NAME = "limits.sqlite"
BUSY_S = 10.0

_VERSION = 1
_FORGOTTEN_AFTER_S = WINDOW_S + SLACK_S
# Nothing is granted that far ahead: it is of a time before the machine was started anew.
_ANOTHER_TIME_S = 600.0

_TABLES = (
    """CREATE TABLE block (id INTEGER PRIMARY KEY AUTOINCREMENT, subject BLOB, start REAL,
        until REAL, amount REAL)""",
    # When all that was granted is used up at the pace of the limit.
    "CREATE TABLE pace (subject BLOB PRIMARY KEY, free_at REAL) WITHOUT ROWID",
    "CREATE INDEX of_subject ON block (subject, id)",
)
_DROP = ("DROP TABLE IF EXISTS block", "DROP TABLE IF EXISTS pace")
_FORGET = "DELETE FROM block WHERE subject = ? AND (until < ? OR start > ?)"
_FORGET_ALL = (
    "DELETE FROM block WHERE until < ? OR start > ?",
    "DELETE FROM pace WHERE free_at < ? OR free_at > ?",
)
_CHANGE = "UPDATE block SET amount = max(0, amount + ?), until = min(until, ?) WHERE id = ?"
_GIVEN_BACK = "DELETE FROM block WHERE id = ? AND amount <= 0"
_GRANT = "INSERT INTO block (subject, start, until, amount) VALUES (?, ?, ?, ?)"
_PLANNED = "SELECT id, start, until, amount FROM block WHERE id = ?"
_MOVE = "UPDATE block SET start = ?, until = ?, amount = ? WHERE id = ?"
_FREE_AT = "SELECT free_at FROM pace WHERE subject = ?"
_PACE = "INSERT OR REPLACE INTO pace VALUES (?, ?)"
# Whoever came later may have begun already, as when an earlier one waits for more than is free.
_BEFORE = """SELECT id, start, until, amount FROM block
    WHERE subject = ? AND id != ? AND (id < ? OR start <= ?) ORDER BY id"""
_LAST = 2**62


@frozen
class Exchange:
    """What one process tells of one limit, and what it wants of it.

    ``changes`` are, for each block, by how much its amount changes and when it was last used;
    ``extra`` was used beyond the blocks. ``wanted`` units are asked for, None for nothing; an
    earlier wish whose time has not come, ``instead``, is given back for it and keeps its place.
    """

    subject: bytes
    limit: float
    changes: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    extra: float = 0.0
    wanted: float | None = None
    instead: int | None = None

    @property
    def seconds_each(self) -> float:
        """Seconds for one unit at the pace of the limit."""
        return WINDOW_S / self.limit


class LimitsFile:
    """The open file; any thread may use it. Raises RunError where it cannot be used."""

    def __init__(self, now: float) -> None:
        self._lock = threading.Lock()
        self._database = _opened(state_folder() / NAME)
        with _as_sentence():
            for statement in _FORGET_ALL:
                self._database.execute(statement, _limits_of_memory(now))

    def exchange(self, told: Exchange, now: float) -> Block | None:
        """Note what was used, and grant what is wanted as soon as the limit allows it."""
        with self._lock, _as_sentence(), transaction(self._database):
            free_at = self._note(told, now)
            block = None
            if told.wanted is not None:
                block, free_at = self._grant(told, told.wanted, free_at, now)
            self._database.execute(_PACE, (told.subject, free_at))
        return block

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def _note(self, told: Exchange, now: float) -> float:
        """Book what is told; when all that was granted is used up at the limit's pace."""
        run = self._database.execute
        run(_FORGET, (told.subject, *_limits_of_memory(now)))
        for block, (amount, last) in told.changes.items():
            run(_CHANGE, (amount, last, block))
            run(_GIVEN_BACK, (block,))
        if told.extra:
            run(_GRANT, (told.subject, now, now, told.extra))
        (free_at,) = run(_FREE_AT, (told.subject,)).fetchone() or (now,)
        change = told.extra + sum(amount for amount, _ in told.changes.values())
        return max(now, float(free_at) + change * told.seconds_each)

    def _grant(
        self, told: Exchange, wanted: float, free_at: float, now: float
    ) -> tuple[Block, float]:
        run, place = self._database.execute, told.instead
        earlier = run(_PLANNED, (place,)).fetchone() if place else None
        found = run(_BEFORE, (told.subject, place or 0, place or _LAST, now))
        opens_at = opens(wanted, told.limit, (Block(*row) for row in found))
        seconds = wanted * told.seconds_each
        if earlier:
            paced_at = min(earlier[1], free_at - earlier[3] * told.seconds_each)
            start = max(now, paced_at, opens_at)
            run(_MOVE, (start, start + GOOD_FOR_S, wanted, place))
            block = Block(earlier[0], start, start + GOOD_FOR_S, wanted)
            return block, max(free_at, start + seconds)
        start = max(free_at, opens_at)
        made = run(_GRANT, (told.subject, start, start + GOOD_FOR_S, wanted)).lastrowid
        return Block(made or 0, start, start + GOOD_FOR_S, wanted), start + seconds


def _limits_of_memory(now: float) -> tuple[float, float]:
    return now - _FORGOTTEN_AFTER_S, now + _ANOTHER_TIME_S


def _opened(path: Path) -> sqlite3.Connection:
    """The open file with its tables; what it holds is worth a minute, so a damaged one goes."""
    with _as_sentence():
        try:
            return _connected(path)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            return _connected(path)


def _connected(path: Path) -> sqlite3.Connection:
    make_private(path)
    database = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    with suppress(sqlite3.OperationalError):  # another process is at it
        database.execute("PRAGMA journal_mode = WAL")
    # A kill loses nothing so; what a power cut loses is no longer of interest.
    database.execute("PRAGMA synchronous = OFF")
    with transaction(database):
        if database.execute("PRAGMA user_version").fetchone() != (_VERSION,):
            for statement in (*_DROP, *_TABLES):
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {_VERSION}")
    return database


@contextmanager
def _as_sentence() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _failed(str(error)) from None
    except OSError as error:
        raise _failed(error.strerror or str(error)) from None


def _failed(why: str) -> RunError:
    return RunError(
        f"limits are not shared with other processes: {state_folder() / NAME} cannot be used: {why}"
    )
