from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.edges.rows.lines import LineSplitter, TooLong


def split(chunks: list[bytes], most: int = 1000) -> list[bytes | TooLong]:
    splitter = LineSplitter(most)
    lines = [line for chunk in chunks for line in splitter.feed(chunk)]
    return [*lines, splitter.finish()]


@given(
    chunks=st.lists(st.lists(st.sampled_from([b"a", b"\n", b"\r", b"\xe2\x80\xa8"])).map(b"".join))
)
def test_lines_do_not_depend_on_how_the_bytes_come(chunks):
    assert split(chunks) == b"".join(chunks).split(b"\n")


@given(
    chunks=st.lists(st.sampled_from([b"abcd", b"\n", b"ab\ncdefgh\n", b"x" * 9])),
    most=st.integers(1, 12),
)
def test_a_line_beyond_the_limit_is_told_with_its_length(chunks, most):
    expected = [
        TooLong(line[:1024], len(line)) if len(line) > most else line
        for line in b"".join(chunks).split(b"\n")
    ]
    assert split(chunks, most) == expected


def test_a_line_beyond_the_limit_is_not_held():
    splitter = LineSplitter(10_000)
    for _ in range(100):
        splitter.feed(b"x" * 5_000)
        assert sum(map(len, splitter._pieces)) <= 15_000
    assert splitter.feed(b"\n") == [TooLong(b"x" * 1024, 500_000)]
    assert splitter.feed(b"next\n") == [b"next"]
