from __future__ import annotations

import tomllib
from collections.abc import Iterator

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.edges.profile.lines import KeyPath, Lines

TEXT = '''# a comment with [brackets] = and "quotes"
title = "x" # [no.table]

[models."gpt-4.1"]
provider = 'a]b'
price = { input = 1.5, output = { deep = [1, 2] } }
long = """
[not.a.table]
key = 1 \\""" "quoted" """
lit = \'\'\'
[nor.this]\'\'\'

[a . b."c d"]
x.y = 1
'p q'."r\\u0041" = 2
list = [
  "one", # ] comment
  { deep = 1, other = "}" },
  [
    3,
  ],
]
date = 1979-05-27T07:32:00Z
[[routes]]
name = "first"
[routes.when]
regex = '^\\s'
metadata.region = "eu"
[[routes]]
name = "second"
when = { any = [{ task = "a" }, { task = "b" }] }
  [[routes.inner]]
  z = 1
  [[routes.inner]]
  z = """x"""""
end = 1
'''

CASES = [
    (("title",), 2),
    (("models",), 4),
    (("models", "gpt-4.1"), 4),
    (("models", "gpt-4.1", "provider"), 5),
    (("models", "gpt-4.1", "price", "input"), 6),
    (("models", "gpt-4.1", "price", "output", "deep", 1), 6),
    (("models", "gpt-4.1", "long"), 7),
    (("models", "gpt-4.1", "lit"), 10),
    (("models", "gpt-4.1", "missing"), 4),
    (("a", "b", "c d"), 13),
    (("a", "b", "c d", "x", "y"), 14),
    (("a", "b", "c d", "p q", "rA"), 15),
    (("a", "b", "c d", "list"), 16),
    (("a", "b", "c d", "list", 0), 17),
    (("a", "b", "c d", "list", 1, "other"), 18),
    (("a", "b", "c d", "list", 2, 0), 20),
    (("a", "b", "c d", "date"), 23),
    (("routes", 0), 24),
    (("routes", 0, "when", "regex"), 27),
    (("routes", 0, "when", "metadata", "region"), 28),
    (("routes", 1, "when", "any", 1, "task"), 31),
    (("routes", 1, "inner", 0, "z"), 33),
    (("routes", 1, "inner", 1, "z"), 35),
    (("routes", 1, "inner", 1, "end"), 36),
    (("routes", 1, "models"), 29),
    (("nowhere", "at", "all"), None),
]


@pytest.mark.parametrize(("path", "line"), CASES)
def test_a_key_has_its_line_or_the_nearest_parents(path: KeyPath, line: int | None):
    tomllib.loads(TEXT)
    assert Lines(TEXT).of(path) == line


def test_windows_line_ends_count_once():
    assert Lines("a = 1\r\n\r\n[b]\r\nc = '''\r\n'''\r\nd = 2\r\n").of(("b", "d")) == 6


LEAVES = st.one_of(st.integers(), st.booleans(), st.text(max_size=8), st.floats(allow_nan=False))
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(document=st.dictionaries(st.text(max_size=5), VALUES, max_size=4), multiline=st.booleans())
def test_every_key_of_any_document_is_found(document: dict[str, object], *, multiline: bool):
    text = tomli_w.dumps(document, multiline_strings=multiline)
    tomllib.loads(text)
    lines = Lines(text)
    count = text.count("\n") + 1
    for path in paths(document):
        assert 1 <= (lines.of(path) or 0) <= count
        assert path in lines._found


def paths(value: object, at: KeyPath = ()) -> Iterator[KeyPath]:
    if at and value not in ([], {}):
        yield at
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in items:
        yield from paths(inner, (*at, key))
