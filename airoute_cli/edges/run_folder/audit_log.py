"""audit.jsonl: a log in which each record holds the digest of the one before.

``{"n": 7, "prev": "<SHA-256 of line 6>", …}``: whoever changes, drops or moves a line breaks the
chain at that place, and whoever writes the chain anew gets another head.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from airoute_cli.core.errors import RunError
from airoute_cli.edges.run_folder.append_log import AppendLog, whole_lines

# What the first record holds instead of a digest.
GENESIS = "0" * 64


class AuditLog(AppendLog):
    """The chain of a run; it goes on from the last whole record.

    ``head`` is the digest of the last record and ``records`` its number.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.head, self.records = GENESIS, 0
        try:
            if self.size:
                line = self.last_line()
                self.head, self.records = digest_of(line), _number(line, path)
        except RunError:
            self.close()
            raise

    def holds(self, number: int, head: str) -> bool:
        """Whether the record of that number, from 1, has that digest."""
        if number < 1 or number >= self.records:
            return (number, head) == (self.records, self.head)
        lines = islice(whole_lines(self.path), number - 1, number)
        return any(digest_of(line.removesuffix(b"\n")) == head for _, line in lines)

    def add(self, told: Mapping[str, Any]) -> None:
        """Append one record. Raises RunError if the disk does not take it."""
        line = self._linked(told)
        self.append(line)
        self.head, self.records = digest_of(line), self.records + 1

    def add_soon(self, told: Mapping[str, Any]) -> None:
        """As ``add``, but it is written with the next one, or by ``flush``."""
        line = self._linked(told)
        self.append_soon(line)
        self.head, self.records = digest_of(line), self.records + 1

    def _linked(self, told: Mapping[str, Any]) -> bytes:
        """The record with its link put before it, as bytes: to copy ``told`` takes longer."""
        record, comma = orjson.dumps(told, default=_plain), b"," if told else b""
        link = b'{"n":%d,"prev":"%b"' % (self.records + 1, self.head.encode())
        return link + comma + record[1:]


def digest_of(line: bytes) -> str:
    """What the next record holds of a line, without its line feed."""
    return sha256(line).hexdigest()


def _number(line: bytes, path: Path) -> int:
    try:
        number = orjson.loads(line)["n"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        number = None
    if isinstance(number, int):
        return number
    raise RunError(
        f"the last line of {path} is no record of the chain, so that it cannot go on; "
        "see what airoute audit verify says of it, and start a new run"
    )


def _plain(value: Any) -> Any:
    """What JSON has no word for: read-only tables as objects, exact decimals as text."""
    if isinstance(value, Decimal):  # first, as nearly all of them are
        return str(value)
    return dict(value) if isinstance(value, Mapping) else str(value)
