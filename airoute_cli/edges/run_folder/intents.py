"""The intents of audit.jsonl: calls that were begun, so that a crash cannot hide one.

A row runs at most once in a pass, and its end is one line that tells all its attempts. So an intent
is settled by the line of the same row and pass, if that tells at least as many attempts as the
intent's number; whatever is not may have been billed, and nobody saw the answer.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import orjson

from airoute_cli.edges.run_folder.append_log import read_records
from airoute_cli.edges.run_folder.scratch import key_of, open_scratch, scratch_failed

_EVENT = "intent"
_TABLE = "CREATE TABLE ended (id BLOB PRIMARY KEY, attempts INTEGER) WITHOUT ROWID"
_PUT = "INSERT OR REPLACE INTO ended VALUES (?, ?)"
_FIND = "SELECT attempts FROM ended WHERE id = ?"


class Intent(NamedTuple):
    """A call that is about to leave. ``reserved_usd`` None: price unknown."""

    custom_id: str
    digest: bytes
    model: str
    pass_number: int
    attempt: int
    reserved_usd: Decimal | None


def intent_line(intent: Intent) -> bytes:
    """The line that is written before a call leaves."""
    return orjson.dumps(
        {
            "event": _EVENT,
            "custom_id": intent.custom_id,
            "digest": intent.digest.hex(),
            "model": intent.model,
            "pass": intent.pass_number,
            "attempt": intent.attempt,
            "reserved_usd": None if intent.reserved_usd is None else str(intent.reserved_usd),
        }
    )


def read_intents(audit: Path) -> Iterator[Intent]:
    """Every intent in order, one in memory at a time."""
    for told, _, _ in read_records(audit):
        if told.get("event") != _EVENT:
            continue
        reserved = told["reserved_usd"]
        yield Intent(
            told["custom_id"],
            bytes.fromhex(told["digest"]),
            told["model"],
            told["pass"],
            told["attempt"],
            None if reserved is None else Decimal(reserved),
        )


class EndedCalls:
    """How many attempts the recorded end of each row tells, by pass, on the disk.

    Every method raises RunError where the disk is full.
    """

    def __init__(self) -> None:
        self._database = open_scratch(_TABLE)

    def add(self, custom_id: str, pass_number: int, attempts: int) -> None:
        """Note what a result or journal line tells of its row."""
        if attempts:
            self._run(_PUT, _key(custom_id, pass_number), attempts)

    def settles(self, intent: Intent) -> bool:
        """Whether it is recorded what came of the call."""
        found = self._run(_FIND, _key(intent.custom_id, intent.pass_number)).fetchone()
        return found is not None and intent.attempt <= found[0]

    def close(self) -> None:
        """Throw the table away."""
        self._database.close()

    def _run(self, statement: str, *values: bytes | int) -> sqlite3.Cursor:
        try:
            return self._database.execute(statement, values)
        except sqlite3.OperationalError as error:
            raise scratch_failed(error) from None


def _key(custom_id: str, pass_number: int) -> bytes:
    return key_of(f"{pass_number}:{custom_id}")
