"""The intents of audit.jsonl: calls that were begun, so that a crash cannot hide one.

A row runs at most once in a pass, and its end is one line that tells all its attempts. So an intent
is settled by the line of the same row and pass, if that tells at least as many attempts as the
intent's number; whatever is not may have been billed, and nobody saw the answer. A row is known by
its line in the input: within a pass nothing else has that, and an id that was made from the content
would tell of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from airoute_cli.edges.run_folder.append_log import read_records
from airoute_cli.edges.run_folder.scratch import open_scratch, scratch_failed

EVENT = "intent"
_TABLE = """CREATE TABLE ended (pass INTEGER, line INTEGER, attempts INTEGER,
    PRIMARY KEY (pass, line)) WITHOUT ROWID"""
_PUT = "INSERT OR REPLACE INTO ended VALUES (?, ?, ?)"
_FIND = "SELECT attempts FROM ended WHERE pass = ? AND line = ?"


class Intent(NamedTuple):
    """A call that is about to leave.

    ``custom_id`` is None where the row has no id of its own; ``row`` is the keyed digest of its
    content. ``reserved_usd`` None: price unknown. ``role`` is that of a call for something else
    than the row's first answer.
    """

    line: int
    custom_id: str | None
    row: bytes
    model: str
    pass_number: int
    attempt: int
    reserved_usd: Decimal | None
    role: str | None = None

    def told(self) -> dict[str, Any]:
        """The record that is written before the call leaves."""
        return intent_told(
            self.line,
            self.custom_id,
            self.row.hex(),
            self.model,
            self.pass_number,
            self.attempt,
            self.reserved_usd,
            self.role,
        )


def intent_told(  # noqa: PLR0917 - the fields of an Intent, without one for every call
    line: int,
    custom_id: str | None,
    row: str,
    model: str,
    pass_number: int,
    attempt: int,
    reserved_usd: Decimal | None,
    role: str | None,
) -> dict[str, Any]:
    """The record of an Intent; ``row`` is its digest in hexadecimal digits."""
    told = {
        "event": EVENT,
        "line": line,
        "custom_id": custom_id,
        "row": row,
        "model": model,
        "pass": pass_number,
        "attempt": attempt,
        "reserved_usd": None if reserved_usd is None else str(reserved_usd),
    }
    if role:
        told["role"] = role
    return told


def intent_in(told: dict[str, Any]) -> Intent:
    """The intent that a record of that event tells."""
    reserved = told["reserved_usd"]
    return Intent(
        told["line"],
        told["custom_id"],
        bytes.fromhex(told["row"]),
        told["model"],
        told["pass"],
        told["attempt"],
        None if reserved is None else Decimal(reserved),
        told.get("role"),
    )


def read_intents(audit: Path) -> Iterator[Intent]:
    """Every intent in order, one in memory at a time."""
    for told, _, _ in read_records(audit):
        if told.get("event") == EVENT:
            yield intent_in(told)


class EndedCalls:
    """How many attempts the recorded end of each row tells, by pass, on the disk.

    Every method raises RunError where the disk is full.
    """

    def __init__(self) -> None:
        self._database = open_scratch(_TABLE)

    def add(self, pass_number: int, line: int, attempts: int) -> None:
        """Note what a result or journal line tells of its row."""
        if attempts:
            self._run(_PUT, pass_number, line, attempts)

    def settles(self, intent: Intent) -> bool:
        """Whether it is recorded what came of the call."""
        found = self._run(_FIND, intent.pass_number, intent.line).fetchone()
        return found is not None and intent.attempt <= found[0]

    def close(self) -> None:
        """Throw the table away."""
        self._database.close()

    def _run(self, statement: str, *values: int) -> sqlite3.Cursor:
        try:
            return self._database.execute(statement, values)
        except sqlite3.OperationalError as error:
            raise scratch_failed(error) from None
