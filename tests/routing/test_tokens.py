from __future__ import annotations

from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.figures import Figures
from airoute_cli.core.request import (
    Image,
    Message,
    Request,
    ResponseSchema,
    Text,
    Tool,
    ToolCall,
)
from airoute_cli.routing.tokens import (
    IMAGE_TOKENS,
    TURN_TOKENS,
    corrected,
    estimate_request,
    estimate_tokens,
)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("a", 1),
        ("abcd", 1),
        ("abcde", 2),
        ("x" * 4_000, 1_000),
        ("日" * 10, 3 + 4),
        ("ä" * 10, 3 + 2),
        ("\ud800", 1),
    ],
)
def test_an_estimate_is_characters_and_extra_bytes(text: str, tokens: int):
    assert estimate_tokens(text) == tokens


@given(st.text(), st.text())
def test_more_text_is_never_fewer_tokens(text: str, more: str):
    assert 0 <= estimate_tokens(text) <= estimate_tokens(text + more)


def test_a_request_counts_its_turns():
    turns = (Message("system", (Text("x" * 40),)), Message("user", (Text("x" * 80),)))
    assert estimate_request(Request(turns)) == 10 + 20 + 2 * TURN_TOKENS


def test_a_request_counts_its_images():
    parts = (Text("x" * 4), Image("https://example.org/cat.png"))
    assert estimate_request(Request((Message("user", parts),))) == 1 + IMAGE_TOKENS + TURN_TOKENS


def test_a_request_counts_the_tool_calls_of_its_turns():
    call = ToolCall("1", "find", "x" * 400)
    turn = Message("assistant", (), tool_calls=(call,))
    assert estimate_request(Request((turn,))) == 1 + 100 + TURN_TOKENS


def test_tools_and_the_answer_schema_count_as_json():
    parameters = MappingProxyType({"type": "object", "properties": {"q": {"type": "string"}}})
    tools = (Tool("find", "Finds things.", parameters),)
    bare = Request((Message("user", (Text("hi"),)),))
    with_tools = Request(bare.messages, tools=tools)
    with_schema = Request(bare.messages, schema=ResponseSchema(schema=parameters))
    assert estimate_request(with_tools) > estimate_request(with_schema) > estimate_request(bare)


def test_an_answer_schema_of_any_object_costs_nothing():
    bare = Request((Message("user", (Text("hi"),)),))
    assert estimate_request(Request(bare.messages, schema=ResponseSchema())) == estimate_request(
        bare
    )


@pytest.mark.parametrize(
    ("ratio", "tokens"), [(1.0, 100), (1.5, 150), (0.5, 50), (0.01, 25), (90.0, 800)]
)
def test_the_estimate_is_corrected_within_bounds(ratio: float, tokens: int):
    assert corrected(100, Figures(token_ratio=ratio)) == tokens
