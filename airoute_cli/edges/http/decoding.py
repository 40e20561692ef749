"""Compressed answers: what ``accept-encoding`` asks for, and no more than fits."""

from __future__ import annotations

import zlib
from types import MappingProxyType

from airoute_cli.edges.http import errors as told

ACCEPTED = "gzip, deflate"

_GZIP_BITS = 16 + zlib.MAX_WBITS
# By the coding (RFC 9110, section 8.4.1), the window bits of its decompressor.
_CODINGS = MappingProxyType({"gzip": _GZIP_BITS, "x-gzip": _GZIP_BITS, "deflate": zlib.MAX_WBITS})
_GZIP_MAGIC = 0x1F
_ZLIB_METHOD = 8
_PIECE_BYTES = 1024 * 1024


class Decoder:
    """Decompresses one answer, piece by piece; ``limit`` bytes come out at most.

    Raises CallError(MALFORMED) where it is damaged, too large, or coded in another way.
    """

    def __init__(self, coding: str, host: str, limit: int) -> None:
        if coding not in _CODINGS:
            raise told.undecodable(host)
        self._bits = _CODINGS[coding]
        self._host = host
        self._limit = self._left = limit
        self._inflating: zlib._Decompress | None = None

    def feed(self, data: bytes) -> bytes:
        """What can be told after these bytes."""
        if not data:
            return b""
        if self._inflating is None:
            self._inflating = zlib.decompressobj(self._bits_for(data))
        pieces: list[bytes] = []
        while data:
            if self._inflating.eof:
                if not self._goes_on_with(data):
                    break
                self._inflating = zlib.decompressobj(self._bits)
            try:
                piece = self._inflating.decompress(data, min(_PIECE_BYTES, self._left + 1))
            except zlib.error as error:
                raise told.undecodable(self._host) from error
            self._left -= len(piece)
            if self._left < 0:
                raise told.too_large(self._host, self._limit)
            pieces.append(piece)
            data = self._inflating.unconsumed_tail or self._inflating.unused_data
        return b"".join(pieces)

    def close(self) -> None:
        """Nothing more comes."""
        if self._inflating is not None and not self._inflating.eof:
            raise told.undecodable(self._host)

    def _goes_on_with(self, data: bytes) -> bool:
        """Whether another member follows (RFC 1952, section 2.2); what else does is padding."""
        return self._bits == _GZIP_BITS and data[0] == _GZIP_MAGIC

    def _bits_for(self, data: bytes) -> int:
        """Some servers send a bare stream as ``deflate``, without the frame that belongs to it."""
        bare = self._bits == zlib.MAX_WBITS and data[0] & 0x0F != _ZLIB_METHOD
        return -zlib.MAX_WBITS if bare else self._bits
