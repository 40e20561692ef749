"""A file that is there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from airoute_cli.edges.run_folder.disk_errors import writing_failed

SUFFIX = ".tmp"


@contextmanager
def replaced(path: Path) -> Iterator[BinaryIO]:
    """A file to write, mode 0600, that takes the place of ``path`` when the block has ended.

    Raises RunError if the disk does not take it; ``path`` is then as it was.
    """
    temporary = path.with_name(f".{path.name}{SUFFIX}")
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise writing_failed(path, error) from None
    finally:
        with suppress(OSError):  # the error that counts is on its way already
            temporary.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Bring a folder's list of names safely to the disk. Raises OSError."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
