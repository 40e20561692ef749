"""Tables for one process on the disk, so that memory does not grow with the rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b

from airoute_cli.core.errors import RunError

# The bound on memory; what does not fit stands in the file, and so in the system's own cache.
_SETTINGS = (
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA cache_size = -4096",
    "PRAGMA temp_store = FILE",
)


# A digest is longer than every id that stands for itself, so that they are never the same.
_LONGEST = 40


def open_scratch(*tables: str) -> sqlite3.Connection:
    """A private database in a nameless temporary file, with these tables, in one transaction."""
    database = sqlite3.connect("", isolation_level=None)
    for statement in (*_SETTINGS, "BEGIN", *tables):
        database.execute(statement)
    return database


@contextmanager
def scratch(*tables: str) -> Iterator[sqlite3.Connection]:
    """``open_scratch`` for the length of a block. Raises RunError where the disk is full."""
    database = open_scratch(*tables)
    try:
        yield database
    except sqlite3.OperationalError as error:
        raise scratch_failed(error) from None
    finally:
        database.close()


def scratch_failed(error: sqlite3.Error) -> RunError:
    """The error for a temporary file that cannot be written."""
    return RunError(
        f"cannot keep the list of rows in the folder for temporary files: {error}; "
        "free some space there, or set TMPDIR to another disk, and run again with --resume"
    )


def key_of(custom_id: str) -> str:
    """At most 40 letters that stand for an id: a digest of a long one, a short one itself.

    Short ids mostly come in order, and go into a table in half the time that digests take. Text
    goes into it in two thirds of the time that bytes take.
    """
    if len(custom_id) < _LONGEST:
        return custom_id
    return blake2b(custom_id.encode(), digest_size=_LONGEST // 2).hexdigest()
