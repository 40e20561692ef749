"""The lines of journal.jsonl: how rows ended that have no result, and the rows themselves.

``{"custom_id","digest","line","state","error":{"code","message"},"airoute":{…},"row":{…}}``, where
a line that is no JSON object stands as text under ``raw`` instead of ``row``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from airoute_cli.core.outcome import RowFailure, RowState
from airoute_cli.core.request import BadRow, Row

_MARK = b',"airoute":'
_ROW = b',"row":'


def journal_line(
    row: Row | BadRow, state: RowState, failure: RowFailure | None, airoute: Mapping[str, Any]
) -> bytes:
    """The line for a row that did not complete; the row's own bytes stand in it unchanged."""
    error = None if failure is None else {"code": failure.code, "message": failure.message}
    return orjson.dumps(
        {
            "custom_id": row.custom_id,
            "digest": row.digest.hex(),
            "line": row.line,
            "state": str(state),
            "error": error,
            "airoute": dict(airoute),
            **_content(row.raw),  # last: row_in takes it out again byte by byte
        }
    )


# What else of a result a view has: each try, and an answer that was not of the form asked for.
_ALSO = ("attempts", "output")


def view_line(journal: bytes) -> bytes:
    """The row of a journal line as it can be fed in again, with ``airoute`` saying what happened.

    Without a line feed at its end.
    """
    told = orjson.loads(journal)
    mark = {key: told[key] for key in ("custom_id", "line", "state", "error")}
    mark |= {key: told["airoute"][key] for key in _ALSO if key in told["airoute"]}
    if "row" not in told:
        shown = {"custom_id": told["custom_id"], "raw": told["raw"], "airoute": mark}
        return orjson.dumps(shown)
    row = _without_mark(row_in(journal), told["row"])
    comma = b"" if row[:-1].rstrip().endswith(b"{") else b","
    return row[:-1] + comma + _MARK[1:] + orjson.dumps(mark) + b"}"


def row_in(journal: bytes) -> bytes:
    """The bytes of the row at the end of a journal line.

    The first place from which the rest is one whole JSON value is where it begins.
    """
    end = journal.rindex(b"}")
    start = journal.find(_ROW)
    while not _is_object(journal[start + len(_ROW) : end]):
        start = journal.index(_ROW, start + 1)
    return journal[start + len(_ROW) : end]


def _content(raw: bytes) -> dict[str, Any]:
    row = raw.strip()
    if _is_object(row):
        return {"row": orjson.Fragment(row)}
    return {"raw": raw.decode("utf-8", "backslashreplace")}


def _is_object(text: bytes) -> bool:
    try:
        return isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        return False


def _without_mark(row: bytes, parsed: dict[str, Any]) -> bytes:
    """The row without the ``airoute`` of an earlier run, which a view has put at its end."""
    if "airoute" not in parsed:
        return row
    bare = row[: row.rfind(_MARK)] + b"}"
    rest = {key: value for key, value in parsed.items() if key != "airoute"}
    if _is_object(bare) and orjson.loads(bare) == rest:
        return bare
    return orjson.dumps(rest)
