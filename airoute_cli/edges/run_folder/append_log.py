"""A file that only grows, by whole lines; a torn last line is cut off when it is opened."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from airoute_cli.core.errors import RunError
from airoute_cli.edges.run_folder.disk_errors import reason, writing_failed

_BLOCK = 64 * 1024


class AppendLog:
    """One log of a run folder, mode 0600.

    ``repaired`` is the number of bytes of a torn last line that were cut off; ``dirty`` says
    whether something was written since the last ``sync``, which may run in another thread.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.dirty = False
        # Lines that are not written yet, and their bytes.
        self._held: list[bytes] = []
        self._held_bytes = 0
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            size = os.fstat(self._fd).st_size
            self._end = _end_of_lines(self._fd, size)
            self.repaired = size - self._end
            if self.repaired:
                os.ftruncate(self._fd, self._end)
        except OSError as error:
            raise RunError(f"cannot open {path}: {reason(error)}") from None

    @property
    def size(self) -> int:
        """Bytes of whole lines."""
        return self._end

    def append(self, line: bytes) -> int:
        """Write ``line``, which holds no line feed, and give the offset at which it stands.

        Raises RunError if the disk does not take it; the file then ends with the last whole line.
        """
        start = self.append_soon(line)
        try:
            self.flush()
        except RunError:
            self._held_bytes -= len(self._held.pop()) + 1
            raise
        return start

    def append_soon(self, line: bytes) -> int:
        """As ``append``, but it is written with whatever comes next, or by ``flush``.

        Many lines then cost as much as one.
        """
        start = self._end + self._held_bytes
        self._held.append(line)
        self._held_bytes += len(line) + 1
        return start

    def flush(self) -> None:
        """Write what ``append_soon`` has left; where the disk does not take it, it is kept.

        Raises RunError as ``append`` does.
        """
        if not self._held:
            return
        data = b"\n".join(self._held) + b"\n"
        try:
            written = os.write(self._fd, data)
            while written < len(data):
                written += os.write(self._fd, data[written:])
        except OSError as error:
            with contextlib.suppress(OSError):  # what is left is cut off at the next opening
                os.ftruncate(self._fd, self._end)
            raise writing_failed(self.path, error) from None
        self._end += self._held_bytes
        self._held_bytes = 0
        self._held.clear()
        self.dirty = True

    def sync(self) -> None:
        """Bring what was appended safely to the disk. Raises RunError."""
        if not self.dirty:
            return
        self.dirty = False  # first: what is appended meanwhile makes it dirty again
        try:
            os.fdatasync(self._fd)
        except OSError as error:
            self.dirty = True
            raise writing_failed(self.path, error) from None

    def read_line_at(self, offset: int) -> bytes:
        """The line at an offset that ``append`` gave, without its line feed."""
        pieces = []
        while block := os.pread(self._fd, _BLOCK, offset):
            piece, feed, _ = block.partition(b"\n")
            pieces.append(piece)
            if feed:
                break
            offset += len(block)
        return b"".join(pieces)

    def last_line(self) -> bytes:
        """The last whole line without its line feed; nothing where there is none."""
        return self.read_line_at(_end_of_lines(self._fd, self._end - 1)) if self._end else b""

    def close(self) -> None:
        """Close the file, without what was not written; it may be called twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class Record(NamedTuple):
    """A line of a log: what it tells, and its place in bytes, line feed included."""

    told: dict[str, Any]
    offset: int
    size: int


def whole_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Each whole line of a log with its offset, line feed included; none if there is no file."""
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        offset = 0
        for line in file:
            if line.endswith(b"\n"):
                yield offset, line
            offset += len(line)


def read_records(path: Path) -> Iterator[Record]:
    """What every whole line of a log tells, in order, one in memory at a time.

    Raises RunError for a line in the middle that is damaged: no kill leaves one behind.
    """
    for number, (offset, line) in enumerate(whole_lines(path), start=1):
        yield Record(_told(line, path, number), offset, len(line))


def _told(line: bytes, path: Path, number: int) -> dict[str, Any]:
    try:
        told = orjson.loads(line.removesuffix(b"\n"))
    except orjson.JSONDecodeError as error:
        raise RunError(
            f"{path}:{number} is damaged ({error.msg} at column {error.colno}); delete that line "
            "and run again with --resume: what it said of its row is lost, the rest is not"
        ) from None
    return told if isinstance(told, dict) else {}


def _end_of_lines(fd: int, size: int) -> int:
    """The offset behind the last line feed, 0 where there is none."""
    end = size
    while end > 0:
        start = max(0, end - _BLOCK)
        found = os.pread(fd, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
