"""One thing out of an answer, and texts in one form."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.routing.output.extract import extract
from airoute_cli.routing.output.normalise import NORMALISERS, normalised

CODE = "Use this:\n```sh\nsed -n 1p\n```\nor\n```\nhead -1\n```\n"
CARD = 'Here: ```json\n{"a": {"b": [1, "two"]}, "code": "x"}\n``` bye'


@pytest.mark.parametrize(
    ("text", "wanted", "value", "shown"),
    [
        (CODE, "code", "sed -n 1p\n", "sed -n 1p\n"),
        ("  ```\n  a\n  ```", "code", "  a\n", "  a\n"),
        (CARD.replace("Here: ", "Here:\n"), "json", {"a": {"b": [1, "two"]}, "code": "x"}, None),
        ("[1, 2]", "json", [1, 2], "[1, 2]"),
        ("{'a': 1}", "json", {"a": 1}, '{"a": 1}'),
        (CARD, "a.b.1", "two", "two"),
        (CARD, "a.b", [1, "two"], '[1, "two"]'),
        (CARD, ".code", "x", "x"),
        ('{"a": null}', "a", None, "null"),
    ],
)
def test_it_is_taken_out(text: str, wanted: str, value: Any, shown: str | None):
    taken = extract(text, wanted)
    assert (taken.value, taken.fault) == (value, None)
    assert shown is None or taken.text == shown


@pytest.mark.parametrize(
    ("text", "wanted", "fault"),
    [
        ("rm -rf everything", "code", "there is no code block in it"),
        ("```sh\nnever closed", "code", "there is no code block in it"),
        ("no", "json", "there is no JSON in it"),
        ("no", "a.b", "there is no JSON in it"),
        (CARD, "a.c", 'its JSON has no field "a.c"'),
        (CARD, "a.b.two", 'its JSON has no field "a.b.two"'),
    ],
)
def test_what_is_not_there_is_told(text: str, wanted: str, fault: str):
    assert extract(text, wanted).fault == fault


@pytest.mark.parametrize(
    ("kinds", "wanted"),
    [
        ((), "\ufeffe\u0301  \nb\t\n\n"),
        (("bom",), "e\u0301  \nb\t\n\n"),
        (("nfc",), "\ufeff\u00e9  \nb\t\n\n"),
        (("trailing_space",), "\ufeffe\u0301\nb"),
        (("trailing_space", "bom", "nfc"), "\u00e9\nb"),
    ],
)
def test_texts_come_into_one_form_only_where_asked(kinds: tuple[str, ...], wanted: str):
    assert normalised("\ufeffe\u0301  \nb\t\n\n", kinds) == wanted


@given(st.text())
def test_a_form_twice_is_the_form(text: str):
    kinds = ("trailing_space", "nfc")
    once = normalised(text, kinds)
    assert normalised(once, kinds) == once
    assert set(kinds) < set(NORMALISERS)
