"""How one answer is made of several."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.routing.combine import first_valid, median, vote
from airoute_cli.routing.combine.reading import field_of, normalised, number_of


@pytest.mark.parametrize(
    ("texts", "field", "place", "agreeing"),
    [
        (["yes", "no", "Yes."], None, 0, 2),
        (["no", "yes", "  **YES** "], None, 1, 2),
        (["a", "b"], None, 0, 1),
        (['{"n": 1}', '{"n": 2, "why": "x"}', '{"n": 2}'], "n", 1, 2),
        (['{"a": {"b": [5]}}', '```json\n{"a": {"b": [5]}}\n```'], "a.b.0", 0, 2),
        (["no json", '{"n": 3}'], "n", 1, 1),
    ],
)
def test_most_votes_win_and_of_equals_the_first(texts, field, place, agreeing):
    combined = vote.combine(texts, field)
    assert (combined.place, combined.agreeing) == (place, agreeing)


def test_nobody_wins_where_nobody_says_what_is_compared():
    assert vote.combine(["x", '{"m": 1}'], "n") is None
    assert vote.combine(["", " .. "], None) is None
    assert median.combine(["none", "at all"], None) is None


@pytest.mark.parametrize(
    ("texts", "place"),
    [
        (["It is 5.", "It is 7.", "It is 6."], 2),
        (["10", "2"], 1),
        (["1,200 euros", "900", "x", "1e3"], 3),
        (["-3", "-1", "-2"], 2),
    ],
)
def test_the_median_is_a_number_that_somebody_gave(texts, place):
    assert median.combine(texts, None).place == place


def test_the_first_valid_one_is_the_first():
    assert first_valid.combine(["b", "a"], None).place == 0
    assert first_valid.combine([], None) is None


@given(st.lists(st.floats(-1e6, 1e6).map(lambda n: round(n, 3)), min_size=1, max_size=9))
def test_as_many_numbers_stand_below_the_median_as_above_it(numbers):
    combined = median.combine([f"n = {number!r}" for number in numbers], None)
    middle = numbers[combined.place]
    assert sum(n < middle for n in numbers) <= len(numbers) / 2
    assert sum(n > middle for n in numbers) <= len(numbers) / 2


@pytest.mark.parametrize(
    ("text", "number"),
    [("so 1,234.5", 1234.5), ("3 apples and 4", 4.0), ("none", None), ("v = .5", 0.5), ("-7", -7)],
)
def test_the_last_number_of_a_text_counts(text, number):
    assert number_of(text, None) == number


def test_a_field_that_is_true_is_no_number():
    assert number_of('{"n": true}', "n") is None
    assert number_of('{"n": "12"}', "n") == 12
    assert field_of("[1]", "3") is None


@given(st.text())
def test_what_is_normalised_stays_as_it_is(text):
    assert normalised(normalised(text)) == normalised(text)
