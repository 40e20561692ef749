"""Expectations: what each check takes and what it does not, and what cannot be meant."""

from __future__ import annotations

import pytest

from airoute_cli.routing.grading.checks import first_miss
from airoute_cli.routing.grading.expectation import Expectation, read_expectation

ORDER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


@pytest.mark.parametrize(
    ("expect", "passes", "misses"),
    [
        ("Paris", ["Paris", " Paris\n"], ["paris", "It is Paris"]),
        ({"exact": "4"}, ["4"], ["4."]),
        ({"contains": "refund"}, ["A REFUND is due"], ["money back"]),
        ({"contains": ["a", "b"]}, ["ba"], ["a"]),
        ({"regex": r"^\d+$"}, ["12"], ["12 pieces"]),
        ({"number": 12}, ["12", "It is 12.0", "3 + 9 = 12"], ["13", "twelve", "12 or 13"]),
        ({"number": 0.3}, ["0.30000000000000004"], ["0.31"]),
        ({"number": 100, "within": 5}, ["95", "105.0"], ["94.9", "106"]),
        ({"json": {"n": 1}}, ['{"n": 1.0}', '```json\n{"n": 1}\n```'], ['{"n": true}', "n: 1"]),
        ({"json": [1, {"a": None}]}, ['[1, {"a": null}]'], ["[1]", '[1, {"a": 0}]']),
        ({"json": None}, ["null"], ["0"]),
        ({"schema": ORDER}, ['{"n": 1, "m": 2}'], ['{"n": "1"}', "{}"]),
        ({"contains": "x", "regex": "y"}, ["xy"], ["x", "y"]),
    ],
)
def test_each_check(expect, passes, misses):
    expected = read_expectation(expect)
    assert [first_miss(text, expected) for text in passes] == [None] * len(passes)
    assert all(first_miss(text, expected) for text in misses)


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ({}, "must be a text or a table"),
        (3, "must be a text or a table"),
        ({"contian": "x"}, 'expect.contian is no check; did you mean "contains"?'),
        ({"number": "3"}, "expect.number must be a number"),
        ({"number": True}, "expect.number must be a number"),
        ({"within": 1}, "goes with expect.number"),
        ({"number": 1, "within": -1}, "must be at least 0"),
        ({"regex": "("}, "is no regular expression"),
        ({"contains": []}, "must be a text or a list of texts"),
        ({"schema": []}, "must be a JSON schema"),
        ({"judge": ""}, "must be a text that is not empty"),
    ],
)
def test_what_cannot_be_meant_is_told_by_its_key(expect, told):
    with pytest.raises(ValueError) as raised:
        read_expectation(expect)
    assert told in str(raised.value)


def test_a_command_and_a_judge_are_read():
    assert read_expectation({"command": ["./check", "-q"], "judge": "It is kind."}) == Expectation(
        command=("./check", "-q"), judge="It is kind."
    )
