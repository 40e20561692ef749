"""Reads the header of a GGUF file: what a model is and how much room it takes."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from airoute_cli.core.errors import SetupError
from airoute_cli.core.frozen import frozen

MAGIC = b"GGUF"
VERSIONS = range(2, 4)
_STRING, _ARRAY = 8, 9
_NUMBERS: Mapping[int, struct.Struct] = MappingProxyType(
    {
        code: struct.Struct(f"<{letter}")
        for code, letter in zip((0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12), "BbHhIif?Qqd", strict=True)
    }
)
_KEPT_ARRAY = 1_024  # per-layer figures are kept; vocabularies are passed over
_DEFAULT_ALIGNMENT = 32
_BYTES_PER_CACHED_NUMBER = 2  # the cache holds 16-bit floats
FETCH_AGAIN = "Fetch it again: `airoute models pull smollm2` for the default weights."


@frozen
class Header:
    """What the header says. None where it does not say.

    ``cache_bytes_per_token`` is what one token of context takes in memory; ``least_bytes`` is the
    smallest size that a whole file with these tensors can have.
    """

    architecture: str
    context_length: int | None
    cache_bytes_per_token: int | None
    least_bytes: int


def read_header(path: Path) -> Header:
    """The header of a weights file. Raises SetupError where it is none, or is cut off."""
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise SetupError(f"{path} is not a GGUF file; the embedded model runs no other.")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _header(_Reader(data))
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (struct.error, ValueError, OverflowError, _NonsenseError) as error:
        raise SetupError(
            f"{path} is damaged or cut off within its header. {FETCH_AGAIN}"
        ) from error


class _NonsenseError(Exception):
    """The bytes cannot be a header."""


class _Reader:
    """Reads value after value; struct.error at the end of the bytes."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data = data
        self.at = len(MAGIC)

    def number(self, code: int) -> Any:
        layout = _NUMBERS.get(code)
        if layout is None:
            raise _NonsenseError
        (value,) = layout.unpack_from(self.data, self.at)
        self.at += layout.size
        return value

    def u32(self) -> int:
        return int(self.number(4))

    def u64(self) -> int:
        return int(self.number(10))

    def text(self) -> str:
        start = self._skip_text()
        return self.data[start : self.at].decode()

    def _skip_text(self) -> int:
        size = self.u64()
        start = self.at
        self.at += size
        if self.at > len(self.data):
            raise _NonsenseError
        return start

    def value(self, code: int) -> Any:
        if code == _STRING:
            return self.text()
        return self._array() if code == _ARRAY else self.number(code)

    def _array(self) -> list[Any] | None:
        code, count = self.u32(), self.u64()
        if code == _ARRAY:
            raise _NonsenseError
        if count <= _KEPT_ARRAY:
            return [self.value(code) for _ in range(count)]
        if code in _NUMBERS:
            self.at += count * _NUMBERS[code].size
            return None
        for _ in range(count):
            self._skip_text()
        return None


def _header(reader: _Reader) -> Header:
    if reader.u32() not in VERSIONS:
        raise _NonsenseError
    tensors, pairs = reader.u64(), reader.u64()
    known: dict[str, Any] = {}
    for _ in range(pairs):
        key = reader.text()
        known[key] = reader.value(reader.u32())
    last_offset = max((_tensor_offset(reader) for _ in range(tensors)), default=0)
    return _understood(known, _data_start(reader.at, known) + last_offset + 1)


def _tensor_offset(reader: _Reader) -> int:
    reader.text()
    for _ in range(reader.u32()):
        reader.u64()
    reader.u32()
    return reader.u64()


def _data_start(at: int, known: Mapping[str, Any]) -> int:
    alignment = known.get("general.alignment") or _DEFAULT_ALIGNMENT
    return at + -at % int(alignment)


def _understood(known: Mapping[str, Any], least_bytes: int) -> Header:
    architecture = str(known.get("general.architecture", "unknown"))
    context = known.get(f"{architecture}.context_length")
    return Header(
        architecture=architecture,
        context_length=context if isinstance(context, int) else None,
        cache_bytes_per_token=_cache_bytes(known, architecture),
        least_bytes=least_bytes,
    )


def _cache_bytes(known: Mapping[str, Any], architecture: str) -> int | None:
    def figure(key: str) -> int | None:
        value = known.get(f"{architecture}.{key}")
        largest = max(value, default=None) if isinstance(value, list) else value
        return largest if isinstance(largest, int) and largest > 0 else None

    layers, width, heads = (
        figure(key) for key in ("block_count", "embedding_length", "attention.head_count")
    )
    if not (layers and width and heads):
        return None
    cached_heads = figure("attention.head_count_kv") or heads
    per_head = sum(figure(f"attention.{key}_length") or width // heads for key in ("key", "value"))
    return layers * cached_heads * per_head * _BYTES_PER_CACHED_NUMBER
