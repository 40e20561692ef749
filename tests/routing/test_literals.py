from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.routing.literals import heads_of, one_of, required_text

CASES = [
    ("invoice 1[0-9]+", "invoice 1"),
    (r"ORD-\d+", "ORD-"),
    ("^Dear Sir", "Dear Sir"),
    ("colou?r", "colo"),
    ("ab{2,3}cde", "cde"),
    ("(?:very )*good", "good"),
    (r"(?P<what>bill|fee) due(?=\.)", " due"),
    (r"\bfood\b or", "food"),
    ("[]|(]x", "x"),
    ("(?i)refund", ""),
    ("(?#()|a", ""),
    (r"a\u0041b", ""),
    ("yes|no", ""),
    (".*", ""),
    ("", ""),
]


@pytest.mark.parametrize(("pattern", "text"), CASES)
def test_the_text_that_a_pattern_needs(pattern: str, text: str):
    assert required_text(pattern) == text


PATTERNS = st.sampled_from([pattern for pattern, _ in CASES]) | st.lists(
    st.sampled_from(
        ["a", "b ", "[bc]", "(ab|c)", "d?", "e+", "f{0,2}", r"\.", r"\d", "^", "|", "."]
    ),
    max_size=6,
).map("".join)


@given(st.data(), PATTERNS)
def test_it_is_in_all_that_the_pattern_matches(data: st.DataObject, pattern: str):
    text = data.draw(st.from_regex(pattern))
    assert required_text(pattern) in text


def test_the_beginnings_of_words():
    assert heads_of(["term1", "word0", "term2", "word3"]) == ("term", "word")
    assert heads_of(["train", "tram", "tea", "refund"]) == ("tra", "tea", "refund")
    assert heads_of(["refund", "no"]) == ()
    assert heads_of([letter * 4 for letter in "abcdefg"]) == ()


WORDS = st.text(alphabet="ab.[", min_size=1, max_size=14)


@given(st.sets(WORDS, min_size=1), st.text(alphabet="ab.[", max_size=20) | WORDS)
def test_a_place_is_found_where_a_word_may_begin(words: set[str], text: str):
    found = {at.start() for at in re.finditer(f"(?={one_of(words)})", text)}
    begins = {at for at in range(len(text)) for word in words if text.startswith(word, at)}
    assert begins <= found
    if max(map(len, words)) <= 12:
        assert begins == found
    if heads := heads_of(words):
        assert not begins or any(head in text for head in heads)
