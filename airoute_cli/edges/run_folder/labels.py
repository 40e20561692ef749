"""The labels that a model gave in a run, by what it was asked about: kept on the disk."""

from __future__ import annotations

import sqlite3
from typing import Any, NamedTuple

from airoute_cli.edges.run_folder.scratch import open_scratch, scratch_failed

_TABLE = """CREATE TABLE labels (text BLOB PRIMARY KEY, said TEXT, confidence REAL, how TEXT)
    WITHOUT ROWID"""
_PUT = "INSERT OR REPLACE INTO labels VALUES (?, ?, ?, ?)"
_FIND = "SELECT said, confidence, how FROM labels WHERE text = ?"


class KnownLabel(NamedTuple):
    """What was said of a text, how sure that was (None: unknown), and how that is known."""

    said: str
    confidence: float | None
    by: str


class LabelIndex:
    """Labels by 32 bytes that stand for a text. Every method raises RunError on a full disk."""

    def __init__(self) -> None:
        self._database = open_scratch(_TABLE)

    def put(self, text: bytes, label: KnownLabel) -> None:
        """Note what was said of a text; the last that is noted holds."""
        self._run(_PUT, text, *label)

    def find(self, text: bytes) -> KnownLabel | None:
        """What was said of a text before; None if nothing was."""
        found = self._run(_FIND, text).fetchone()
        return None if found is None else KnownLabel(*found)

    def close(self) -> None:
        """Throw the table away."""
        self._database.close()

    def _run(self, statement: str, *values: Any) -> sqlite3.Cursor:
        try:
            return self._database.execute(statement, values)
        except sqlite3.OperationalError as error:
            raise scratch_failed(error) from None
