"""errors.jsonl and its kin: the rows that did not complete, by how they ended."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping

from airoute_cli.core.outcome import RowState
from airoute_cli.edges.run_folder.append_log import read_records
from airoute_cli.edges.run_folder.atomic import replaced
from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.edges.run_folder.journal import view_line
from airoute_cli.edges.run_folder.scratch import key_of, scratch

VIEWS: Mapping[str, RowState] = {
    "errors.jsonl": RowState.FAILED,
    "refused.jsonl": RowState.REFUSED,
    "deferred.jsonl": RowState.DEFERRED,
    "handoff.jsonl": RowState.HANDED_OFF,
}
_TABLE = """CREATE TABLE ends
    (id TEXT PRIMARY KEY, state TEXT, offset INTEGER, size INTEGER) WITHOUT ROWID"""
_PUT = "INSERT OR REPLACE INTO ends VALUES (?, ?, ?, ?)"
_DROP = "DELETE FROM ends WHERE id = ?"
_TAKE = "SELECT offset, size FROM ends WHERE state = ? ORDER BY offset"


def write_views(folder: RunFolder) -> dict[str, int]:
    """Write the views anew from the logs, each one atomically; the rows in each, by file name.

    A row's last outcome holds, and a row with a result is in no view. A view with no rows is
    removed. Raises RunError.
    """
    with scratch(_TABLE) as ends:
        for told, offset, size in read_records(folder.journal.path):
            ends.execute(_PUT, (key_of(told["custom_id"]), told["state"], offset, size))
        if folder.journal.size:  # else there is nothing to take out, and results may be many
            for told, _, _ in read_records(folder.results.path):
                ends.execute(_DROP, (key_of(told["custom_id"]),))
        return {name: _write_view(folder, name, state, ends) for name, state in VIEWS.items()}


def _write_view(folder: RunFolder, name: str, state: RowState, ends: sqlite3.Connection) -> int:
    path = folder.path / name
    places = ends.execute(_TAKE, (str(state),))
    if (place := places.fetchone()) is None:
        path.unlink(missing_ok=True)
        return 0
    rows = 0
    with folder.journal.path.open("rb") as journal, replaced(path) as view:
        while place is not None:
            offset, size = place
            view.write(view_line(os.pread(journal.fileno(), size, offset)) + b"\n")
            rows += 1
            place = places.fetchone()
    return rows
