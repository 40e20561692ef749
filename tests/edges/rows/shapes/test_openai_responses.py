from __future__ import annotations

import copy
import json

import pytest

from airoute_cli.core.errors import RowError
from airoute_cli.core.request import (
    RESPONSES_DIALECT,
    Document,
    Image,
    Message,
    Request,
    ResponseSchema,
    Text,
    Thought,
    Tool,
    ToolCall,
)
from airoute_cli.core.settings import Settings
from airoute_cli.edges.rows.shapes.openai import read_line

SCHEMA = {"type": "object"}
REASONING = {"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "xyz"}


def request(**body) -> Request:
    line = {"method": "POST", "url": "/v1/responses", "body": {"input": "hi", **body}}
    return read_line(copy.deepcopy(line)).request


def call(name: str) -> dict[str, str]:
    return {"type": "function_call", "id": "fc", "call_id": name, "name": "f", "arguments": "{}"}


def test_the_smallest_row():
    assert request() == Request((Message("user", (Text("hi"),)),), dialect=RESPONSES_DIALECT)


def test_a_row_without_a_url_is_known_by_its_input():
    assert read_line({"body": {"input": "hi"}}).request == request()


def test_a_whole_conversation_is_read():
    asked = request(
        model="gpt-5",
        stream=True,
        background=False,
        instructions="be brief",
        input=[
            {"role": "developer", "content": "be kind"},
            {
                "type": "message",
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "look"},
                    {"type": "input_image", "image_url": "https://x/y", "detail": "low"},
                    {"type": "input_file", "file_url": "https://x/a.pdf"},
                    {"type": "input_file", "file_data": "data:,x", "filename": "b.pdf"},
                ],
            },
            REASONING,
            {
                "type": "message",
                "id": "msg",
                "status": "completed",
                "role": "assistant",
                "content": [
                    {"type": "output_text", "text": "I look", "annotations": [], "logprobs": []}
                ],
            },
            call("c1"),
            call("c2"),
            {"type": "function_call_output", "call_id": "c1", "output": "found"},
            {
                "type": "function_call_output",
                "call_id": "c2",
                "output": [{"type": "input_image", "image_url": "data:image/png;base64,AA"}],
            },
        ],
        tools=[
            {"type": "function", "name": "f", "description": "d", "parameters": SCHEMA},
            {"type": "web_search"},
        ],
        tool_choice={"type": "function", "name": "f"},
        parallel_tool_calls=False,
        text={
            "verbosity": "low",
            "format": {
                "type": "json_schema",
                "name": "reply",
                "description": "a reply",
                "schema": SCHEMA,
                "strict": True,
            },
        },
        reasoning={"effort": "low", "summary": "auto"},
        max_output_tokens=20,
        temperature=0.5,
        include=["reasoning.encrypted_content"],
        user=None,
    )
    thought = Thought(json.dumps(REASONING, separators=(",", ":")), RESPONSES_DIALECT, None, True)
    assert asked == Request(
        (
            Message("system", (Text("be brief"),)),
            Message("system", (Text("be kind"),)),
            Message(
                "user",
                (
                    Text("look"),
                    Image("https://x/y", "low"),
                    Document("https://x/a.pdf"),
                    Document("data:,x", "b.pdf"),
                ),
            ),
            Message(
                "assistant",
                (thought, Text("I look")),
                (ToolCall("c1", "f", "{}"), ToolCall("c2", "f", "{}")),
            ),
            Message("tool", (Text("found"),), tool_call_id="c1"),
            Message("tool", (Image("data:image/png;base64,AA"),), tool_call_id="c2"),
        ),
        Settings(
            max_output_tokens=20,
            temperature=0.5,
            reasoning_effort="low",
            extra={
                "include": ["reasoning.encrypted_content"],
                "tools": [{"type": "web_search"}],
                "text": {"verbosity": "low"},
                "reasoning": {"summary": "auto"},
            },
        ),
        (Tool("f", "d", SCHEMA),),
        "=f",
        ResponseSchema("reply", {"description": "a reply", **SCHEMA}, True),
        False,
        RESPONSES_DIALECT,
    )


def test_two_steps_of_reasoning_stay_two_turns():
    turns = request(input=[REASONING, call("c1"), REASONING, call("c2")]).messages
    assert [len(turn.parts) for turn in turns] == [1, 1]
    assert [turn.tool_calls[0].id for turn in turns] == ["c1", "c2"]


def test_two_messages_of_a_model_stay_two_turns():
    turns = request(input=[{"role": "assistant", "content": text} for text in "ab"]).messages
    assert [turn.text for turn in turns] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "schema"),
    [
        (None, None),
        ({"format": {"type": "text"}}, None),
        ({"format": {"type": "json_object"}}, ResponseSchema()),
    ],
)
def test_forms_of_answers(text, schema):
    assert request(text=text).schema == schema


def test_a_choice_that_only_this_api_knows_stays_under_its_name():
    choice = {"type": "web_search"}
    asked = request(tool_choice=choice)
    assert (asked.tool_choice, asked.settings.extra) == (None, {"tool_choice": choice})


CANNOT = "cannot be carried to a model; take it out of the row"


@pytest.mark.parametrize(
    ("body", "code", "sentence"),
    [
        ({"input": ""}, "empty_prompt", "body.input holds no text: there is nothing to ask"),
        ({"input": []}, "empty_prompt", "body.input is empty: there is nothing to ask"),
        ({"input": 7}, "invalid_row", "body.input must be a list, not a number"),
        (
            {"input": [{"type": "item_reference", "id": "x"}]},
            "unsupported_content",
            f"body.input[0]: an item of type 'item_reference' {CANNOT}",
        ),
        (
            {"input": [{"type": ["message"]}]},
            "unsupported_content",
            f"body.input[0]: an item of type ['message'] {CANNOT}",
        ),
        (
            {"input": [{"role": "judge", "content": "x"}]},
            "invalid_row",
            "body.input[0].role must be user, assistant, system or developer, not 'judge'",
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "input_audio"}]}]},
            "unsupported_content",
            f"body.input[0].content[0]: a part of type 'input_audio' {CANNOT}",
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]},
            "unsupported_content",
            f"body.input[0].content[0]: the key 'file_id' {CANNOT}",
        ),
        (
            {"input": [{"role": "user", "content": 7}]},
            "invalid_row",
            "body.input[0].content must be a string or a list of parts, not a number",
        ),
        (
            {"tools": [{"type": "function", "name": "f", "defer_loading": True}]},
            "unsupported_content",
            f"body.tools[0]: the key 'defer_loading' {CANNOT}",
        ),
        (
            {"text": {"format": {"type": "xml"}}},
            "invalid_row",
            "body.text.format.type must be text, json_object or json_schema",
        ),
        (
            {"parallel_tool_calls": "no"},
            "invalid_row",
            "body.parallel_tool_calls must be true or false, not a string",
        ),
        (
            {"reasoning": {"effort": 3}},
            "invalid_setting",
            "body.reasoning_effort must be a string, not 3",
        ),
    ],
)
def test_an_unusable_row_says_why(body, code, sentence):
    with pytest.raises(RowError) as error:
        request(**body)
    assert (error.value.code, str(error.value)) == (code, sentence)
