"""Answers that must be JSON: what passes, what is put right, and what stays wrong."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.outcome import OutputState
from airoute_cli.routing.output.check import check
from airoute_cli.routing.output.json_schema import fault_of, schema_problem

SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "s": {"type": "string"}},
    "required": ["n"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("text", "state", "wanted"),
    [
        ('{"n": 1}', "valid", '{"n": 1}'),
        ('  {"n": 1}\n', "valid", '  {"n": 1}\n'),
        ('```json\n{"n": 1}\n```', "stripped", '{"n": 1}'),
        ('Here you are:\n```\n{"n": 1}\n```\nAnything else?', "stripped", '{"n": 1}'),
        ('The answer is {"n": 1}. Bye {', "stripped", '{"n": 1}'),
        ('First {"x": 1}, then {"n": 2}', "stripped", '{"n": 2}'),
        ('{"n": 1}{"n": 2}', "stripped", '{"n": 1}'),
        ("{'n': 1}", "repaired", '{"n": 1}'),
        ('{"n": 1,}', "repaired", '{"n": 1}'),
        ('```json\n{"n": 1, "s": "é"', "repaired", '{"n": 1, "s": "é"}'),
        ('{n: 1, s: "a"}', "repaired", '{"n": 1, "s": "a"}'),
    ],
)
def test_what_can_be_used_is(text: str, state: str, wanted: str):
    checked = check(text, SCHEMA)
    assert (checked.state, checked.text, checked.reason) == (state, wanted, None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is no JSON: "),
        ("I do not know.", "it is no JSON: "),
        ('{"n": "one"}', "n: 'one' is not of type 'integer'"),
        ('{"n": 1, "m": 2}', "the whole: Additional properties are not allowed"),
        ('So: {"n": "one"}', "n: 'one' is not of type 'integer'"),
        ("[" * 100_000, ""),
        ('{"n": NaN}', ""),
    ],
)
def test_what_cannot_is_told_why(text: str, reason: str):
    checked = check(text, SCHEMA)
    assert (checked.state, checked.text) == (OutputState.INVALID, text)
    assert reason in (checked.reason or "")


def test_what_is_cut_is_not_completed_by_guessing():
    assert check('{"n": 1, "s": "ab', SCHEMA, mend=False).state is OutputState.INVALID


def test_without_a_schema_it_must_be_an_object():
    assert check('{"a": [1]}', None).state is OutputState.VALID
    assert check("[1]", None).reason == "it is no JSON object"
    assert check("Sure! {'a': 1}", None).text == '{"a": 1}'


def test_what_was_replaced_is_put_back_and_stays_json():
    def show(text: str) -> str:
        return text.replace("<NAME_1>", 'Ann "A" \\ B')

    schema = {"properties": {"s": {"pattern": "^Ann"}}}
    checked = check('{"s": "<NAME_1>"}', schema, show=show)
    assert checked.state is OutputState.VALID
    assert json.loads(checked.text) == {"s": 'Ann "A" \\ B'}


@pytest.mark.parametrize("schema", [
    {"properties": {"s": {"enum": ["Ann"]}}},
    {"properties": {"s": {"enum": ["<NAME_2>"]}}},
    {"additionalProperties": False},
    {"type": "nonsense of <NAME_1>"},
])  # fmt: skip
def test_what_was_replaced_stands_in_no_reason(schema: dict[str, Any]):
    def show(text: str) -> str:
        return text.replace("<NAME_1>", "Anna Keller")

    for text in ('{"s": "<NAME_1>"}', '{"<NAME_1>": 1, "s": "<NAME_1>"}'):
        checked = check(text, schema, show=show)
        assert (checked.state, checked.text) == (OutputState.INVALID, text)
        assert "Keller" not in (checked.reason or "Keller")


def test_a_schema_that_was_replaced_in_means_what_the_user_wrote():
    schema = {"properties": {"s": {"enum": ["<NAME_1>"]}}}
    checked = check('{"s": "Ann"}', schema, show=lambda text: text.replace("<NAME_1>", "Ann"))
    assert checked.state is OutputState.VALID


@given(st.text(), st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_it_never_raises_and_what_it_calls_good_is_good(around: str, value: Any):
    schema = {"type": "object", "required": ["a"]}
    for text in (around, around + json.dumps({"a": value}) + around, f"```\n{around}\n```"):
        checked = check(text, schema)
        if checked.state is not OutputState.INVALID:
            assert "a" in json.loads(checked.text)


def test_a_schema_that_is_none_is_told_and_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch):
    fetched: list[object] = []
    monkeypatch.setattr(urllib.request, "urlopen", fetched.append)
    assert "the schema itself is wrong: 'many' is not" in (schema_problem({"type": "many"}) or "")
    assert schema_problem({"type": "object"}) is None
    told = fault_of({}, {"$ref": "http://127.0.0.1:1/schema.json"})
    assert told == "the schema itself is wrong: http://127.0.0.1:1/schema.json leads nowhere"
    assert fetched == []
    assert fault_of({"n": 1}, {"$ref": "#/$defs/a", "$defs": {"a": SCHEMA}}) is None
