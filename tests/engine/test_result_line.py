from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.request import ToolCall
from airoute_cli.edges.rows.shapes.openai import read_line
from airoute_cli.engine.result_line import completion_body, dumps, parsed_calls


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


def test_a_calls_proof_stands_where_a_row_has_it() -> None:
    calls = (ToolCall("c", "f", "{}", "proof"), ToolCall("d", "f", "{}"))
    answer = Completion("", FinishReason.TOOL_CALLS, tool_calls=calls)
    body = completion_body(answer, b"", 0.0)
    message = body["choices"][0]["message"]
    asked = read_line({"body": {"messages": [{"role": "user", "content": "hi"}, message]}})
    assert asked.request.messages[1].tool_calls == calls


@given(st.text() | st.recursive(st.none() | st.integers() | st.floats() | st.text(),
                                lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
                                ).map(lambda value: json.dumps(value, indent=1)))  # fmt: skip
def test_whatever_they_are_the_line_is_one_line_of_json(arguments: str) -> None:
    line = _written(arguments)
    assert b"\n" not in line
    assert json.loads(line)[0]["name"] == "f"
