from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.errors import CallError
from airoute_cli.edges.http.decoding import Decoder

ROOM = 10_000


def _bare(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def _in_members(data: bytes) -> bytes:
    half = len(data) // 2
    return gzip.compress(data[:half]) + gzip.compress(data[half:]) + b"\0\0"


_CODINGS = {
    "gzip": gzip.compress,
    "gzip, in two members": _in_members,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "deflate, without its frame": _bare,
}


@given(st.sampled_from(sorted(_CODINGS)), st.binary(min_size=1, max_size=2_000), st.integers(1, 99))
def test_it_gives_what_was_packed(coding: str, data: bytes, step: int) -> None:
    packed = _CODINGS[coding](data)
    decoder = Decoder(coding.partition(",")[0], "host", ROOM)
    pieces = [decoder.feed(packed[at : at + step]) for at in range(0, len(packed), step)]
    decoder.close()
    assert b"".join(pieces) == data


def test_what_is_too_large_is_not_unpacked() -> None:
    decoder = Decoder("gzip", "host", ROOM)
    with pytest.raises(CallError, match="larger than"):
        decoder.feed(gzip.compress(b"\0" * (ROOM + 1)))


def test_no_more_than_fits_is_fine() -> None:
    assert len(Decoder("gzip", "host", ROOM).feed(gzip.compress(b"\0" * ROOM))) == ROOM


@pytest.mark.parametrize("packed", [b"no gzip", gzip.compress(b"hello", mtime=0)[:-6]])
def test_what_is_damaged(packed: bytes) -> None:
    def unpack() -> None:
        decoder = Decoder("gzip", "host", ROOM)
        decoder.feed(packed)
        decoder.close()

    with pytest.raises(CallError, match="compressed, and damaged"):
        unpack()


def test_another_coding_than_was_asked_for() -> None:
    with pytest.raises(CallError, match="compressed, and damaged"):
        Decoder("br", "host", ROOM)
