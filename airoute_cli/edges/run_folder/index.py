"""Which rows have ended, which ids are taken: asked for every row, kept on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from enum import Enum
from itertools import chain
from typing import Any

from airoute_cli.edges.run_folder.scratch import key_of, open_scratch, scratch_failed

_TABLES = (
    "CREATE TABLE results (id TEXT PRIMARY KEY, digest BLOB) WITHOUT ROWID",
    "CREATE TABLE incomplete (id TEXT PRIMARY KEY, digest BLOB, state TEXT) WITHOUT ROWID",
    "CREATE TABLE tried (row BLOB PRIMARY KEY, pass INTEGER) WITHOUT ROWID",
    "CREATE TABLE claims (id TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID",
    "CREATE TABLE copies (digest BLOB PRIMARY KEY, rows INTEGER) WITHOUT ROWID",
)
_FINISH = "INSERT OR REPLACE INTO results VALUES (?, ?)"
_FINISHED = "SELECT digest FROM results WHERE id = ?"
_NOTE = "INSERT OR REPLACE INTO incomplete VALUES (?, ?, ?)"
_INCOMPLETE = """SELECT state FROM incomplete AS i WHERE id = ? AND digest = ?
    AND NOT EXISTS (SELECT 1 FROM results AS r WHERE r.id = i.id AND r.digest = i.digest)"""
_TRY = "INSERT OR IGNORE INTO tried VALUES (?, ?)"
_TRIED = "SELECT pass FROM tried WHERE row = ?"
_CLAIM = "INSERT OR IGNORE INTO claims VALUES (?, ?)"
# One statement for many ids takes half the time of one for each.
_MANY = 64
_CLAIM_MANY = _CLAIM + ", (?, ?)" * (_MANY - 1)
_CLAIMED = "SELECT line FROM claims WHERE id = ?"
_COPY = """INSERT INTO copies VALUES (?, 1)
    ON CONFLICT (digest) DO UPDATE SET rows = rows + 1 RETURNING rows"""
_UNCLAIMED = "SELECT count(*) FROM results WHERE id NOT IN (SELECT id FROM claims)"


class Finished(Enum):
    """Whether a row has a result: none, one for this content, or one for other content."""

    NO = "no"
    SAME = "same"
    CHANGED = "changed"


class RowIndex:
    """What one pass over the input has to know of every row, in tables on the disk.

    Use it from one thread. Every method raises RunError where the disk is full.
    """

    def __init__(self) -> None:
        self._database = open_scratch(*_TABLES)
        # A new run has no earlier pass, and need not ask for each of its rows.
        self._has_results = self._has_incomplete = False

    @property
    def is_new(self) -> bool:
        """Whether no row has ended in an earlier pass."""
        return not (self._has_results or self._has_incomplete)

    def finish(self, custom_id: str, digest: bytes) -> None:
        """Note that a row with this content has its result; a later one wins."""
        self._has_results = True
        self._run(_FINISH, key_of(custom_id), digest)

    def finished(self, custom_id: str, digest: bytes) -> Finished:
        """Whether the row has its result."""
        found = self._run(_FINISHED, key_of(custom_id)) if self._has_results else None
        if found is None:
            return Finished.NO
        return Finished.SAME if found == digest else Finished.CHANGED

    def note_incomplete(self, custom_id: str, digest: bytes, state: str) -> None:
        """Note that a row ended without a result; the last state that is noted holds."""
        self._has_incomplete = True
        self._run(_NOTE, key_of(custom_id), digest, state)

    def incomplete(self, custom_id: str, digest: bytes) -> str | None:
        """The last state of a row with this content that has no result, None if it has none."""
        if not self._has_incomplete:
            return None
        found: str | None = self._run(_INCOMPLETE, key_of(custom_id), digest)
        return found

    def note_tried(self, row: bytes, pass_number: int) -> None:
        """Note that a row was tried, by the keyed digest of its content; the first pass holds."""
        self._execute(_TRY, row, pass_number)

    def first_tried(self, row: bytes) -> int | None:
        """The pass in which a row with this content was tried first; None if it never was."""
        found: int | None = self._run(_TRIED, row)
        return found

    def claim(self, custom_id: str, line: int) -> int | None:
        """Take an id for the row on ``line``; the line of the row that has it already, if any."""
        key = key_of(custom_id)
        return None if self._execute(_CLAIM, key, line).rowcount else self._claimed(key)

    def claim_all(self, ids: Sequence[str], lines: Sequence[int]) -> dict[int, int]:
        """``claim`` for many rows, in order, each on a line of its own.

        By their lines, those whose ids were taken, with the lines of the rows that have them.
        """
        claims = list(zip(map(key_of, ids), lines, strict=True))
        taken: dict[int, int] = {}
        for start in range(0, len(claims), _MANY):
            some = claims[start : start + _MANY]
            if self._claim_some(some) < len(some):
                who = ((line, self._claimed(key)) for key, line in some)
                taken.update((line, first) for line, first in who if first != line)
        return taken

    def _claim_some(self, claims: Sequence[tuple[str, int]]) -> int:
        """How many of the ids were free."""
        if len(claims) == _MANY:
            return self._execute(_CLAIM_MANY, *chain.from_iterable(claims)).rowcount
        return sum(self._execute(_CLAIM, *claim).rowcount for claim in claims)

    def _claimed(self, key: str) -> int:
        line: int = self._run(_CLAIMED, key)
        return line

    def occurrence(self, digest: bytes) -> int:
        """Count one more row with this content: 1 for the first of them, 2 for the second."""
        count: int = self._run(_COPY, digest)
        return count

    def unclaimed_results(self) -> int:
        """Results of rows that this pass has not seen: they are no longer in the input."""
        count: int = self._run(_UNCLAIMED)
        return count

    def close(self) -> None:
        """Throw the tables away."""
        self._database.close()

    def _run(self, statement: str, *values: Any) -> Any:
        """The first column of the first row, None if there is none."""
        row = self._execute(statement, *values).fetchone()
        return None if row is None else row[0]

    def _execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        try:
            return self._database.execute(statement, values)
        except sqlite3.OperationalError as error:
            raise scratch_failed(error) from None
