from __future__ import annotations

import pytest

from airoute_cli.core.errors import RowError
from airoute_cli.core.request import Message, Request, ResponseSchema, Text, Tool
from airoute_cli.core.settings import Settings
from airoute_cli.edges.rows.shapes.simple import read_conversation, read_prompt

USER = Message("user", (Text("hi"),))


def test_a_bare_prompt():
    assert read_prompt({"prompt": "hi"}) == (Request((USER,)), {}, {})


def test_everything_that_may_stand_beside_a_prompt():
    read = read_prompt(
        {
            "prompt": "hi",
            "system": "be brief",
            "model": "gpt-5",
            "max_tokens": 5,
            "topP": 0.5,
            "top_k": 3,
            "params": {"temperature": 0, "max_tokens": 9, "guided": True},
            "tools": [{"type": "function", "function": {"name": "f"}}],
            "tool_choice": "required",
            "response_format": {"type": "json_object"},
            "metadata": {"tier": "gold", "age": 5, "vip": True, "note": None},
            "category": "billing",
            "user": "ann",
        }
    )
    assert read.request == Request(
        (Message("system", (Text("be brief"),)), USER),
        Settings(max_output_tokens=5, temperature=0, top_p=0.5, top_k=3, extra={"guided": True}),
        (Tool("f"),),
        "required",
        ResponseSchema(),
    )
    assert read.metadata == {"tier": "gold", "age": 5, "vip": True, "note": None}
    assert read.extra == {"category": "billing", "user": "ann"}


def test_a_conversation_takes_the_same():
    read = read_conversation(
        {"messages": [{"role": "user", "content": "hi"}], "system": "s", "stop": "X", "body": 1}
    )
    assert read.request == Request((Message("system", (Text("s"),)), USER), Settings(stop=("X",)))
    assert read.extra == {"body": 1}


def test_columns_alone_leave_the_settings_empty():
    assert read_prompt({"prompt": "hi", "column": [1]}) == (Request((USER,)), {}, {"column": [1]})


@pytest.mark.parametrize(
    ("given", "code", "sentence"),
    [
        ({"prompt": ""}, "empty_prompt", "prompt is empty: there is nothing to ask"),
        ({"prompt": "\n\u3000"}, "empty_prompt", "prompt is empty: there is nothing to ask"),
        ({"prompt": 5}, "invalid_row", "prompt must be a string, not a number"),
        (
            {"prompt": [{"role": "user"}]},
            "invalid_row",
            "prompt must be a string, not a list; a list of messages belongs in 'messages'",
        ),
        (
            {"prompt": "x", "messages": []},
            "invalid_row",
            "the row has both 'prompt' and 'messages'; keep one of them",
        ),
        ({"prompt": "x", "system": 5}, "invalid_row", "system must be a string, not a number"),
        ({"prompt": "x", "params": "y"}, "invalid_row", "params must be an object, not a string"),
        (
            {"prompt": "x", "metadata": "gold"},
            "invalid_row",
            "metadata must be an object, not a string",
        ),
        (
            {"prompt": "x", "temperature": "hot"},
            "invalid_setting",
            "temperature must be a number, not 'hot'",
        ),
        (
            {"prompt": "x", "n": 2},
            "invalid_row",
            "n is 2; a row gets one answer, so write the row 2 times",
        ),
    ],
)
def test_an_unusable_row_says_why(given, code, sentence):
    with pytest.raises(RowError) as error:
        read_prompt(given)
    assert (error.value.code, str(error.value)) == (code, sentence)
