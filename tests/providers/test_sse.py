from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.providers.sse import SseEvent, SseParser


def _parse(*chunks: bytes) -> list[SseEvent]:
    parser = SseParser()
    return [event for chunk in chunks for event in parser.feed(chunk)]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: one\n\n", [("", b"one")]),
        (b"data: one\r\n\r\n", [("", b"one")]),
        (b"data: one\r\r", [("", b"one")]),
        (b"\xef\xbb\xbfdata: one\n\n", [("", b"one")]),
        (b"data:one\n\n", [("", b"one")]),
        (b"data:  one\n\n", [("", b" one")]),
        (b"data: one\ndata: two\n\n", [("", b"one\ntwo")]),
        (b"data\n\n", [("", b"")]),
        (b": OPENROUTER PROCESSING\n\ndata: one\n\n", [("", b"one")]),
        (b"event: error\ndata: {}\n\ndata: one\n\n", [("error", b"{}"), ("", b"one")]),
        (b"event: ping\n\ndata: one\n\n", [("", b"one")]),
        (b"id: 7\nretry: 10\nfoo: bar\ndata: one\n\n", [("", b"one")]),
        (b"data: a: b\n\n", [("", b"a: b")]),
        ("data: é\u2028ü\n\n".encode(), [("", "é\u2028ü".encode())]),
        (b"data: without its blank line\n", []),
        (b"", []),
    ],
)
def test_events_of_a_stream(stream: bytes, expected: list[tuple[str, bytes]]) -> None:
    assert _parse(stream) == expected


_LINES = st.sampled_from(
    [
        b"data: one",
        "data: späß 🙂".encode(),
        b"data:",
        b"event: error",
        b": a comment",
        b"nonsense",
        b"",
        b"",
    ]
)
_STREAMS = st.lists(
    st.tuples(_LINES, st.sampled_from([b"\n", b"\r\n", b"\r"])).map(b"".join), max_size=20
).map(b"".join)


@given(st.sampled_from([b"", b"\xef\xbb\xbf"]), _STREAMS, st.data())
def test_any_chunking_gives_the_same_events(bom: bytes, stream: bytes, data: st.DataObject) -> None:
    stream = bom + stream
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=12).map(sorted))
    bounds = [0, *cuts, len(stream)]
    chunks = [stream[a:b] for a, b in pairwise(bounds)]
    assert b"".join(chunks) == stream
    assert _parse(*chunks) == _parse(stream)
    assert _parse(*(bytes([byte]) for byte in stream)) == _parse(stream)


@given(_STREAMS)
def test_line_ends_do_not_matter(stream: bytes) -> None:
    unix = stream.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    assert _parse(stream) == _parse(unix)
