from __future__ import annotations

from typing import Any

import pytest

from airoute_cli.core.profile import Model, Provider
from airoute_cli.core.request import (
    Image,
    Message,
    Request,
    ResponseSchema,
    Text,
    Tool,
    ToolCall,
)
from airoute_cli.core.settings import Settings
from airoute_cli.providers.openai_body import ChatWords, cap_name_for, chat_body

HI = Message("user", (Text("hi"),))


def _model(base_url: str | None = "http://localhost:8080/v1", api: str = "openai") -> Model:
    return Model("fast", Provider("p", api, base_url=base_url), "gpt-x")


def _body(request: Request, *, stream: bool = False) -> dict[str, Any]:
    return chat_body(_model(), request, stream=stream)


def test_the_smallest_body() -> None:
    assert _body(Request((HI,))) == {
        "model": "gpt-x",
        "messages": [{"role": "user", "content": "hi"}],
    }


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (Message("system", (Text("be brief"),)), {"role": "system", "content": "be brief"}),
        (Message("user", (Text("a"), Text("b"))), {"role": "user", "content": "a\nb"}),
        (
            Message("user", (Text("a"),), name="ann"),
            {"role": "user", "content": "a", "name": "ann"},
        ),
        (
            Message("user", (Text("what?"), Image("https://x/y.png", "low"))),
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "what?"},
                    {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}},
                ],
            },
        ),
        (
            Message("user", (Image("data:image/png;base64,AA=="),)),
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
                ],
            },
        ),
        (
            Message("assistant", (), tool_calls=(ToolCall("c1", "add", '{"a":1}'),)),
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "c1",
                        "type": "function",
                        "function": {"name": "add", "arguments": '{"a":1}'},
                    }
                ],
            },
        ),
        (
            Message("tool", (Text("2"),), tool_call_id="c1"),
            {"role": "tool", "content": "2", "tool_call_id": "c1"},
        ),
    ],
)
def test_messages(message: Message, expected: dict[str, Any]) -> None:
    assert _body(Request((message,)))["messages"] == [expected]


def test_settings() -> None:
    settings = Settings(
        max_output_tokens=64,
        temperature=0.0,
        top_p=0.5,
        stop=("END",),
        seed=0,
        reasoning_effort="low",
        extra={"top_k": 5, "service_tier": "flex"},
    )
    assert _body(Request((HI,), settings)) == {
        "model": "gpt-x",
        "messages": [{"role": "user", "content": "hi"}],
        "max_tokens": 64,
        "temperature": 0.0,
        "top_p": 0.5,
        "stop": ["END"],
        "seed": 0,
        "reasoning_effort": "low",
        "top_k": 5,
        "service_tier": "flex",
    }


@pytest.mark.parametrize(
    ("base_url", "name"),
    [
        (None, "max_tokens"),
        ("https://api.openai.com/v1", "max_completion_tokens"),
        ("https://eu.api.openai.com/v1", "max_completion_tokens"),
        ("https://res.openai.azure.com/openai/v1", "max_completion_tokens"),
        ("https://openrouter.ai/api/v1", "max_tokens"),
        ("https://api.openai.com.evil.example/v1", "max_tokens"),
        ("https://notapi.openai.com/v1", "max_tokens"),
        ("http://127.0.0.1:8000/v1", "max_tokens"),
    ],
)
def test_the_name_of_the_cap(base_url: str | None, name: str) -> None:
    request = Request((HI,), Settings(max_output_tokens=7))
    words = ChatWords(cap_name=cap_name_for(base_url))
    body = chat_body(_model(base_url), request, words, stream=False)
    assert {key: value for key, value in body.items() if key.startswith("max_")} == {name: 7}


def test_a_setting_never_replaces_what_was_planned() -> None:
    extra = {
        "model": "another",
        "messages": [],
        "stream": True,
        "stream_options": {"include_usage": False},
        "metadata": {"tier": "gold"},
    }
    assert _body(Request((HI,), Settings(extra=extra))) == _body(Request((HI,)))


def test_a_streamed_request_asks_for_the_usage() -> None:
    extra = {"stream_options": {"include_obfuscation": False, "include_usage": False}}
    body = _body(Request((HI,), Settings(extra=extra)), stream=True)
    assert body["stream"] is True
    assert body["stream_options"] == {"include_obfuscation": False, "include_usage": True}


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("auto", "auto"),
        ("none", "none"),
        ("required", "required"),
        ("=add", {"type": "function", "function": {"name": "add"}}),
    ],
)
def test_tools(choice: str, expected: object) -> None:
    tools = (Tool("add", "Adds.", {"type": "object"}, strict=True), Tool("now"))
    body = _body(Request((HI,), tools=tools, tool_choice=choice))
    assert body["tool_choice"] == expected
    assert body["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "add",
                "description": "Adds.",
                "parameters": {"type": "object"},
                "strict": True,
            },
        },
        {"type": "function", "function": {"name": "now"}},
    ]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (ResponseSchema(), {"type": "json_object"}),
        (
            ResponseSchema("city", {"type": "object"}, strict=True),
            {
                "type": "json_schema",
                "json_schema": {"name": "city", "schema": {"type": "object"}, "strict": True},
            },
        ),
    ],
)
def test_response_format(schema: ResponseSchema, expected: object) -> None:
    assert _body(Request((HI,), schema=schema))["response_format"] == expected
