"""The results in the order of the input."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from airoute_cli.edges.run_folder.append_log import read_records
from airoute_cli.edges.run_folder.atomic import replaced
from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.edges.run_folder.scratch import scratch

_TABLE = "CREATE TABLE places (line INTEGER, offset INTEGER, size INTEGER)"
_PUT = "INSERT INTO places VALUES (?, ?, ?)"
_TAKE = "SELECT offset, size FROM places ORDER BY line, offset"


def put_in_order(folder: RunFolder) -> None:
    """Write results.jsonl anew in the order of the input's lines, atomically.

    The places are sorted on the disk. It is the last thing that is done with the file: what is
    appended afterwards through the open log would go to the old one.
    """
    path = folder.results.path
    with scratch(_TABLE) as places, path.open("rb") as file, replaced(path) as ordered:
        places.executemany(_PUT, _places(path))
        for offset, size in places.execute(_TAKE):
            ordered.write(os.pread(file.fileno(), size, offset))


def _places(path: Path) -> Iterator[tuple[int, int, int]]:
    for record in read_records(path):
        yield record.told["airoute"]["line"], record.offset, record.size
