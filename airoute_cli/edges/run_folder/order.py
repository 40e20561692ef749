"""The results in the order of the input."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from typing import BinaryIO

import orjson

from airoute_cli.edges.run_folder.folder import RunFolder


def put_in_order(folder: RunFolder) -> None:
    """Write results.jsonl anew in the order of the input's lines, and swap it in atomically.

    The places are sorted on disk, so that memory does not grow with the rows.
    """
    path = folder.results.path
    temporary = path.with_suffix(".ordered")
    places = sqlite3.connect("")
    try:
        places.execute("CREATE TABLE places (line INTEGER, offset INTEGER, size INTEGER)")
        with path.open("rb") as file:
            places.executemany("INSERT INTO places VALUES (?, ?, ?)", _places(file))
            with temporary.open("wb") as ordered:
                temporary.chmod(0o600)
                for offset, size in places.execute(
                    "SELECT offset, size FROM places ORDER BY line, offset"
                ):
                    file.seek(offset)
                    ordered.write(file.read(size))
                ordered.flush()
                os.fsync(ordered.fileno())
        temporary.replace(path)
    finally:
        places.close()
        temporary.unlink(missing_ok=True)


def _places(file: BinaryIO) -> Iterator[tuple[int, int, int]]:
    offset = 0
    for line in file:
        yield orjson.loads(line)["airoute"]["line"], offset, len(line)
        offset += len(line)
