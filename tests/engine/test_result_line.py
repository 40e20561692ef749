from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.request import ToolCall
from airoute_cli.engine.result_line import dumps, parsed_calls


def _written(arguments: str) -> bytes:
    calls = (ToolCall("c", "f", arguments),)
    return dumps(parsed_calls(Completion("", FinishReason.TOOL_CALLS, tool_calls=calls)))


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ('{"city": "Rome"}', {"city": "Rome"}),
        ("", {}),
        ('{\n  "n": 1\n}', {"n": 1}),
        ('{"city": ', None),
        ('{"n": 123456789012345678901234567890}', {"n": 123456789012345678901234567890}),
        ('{"n": 123456789012345678901234567890, "x": NaN}', None),
        ('"\\ud800"', "\ud800"),
        ("[" * 300 + "]" * 300, json.loads("[" * 300 + "]" * 300)),
        ("[" * 100_000, None),
    ],
)
def test_arguments_are_values(arguments: str, value: object) -> None:
    assert json.loads(_written(arguments)) == [{"id": "c", "name": "f", "arguments": value}]


@given(st.text() | st.recursive(st.none() | st.integers() | st.floats() | st.text(),
                                lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
                                ).map(lambda value: json.dumps(value, indent=1)))  # fmt: skip
def test_whatever_they_are_the_line_is_one_line_of_json(arguments: str) -> None:
    line = _written(arguments)
    assert b"\n" not in line
    assert json.loads(line)[0]["name"] == "f"
