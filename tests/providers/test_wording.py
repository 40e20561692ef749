from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.providers.wording import clip, without_markup


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("", 10, ""),
        ("short", 10, "short"),
        ("two\nlines\t and  gaps", 40, "two lines and gaps"),
        ("red \x1b[31malert\x1b[0m", 40, "red [31malert [0m"),
        ("one two three four", 10, "one two …"),
        ("key sk-abc-def-ghi", 12, "key …"),
        ("x" * 50, 10, "…"),
    ],
)
def test_clip(text: str, limit: int, expected: str) -> None:
    assert clip(text, limit) == expected


@given(st.text(), st.integers(3, 60))
def test_clipped_text_is_one_printable_line_of_whole_words(text: str, limit: int) -> None:
    clipped = clip(text, limit)
    assert len(clipped) <= limit
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in clipped)
    whole = clipped.removesuffix("…").split()
    assert all(word in text for word in whole)


def test_markup_goes() -> None:
    page = "<html><head><title>x</title><style>a{}</style></head><body><h1>502 Bad</h1>Gateway"
    assert without_markup(page).split() == ["502", "Bad", "Gateway"]
    assert without_markup("a < b > c") == "a < b > c"


def test_no_half_of_a_word_is_left_of_a_very_long_text() -> None:
    assert clip("bad key" + " " * 19_980 + "sk-abc-def-ghi-jkl-mno", 200) == "bad key"
