"""Small files that save time and may be lost: they are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any

import orjson


def load_habits(path: Path) -> Any:
    """The JSON in a file, None if it is missing or damaged."""
    try:
        return orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None


def save_habits(path: Path, habits: Any) -> None:
    """Put JSON into a file, atomically.

    Failing to keep habits never fails a command, so a read-only folder is passed over.
    """
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        with os.fdopen(handle, "wb") as file:
            file.write(orjson.dumps(habits))
        os.replace(temporary, path)  # noqa: PTH105 - a name beside a name
