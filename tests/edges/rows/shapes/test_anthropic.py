from __future__ import annotations

import pytest
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from pydantic import TypeAdapter

from airoute_cli.core.errors import RowError
from airoute_cli.core.request import (
    CacheMark,
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
from airoute_cli.edges.rows.shapes import anthropic

CANNOT = "cannot be carried to a model; take it out of the row"
MARK = {"type": "ephemeral"}
HOUR = {"type": "ephemeral", "ttl": "1h"}
HI = {"role": "user", "content": "hi"}
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}


def claude(**params):
    return {"params": {"messages": [HI], **params}}


def turn(*blocks, role="user"):
    return claude(messages=[{"role": role, "content": list(blocks)}])


def read(given) -> Request:
    return anthropic.read_line(given).request


def line():
    """A line with everything in it."""
    return {
        "params": {
            "model": "claude-sonnet-4-5",
            "max_tokens": 4096,
            "stream": False,
            "metadata": {"user_id": "u"},
            "temperature": 1.0,
            "top_k": 4,
            "stop_sequences": ["END"],
            "service_tier": "auto",
            "thinking": {"type": "enabled", "budget_tokens": 2048},
            "system": [
                {"type": "text", "text": "be brief"},
                {"type": "text", "text": "and kind", "cache_control": HOUR},
            ],
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "look", "citations": None},
                        {
                            "type": "image",
                            "source": {"type": "base64", "media_type": "image/png", "data": "AA=="},
                        },
                        {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}},
                        {
                            "type": "document",
                            "title": "paper",
                            "source": {
                                "type": "base64",
                                "media_type": "application/pdf",
                                "data": "AA==",
                            },
                            "cache_control": MARK,
                        },
                        {"type": "document", "source": {"type": "url", "url": "https://x/y.pdf"}},
                        {
                            "type": "document",
                            "source": {"type": "text", "media_type": "text/plain", "data": "hé"},
                        },
                    ],
                },
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "hm", "signature": "s"},
                        {"type": "redacted_thinking", "data": "eA=="},
                        {"type": "text", "text": "I look."},
                        {
                            "type": "tool_use",
                            "id": "t1",
                            "name": "f",
                            "input": {"a": "ü"},
                            "caller": {"type": "direct"},
                        },
                        {
                            "type": "tool_use",
                            "id": "t2",
                            "name": "f",
                            "input": {},
                            "cache_control": MARK,
                        },
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "here"},
                        {"type": "tool_result", "tool_use_id": "t1", "content": "4"},
                        {
                            "type": "tool_result",
                            "tool_use_id": "t2",
                            "is_error": True,
                            "content": [
                                {"type": "text", "text": "no"},
                                {"type": "image", "source": {"type": "url", "url": "https://x/z"}},
                            ],
                            "cache_control": MARK,
                        },
                    ],
                },
            ],
            "tools": [
                {
                    "type": "custom",
                    "name": "f",
                    "description": "d",
                    "input_schema": SCHEMA,
                    "strict": True,
                    "cache_control": MARK,
                },
                {"name": "g", "input_schema": {"type": "object"}, "defer_loading": True},
                {"type": "web_search_20250305", "name": "web_search"},
            ],
            "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
            "output_config": {
                "format": {"type": "json_schema", "schema": SCHEMA},
                "effort": "low",
            },
        },
        "metadata": {"tier": "gold"},
        "ticket": 1,
    }


def test_a_line_with_everything_in_it_is_read_whole():
    adapter = TypeAdapter(MessageCreateParamsNonStreaming)
    adapter.validate_python(line()["params"], strict=False)
    found = anthropic.read_line(line())
    assert (found.metadata, found.extra) == ({"user_id": "u", "tier": "gold"}, {"ticket": 1})
    assert found.request == Request(
        (
            Message("system", (Text("be brief"), Text("and kind"), CacheMark("1h"))),
            Message(
                "user",
                (
                    Text("look"),
                    Image("data:image/png;base64,AA=="),
                    Image("https://x/y.png"),
                    Document("data:application/pdf;base64,AA==", "paper"),
                    CacheMark(),
                    Document("https://x/y.pdf"),
                    Document("data:text/plain;base64,aMOp"),
                ),
            ),
            Message(
                "assistant",
                (
                    Thought("hm", "anthropic", "s"),
                    Thought("eA==", "anthropic", redacted=True),
                    Text("I look."),
                    CacheMark(),
                ),
                (ToolCall("t1", "f", '{"a":"ü"}'), ToolCall("t2", "f", "{}")),
            ),
            Message("tool", (Text("4"),), tool_call_id="t1"),
            Message(
                "tool",
                (Text("no"), Image("https://x/z"), CacheMark()),
                tool_call_id="t2",
                is_error=True,
            ),
            Message("user", (Text("here"),)),
        ),
        Settings(
            max_output_tokens=4096,
            temperature=1.0,
            top_k=4,
            stop=("END",),
            reasoning_effort="low",
            extra={
                "service_tier": "auto",
                "thinking": {"type": "enabled", "budget_tokens": 2048},
                "tools": [
                    {"name": "g", "input_schema": {"type": "object"}, "defer_loading": True},
                    {"type": "web_search_20250305", "name": "web_search"},
                ],
            },
        ),
        (Tool("f", "d", SCHEMA, strict=True, cache=CacheMark()),),
        "auto",
        ResponseSchema(schema=SCHEMA),
        parallel_tool_calls=False,
        dialect="anthropic",
    )


def test_a_plain_line():
    assert read(claude(system="s", max_tokens=5)) == Request(
        (Message("system", (Text("s"),)), Message("user", (Text("hi"),))),
        Settings(max_output_tokens=5),
        dialect="anthropic",
    )


@pytest.mark.parametrize(
    ("given", "choice", "parallel"),
    [
        (None, None, None),
        ({"type": "auto"}, "auto", None),
        ({"type": "any", "disable_parallel_tool_use": False}, "required", True),
        ({"type": "none"}, "none", None),
        ({"type": "tool", "name": "f"}, "=f", None),
    ],
)
def test_tool_choices(given, choice, parallel):
    found = read(claude(tools=[{"name": "f", "input_schema": {}}], tool_choice=given))
    assert (found.tool_choice, found.parallel_tool_calls) == (choice, parallel)


def test_the_older_name_of_the_form_and_a_mark_on_the_whole_request():
    form = {"type": "json_schema", "schema": SCHEMA}
    found = read(claude(output_format=form, cache_control=HOUR, thinking=None))
    assert found.schema == ResponseSchema(schema=SCHEMA)
    assert found.messages == (Message("user", (Text("hi"), CacheMark("1h"))),)
    assert found.settings == Settings()


AT = "params.messages[0].content[0]"


@pytest.mark.parametrize(
    ("given", "code", "sentence"),
    [
        ({"params": 5}, "invalid_row", "params must be an object, not a number"),
        (claude(messages=[]), "empty_prompt", "params.messages is empty: there is nothing to ask"),
        (
            turn({"type": "server_tool_use", "id": "s"}),
            "unsupported_content",
            f"{AT}: a part of type 'server_tool_use' {CANNOT}",
        ),
        (
            turn({"type": "text", "text": "x", "citations": [1]}),
            "unsupported_content",
            f"{AT}: the key 'citations' {CANNOT}",
        ),
        (
            turn({"type": "image", "source": {"type": "file", "file_id": "f"}}),
            "unsupported_content",
            f"{AT}: an image with a source of type 'file' {CANNOT}",
        ),
        (
            turn({"type": "document", "source": {"type": "content", "content": "x"}}),
            "unsupported_content",
            f"{AT}: a document with a source of type 'content' {CANNOT}",
        ),
        (
            turn({"type": "image", "source": {"type": "text", "data": "x"}}),
            "unsupported_content",
            f"{AT}: an image with a source of type 'text' {CANNOT}",
        ),
        (
            turn({"type": "document", "source": {"type": "url", "url": "u"}, "context": "c"}),
            "unsupported_content",
            f"{AT}: the key 'context' {CANNOT}",
        ),
        (
            turn({"type": "text", "text": "x", "cache_control": {"type": "odd"}}),
            "unsupported_content",
            f"{AT}.cache_control: a cache of type 'odd' {CANNOT}",
        ),
        (
            turn(
                {"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "9m"}}
            ),
            "invalid_row",
            f"{AT}.cache_control.ttl must be 5m or 1h, not '9m'",
        ),
        (
            turn({"type": "thinking", "thinking": "hm"}, role="assistant"),
            "invalid_row",
            f"{AT}.signature must be a string, not null",
        ),
        (
            turn({"type": "tool_use", "id": "t", "name": "f", "input": "{}"}, role="assistant"),
            "invalid_row",
            f"{AT}.input must be an object, not a string",
        ),
        (
            turn({"type": "tool_result"}),
            "invalid_row",
            f"{AT}.tool_use_id must be a string, not null",
        ),
        (
            turn({"type": "tool_result", "tool_use_id": "t", "content": [{"type": "thinking"}]}),
            "unsupported_content",
            f"{AT}.content[0]: a part of type 'thinking' {CANNOT}",
        ),
        (
            claude(messages=[{"role": "tool", "content": "x"}]),
            "invalid_row",
            "params.messages[0].role must be user, assistant or system, not 'tool'",
        ),
        (
            claude(messages=[{"role": "user"}]),
            "invalid_row",
            "params.messages[0].content must be a string or a list of blocks, not null",
        ),
        (
            claude(max_tokens="9"),
            "invalid_setting",
            "params.max_tokens must be a whole number of at least 1, not '9'",
        ),
        (
            claude(tool_choice={"type": "odd"}),
            "invalid_row",
            "params.tool_choice.type must be auto, any, none or tool, not 'odd'",
        ),
        (
            claude(output_config={"format": {"type": "text"}}),
            "unsupported_content",
            f"params.output_config.format: a format of type 'text' {CANNOT}",
        ),
        (claude(tools=["f"]), "invalid_row", "params.tools[0] must be an object, not a string"),
    ],
)
def test_what_cannot_be_carried_is_never_dropped_in_silence(given, code, sentence):
    with pytest.raises(RowError) as error:
        anthropic.read_line(given)
    assert (error.value.code, str(error.value)) == (code, sentence)
