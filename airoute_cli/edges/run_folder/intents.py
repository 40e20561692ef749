"""The intents of audit.jsonl: calls that were begun, so that a crash cannot hide one."""

from __future__ import annotations

from decimal import Decimal

import orjson

from airoute_cli.edges.run_folder.append_log import read_records
from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.edges.run_folder.scratch import key_of, scratch

_EVENT = "intent"
_TABLE = "CREATE TABLE ended (id BLOB PRIMARY KEY) WITHOUT ROWID"
_PUT = "INSERT OR IGNORE INTO ended VALUES (?)"
_FIND = "SELECT 1 FROM ended WHERE id = ?"


def intent_line(
    custom_id: str, digest: bytes, model: str, attempt: int, reserved_usd: Decimal | None
) -> bytes:
    """The line that is written before a call leaves. ``reserved_usd`` None: price unknown."""
    return orjson.dumps(
        {
            "event": _EVENT,
            "custom_id": custom_id,
            "digest": digest.hex(),
            "model": model,
            "attempt": attempt,
            "reserved_usd": None if reserved_usd is None else str(reserved_usd),
        }
    )


def open_intents(folder: RunFolder) -> int:
    """How many calls were begun for rows that neither have a result nor stand in the journal.

    They may have been billed, and nobody saw the answer.
    """
    with scratch(_TABLE) as ended:
        for log in (folder.results, folder.journal):
            for told, _, _ in read_records(log.path):
                ended.execute(_PUT, (key_of(told["custom_id"]),))
        count = 0
        for told, _, _ in read_records(folder.audit.path):
            if told.get("event") == _EVENT:
                count += ended.execute(_FIND, (key_of(told["custom_id"]),)).fetchone() is None
        return count
