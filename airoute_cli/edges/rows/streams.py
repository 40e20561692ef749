"""Where the bytes of an input come from: a file, standard input, gzip or zstd."""

from __future__ import annotations

import gzip
import io
import os
import stat
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from airoute_cli.core.errors import UsageError

CHUNK = 256 * 1024
# A compressed byte may stand for thousands: a small bite keeps what it opens out to small.
_BITE = 8 * 1024


class DamagedInputError(Exception):
    """A compressed input that cannot be read on; its text says why."""


class Stream(Protocol):
    """Bytes as they come: ``read`` gives what is there, b"" at the end."""

    def read(self) -> bytes:
        """The next bytes. Raises DamagedInputError, OSError."""
        ...


class Counted:
    """A file read without a buffer of its own; ``count`` is the bytes read so far."""

    def __init__(self, file: BinaryIO, size: int | None) -> None:
        self._file = file
        self._read = getattr(file, "read1", file.read)
        self.size = size
        self.count = 0

    def read(self, limit: int = CHUNK) -> bytes:
        """At most ``limit`` bytes, as soon as there are any."""
        data = self._read(limit) or b""
        self.count += len(data)
        return cast("bytes", data)

    def close(self) -> None:
        """Close the file, unless it is standard input, which is not ours."""
        if self._file is not getattr(sys.stdin, "buffer", None):
            self._file.close()


class _Gzip:
    def __init__(self, file: Counted) -> None:
        self._file = gzip.GzipFile(fileobj=cast("BinaryIO", file), mode="rb")

    def read(self) -> bytes:
        try:
            return self._file.read1(CHUNK)
        except EOFError:
            raise DamagedInputError("it ends before its end mark") from None
        except (gzip.BadGzipFile, zlib.error) as error:
            raise DamagedInputError(str(error)) from None


class _Zstd:
    """zstd by frames: only the frame decoder can tell the end of a file from a cut."""

    def __init__(self, file: Counted) -> None:
        import zstandard

        self._file = file
        self._error: type[Exception] = zstandard.ZstdError
        self._new_frame = zstandard.ZstdDecompressor().decompressobj
        self._frame = self._new_frame()
        self._fresh = True

    def read(self) -> bytes:
        while bite := self._file.read(_BITE):
            if data := self._open(bite):
                return data
        if not self._fresh:
            raise DamagedInputError("it ends before its end mark")
        return b""

    def _open(self, bite: bytes) -> bytes:
        opened = []
        while bite:
            try:
                opened.append(self._frame.decompress(bite))
            except self._error as error:
                raise DamagedInputError(str(error)) from None
            bite, self._fresh = self._frame.unused_data, self._frame.eof
            if self._fresh:
                self._frame = self._new_frame()
        return b"".join(opened)


_DECODERS: dict[str, Callable[[Counted], Stream]] = {".gz": _Gzip, ".zst": _Zstd}
_PACKED = {".gz": b"\x1f\x8b", ".zst": b"\x28\xb5\x2f\xfd"}
_SKIPPABLE = b"\x2a\x4d\x18"  # the last three bytes of a zstd frame that holds no data


def open_stream(source: str) -> tuple[Counted, Stream]:
    """The raw file and what decodes it. ``-`` is standard input.

    Raises UsageError for what is missing, unreadable, a folder or not what its name says.
    """
    if source == "-":
        raw = _standard_input()
        return raw, raw
    raw = _open_file(source)
    decoder = _DECODERS.get(Path(source).suffix.lower())
    return raw, raw if decoder is None else decoder(raw)


def _standard_input() -> Counted:
    if sys.stdin is None or sys.stdin.closed:
        raise UsageError("standard input is closed; name a file, or pipe the rows in")
    file = sys.stdin.buffer
    try:
        size = _regular_size(file.fileno())
    except (OSError, ValueError):  # a stand-in that is no file
        size = None
    return Counted(file, size)


def _open_file(source: str) -> Counted:
    try:
        file = io.FileIO(source)
    except FileNotFoundError:
        raise UsageError(f"there is no file {source}") from None
    except IsADirectoryError:
        raise UsageError(f"{source} is a folder; name the file in it that holds the rows") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {source}: {_why(error)}") from None
    raw = Counted(cast("BinaryIO", file), _regular_size(file.fileno()))
    if raw.size:
        _check_start(source, file)
    return raw


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _regular_size(fd: int) -> int | None:
    status = os.fstat(fd)
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _check_start(source: str, file: io.FileIO) -> None:
    head = os.pread(file.fileno(), 4, 0)
    packed = _PACKED.get(suffix := Path(source).suffix.lower())
    try:
        if packed is None:
            refuse_foreign(head, source)
        elif not (head.startswith(packed) or (suffix == ".zst" and head[1:] == _SKIPPABLE)):
            raise UsageError(f"{source} is named {suffix} but is no such file; rename it")
    except UsageError:
        file.close()
        raise


_FOREIGN = {
    b"\xff\xfe": "is UTF-16; save it as UTF-8 (iconv -f UTF-16 -t UTF-8)",
    b"\xfe\xff": "is UTF-16; save it as UTF-8 (iconv -f UTF-16 -t UTF-8)",
    b"\x1f\x8b": "is compressed with gzip; name it .gz, or unpack it first (gzip -dc)",
    b"\x28\xb5\x2f\xfd": "is compressed with zstd; name it .zst, or unpack it first (zstd -dc)",
    b"PK\x03\x04": "is a zip file; unpack it first",
}


def refuse_foreign(head: bytes, name: str) -> None:
    """Raise UsageError if an input that starts with ``head`` is no UTF-8 text."""
    for signature, sentence in _FOREIGN.items():
        if head.startswith(signature):
            raise UsageError(f"{name} {sentence}")
