from __future__ import annotations

import copy

import pytest

from airoute_cli.core.errors import RowError
from airoute_cli.core.request import Image, Message, Request, ResponseSchema, Text, Tool, ToolCall
from airoute_cli.core.settings import Settings
from airoute_cli.edges.rows.shapes.openai import read_line

HI = {"role": "user", "content": "hi"}
NAMED = {"name": "f"}


def line(**body):
    return {"method": "POST", "url": "/v1/chat/completions", "body": {"messages": [HI], **body}}


def request(**body) -> Request:
    return read_line(line(**body)).request


def test_a_whole_conversation_is_read():
    schema = {"type": "object"}
    read = read_line(
        line(
            model="gpt-5",
            stream=True,
            stream_options={"include_usage": True},
            n=1,
            messages=[
                {"role": "developer", "content": "be brief"},
                {
                    "role": "user",
                    "name": "ann",
                    "content": [
                        {"type": "text", "text": "look"},
                        {"type": "image_url", "image_url": {"url": "https://x/y", "detail": "low"}},
                        {"type": "image_url", "image_url": "data:image/png;base64,AA=="},
                    ],
                },
                {
                    "role": "assistant",
                    "content": None,
                    "refusal": None,
                    "annotations": [],
                    "tool_calls": [
                        {
                            "id": "c1",
                            "type": "function",
                            "function": {"name": "find", "arguments": '{"q": 1}'},
                            "extra_content": {"google": {"thought_signature": "proof"}},
                        },
                        {"id": "c2", "function": {"name": "find", "arguments": {"q": 2}}},
                    ],
                },
                {"role": "tool", "tool_call_id": "c1", "content": "found"},
            ],
            tools=[
                {
                    "type": "function",
                    "function": {
                        "name": "find",
                        "description": "finds",
                        "parameters": schema,
                        "strict": True,
                    },
                }
            ],
            tool_choice={"type": "function", "function": {"name": "find"}},
            response_format={
                "type": "json_schema",
                "json_schema": {
                    "name": "reply",
                    "description": "a reply",
                    "schema": schema,
                    "strict": False,
                },
            },
            max_completion_tokens=9,
            stop=["END"],
            logit_bias={"5": 1},
            user="u1",
        )
    )
    assert read.request == Request(
        (
            Message("system", (Text("be brief"),)),
            Message(
                "user",
                (
                    Text("look"),
                    Image("https://x/y", "low"),
                    Image("data:image/png;base64,AA=="),
                ),
                name="ann",
            ),
            Message(
                "assistant",
                (),
                tool_calls=(
                    ToolCall("c1", "find", '{"q": 1}', "proof"),
                    ToolCall("c2", "find", '{"q":2}'),
                ),
            ),
            Message("tool", (Text("found"),), tool_call_id="c1"),
        ),
        Settings(
            max_output_tokens=9,
            stop=("END",),
            extra={"logit_bias": {"5": 1}, "user": "u1"},
        ),
        (Tool("find", "finds", schema, strict=True),),
        "=find",
        ResponseSchema("reply", {"description": "a reply", "type": "object"}, strict=False),
    )
    assert (read.metadata, read.extra) == ({}, {})


@pytest.mark.parametrize(
    "url", ["/v1/chat/completions", "/chat/completions", "https://h/openai/chat/completions?v=1"]
)
def test_every_way_to_write_the_endpoint_is_known(url):
    assert read_line({**line(), "url": url}).request.messages[0].text == "hi"


def test_metadata_of_the_row_goes_before_that_of_the_body_and_the_rest_passes_through():
    given = line(metadata={"tier": "free", "region": "eu"})
    read = read_line({**given, "metadata": {"tier": "gold"}, "ticket": 7})
    assert read.metadata == {"tier": "gold", "region": "eu"}
    assert read.extra == {"ticket": 7}


@pytest.mark.parametrize(
    ("given", "schema"),
    [
        ({"type": "text"}, None),
        (None, None),
        ({"type": "json_object"}, ResponseSchema()),
        ({"type": "json_schema", "json_schema": {"schema": {}}}, ResponseSchema(schema={})),
    ],
)
def test_response_formats(given, schema):
    assert request(response_format=given).schema == schema


@pytest.mark.parametrize("choice", ["auto", "none", "required", None])
def test_tool_choices(choice):
    assert request(tool_choice=choice).tool_choice == choice


def part(kind):
    return {"messages": [HI, {"role": "user", "content": [{"type": "text", "text": "x"}, kind]}]}


CASES = [
    ({"body": "x"}, "invalid_row", "body must be an object, not a string"),
    (
        {"url": "/v1/embeddings"},
        "unsupported_endpoint",
        (
            "the endpoint '/v1/embeddings' is not one that airoute can route; "
            "a row's url must end in /chat/completions or /responses"
        ),
    ),
    ({"url": 5}, "invalid_row", "url must be a string, not a number"),
    ({"method": "GET"}, "invalid_row", "method must be 'POST', not 'GET'"),
    ({"metadata": ["x"]}, "invalid_row", "metadata must be an object, not a list"),
    (
        {"metadata": {"tags": ["x"]}},
        "invalid_row",
        "metadata.tags must be a string, a number, true, false or null, not a list",
    ),
]
BODY_CASES = [
    ({"metadata": "x"}, "invalid_row", "body.metadata must be an object, not a string"),
    ({"messages": None}, "invalid_row", "body.messages must be a list, not null"),
    ({"messages": []}, "empty_prompt", "body.messages is empty: there is nothing to ask"),
    (
        {"messages": [{"role": "user", "content": " "}]},
        "empty_prompt",
        "body.messages holds no text: there is nothing to ask",
    ),
    ({"messages": ["hi"]}, "invalid_row", "body.messages[0] must be an object, not a string"),
    (
        {"messages": [HI, {"role": "function", "content": "x"}]},
        "invalid_row",
        (
            "body.messages[1].role is 'function'; "
            "it must be system, developer, user, assistant or tool"
        ),
    ),
    (
        {"messages": [{"content": "x"}]},
        "invalid_row",
        "body.messages[0].role is missing; it must be system, developer, user, assistant or tool",
    ),
    (
        {"messages": [{"role": "user", "content": 5}]},
        "invalid_row",
        "body.messages[0].content must be a string or a list of parts, not a number",
    ),
    (
        {"messages": [{"role": "tool", "content": "x"}]},
        "invalid_row",
        "body.messages[0].tool_call_id is missing",
    ),
    (
        {"messages": [{"role": "tool", "name": "f", "content": "x"}]},
        "invalid_row",
        "body.messages[0].tool_call_id is missing",
    ),
    (
        part({"type": "input_audio", "input_audio": {}}),
        "unsupported_content",
        (
            "body.messages[1].content[1]: a part of type 'input_audio' "
            "cannot be carried to a model; "
            "take it out of the row"
        ),
    ),
    (
        part({"text": "x"}),
        "invalid_row",
        "body.messages[1].content[1].type must be a string, not null",
    ),
    (
        part({"type": "image_url", "image_url": {"url": ""}}),
        "invalid_row",
        "body.messages[1].content[1].image_url.url is empty",
    ),
    (
        {"messages": [{**HI, "audio": {"id": "a"}}]},
        "unsupported_content",
        "body.messages[0]: the key 'audio' cannot be carried to a model; take it out of the row",
    ),
    (
        {"messages": [{"role": "assistant", "tool_calls": [{"id": "c", "type": "custom"}]}]},
        "unsupported_content",
        (
            "body.messages[0].tool_calls[0]: a tool call of type 'custom' "
            "cannot be carried to a model; "
            "take it out of the row"
        ),
    ),
    (
        {
            "messages": [
                {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f"}}]}
            ]
        },
        "invalid_row",
        "body.messages[0].tool_calls[0].function.arguments must be a string, not null",
    ),
    ({"n": 3}, "invalid_row", "body.n is 3; a row gets one answer, so write the row 3 times"),
    (
        {"max_tokens": 0},
        "invalid_setting",
        "body.max_tokens must be a whole number of at least 1, not 0",
    ),
    (
        {"tools": [{"type": "web_search"}]},
        "unsupported_content",
        (
            "body.tools[0]: a tool of type 'web_search' cannot be carried to a model; "
            "take it out of the row"
        ),
    ),
    (
        {"tool_choice": "any"},
        "invalid_row",
        "body.tool_choice must be auto, none, required or a named function, not 'any'",
    ),
    (
        {"tool_choice": ["auto"]},
        "invalid_row",
        "body.tool_choice must be auto, none, required or a named function, not ['auto']",
    ),
    (
        {"tool_choice": {"type": "allowed_tools"}},
        "unsupported_content",
        (
            "body.tool_choice: a choice of type 'allowed_tools' cannot be carried to a model; "
            "take it out of the row"
        ),
    ),
    (
        {"response_format": {"type": "xml"}},
        "invalid_row",
        "body.response_format.type must be text, json_object or json_schema, not 'xml'",
    ),
    (
        {"response_format": {"type": "json_schema", "json_schema": {}}},
        "invalid_row",
        "body.response_format.json_schema.schema must be an object, not null",
    ),
    (
        {"response_format": {"type": "json_schema", "json_schema": {"schema": {}, "strict": 1}}},
        "invalid_row",
        "body.response_format.json_schema.strict must be true or false, not a number",
    ),
]


@pytest.mark.parametrize(("given", "code", "sentence"), CASES)
def test_an_unusable_line_says_why(given, code, sentence):
    with pytest.raises(RowError) as error:
        read_line(copy.deepcopy({**line(), **given}))
    assert (error.value.code, str(error.value)) == (code, sentence)


@pytest.mark.parametrize(("body", "code", "sentence"), BODY_CASES)
def test_an_unusable_body_says_why(body, code, sentence):
    with pytest.raises(RowError) as error:
        read_line(copy.deepcopy(line(**body)))
    assert (error.value.code, str(error.value)) == (code, sentence)
