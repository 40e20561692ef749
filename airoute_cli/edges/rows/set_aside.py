"""Rows that were read and have to wait, on the disk: memory does not grow with their number."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from airoute_cli.core.request import Row
from airoute_cli.edges.rows.parse import read_line
from airoute_cli.edges.run_folder.scratch import open_scratch

_TABLES = (
    """CREATE TABLE waiting (place INTEGER PRIMARY KEY, model TEXT, position INTEGER,
        custom_id TEXT, line INTEGER, raw BLOB, kept BLOB)""",
    "CREATE INDEX of_model ON waiting (model, place)",
)
_PUT = """INSERT INTO waiting (model, position, custom_id, line, raw, kept)
    VALUES (?, ?, ?, ?, ?, ?)"""
_FIRST = """SELECT place, position, custom_id, line, raw, kept FROM waiting
    WHERE model = ? ORDER BY place LIMIT 1"""
_BEGUN = """SELECT position, custom_id, line, raw, kept FROM waiting
    WHERE length(kept) > 0 ORDER BY place"""
_GONE = "DELETE FROM waiting WHERE place = ?"


class Placed(NamedTuple):
    """A row and its place in the input, from 0; ``kept`` is what was done for it, if anything."""

    row: Row
    position: int
    kept: bytes = b""


class SetAside:
    """Rows by the model they wait for, in order. Close it."""

    def __init__(self) -> None:
        self._database: sqlite3.Connection | None = None
        self._rows: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._rows.total()

    def __iter__(self) -> Iterator[str]:
        """The models that rows wait for."""
        return iter([model for model, rows in self._rows.items() if rows])

    def put(self, model: str, placed: Placed) -> bool:
        """Whether there was room on the disk for it."""
        row = placed.row
        values = (model, placed.position, row.custom_id, row.line, row.raw, placed.kept)
        try:
            if self._database is None:
                self._database = open_scratch(*_TABLES)
            self._database.execute(_PUT, values)
        except sqlite3.OperationalError:
            return False
        self._rows[model] += 1
        return True

    def take(self, model: str) -> Placed | None:
        """The first row that waits for a model; None if there is none."""
        if not self._rows[model] or self._database is None:
            return None
        found = self._database.execute(_FIRST, (model,)).fetchone()
        place, *values = found
        self._database.execute(_GONE, (place,))
        self._rows[model] -= 1
        return _placed(*values)

    def begun(self) -> Iterator[Placed]:
        """The rows that wait and of which something was kept."""
        if self._database:
            yield from (_placed(*values) for values in self._database.execute(_BEGUN))

    def waits(self, model: str) -> bool:
        """Whether rows wait for a model."""
        return self._rows[model] > 0

    def close(self) -> None:
        """Throw away what still waits."""
        if self._database:
            self._database.close()
        self._rows.clear()


def _placed(position: int, custom_id: str, line: int, raw: bytes, kept: bytes) -> Placed:
    row = read_line(raw, line)
    if not isinstance(row, Row):
        raise TypeError(f"line {line} was a row when it was set aside")
    return Placed(row._replace(custom_id=custom_id), position, kept)
