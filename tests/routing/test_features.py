from __future__ import annotations

from typing import Any

import pytest

from airoute_cli.core.request import (
    Capability,
    Image,
    Message,
    Request,
    ResponseSchema,
    Text,
    Tool,
    ToolCall,
)
from airoute_cli.core.settings import Settings
from airoute_cli.routing.features import find_features
from airoute_cli.routing.tokens import estimate_request

USER = Message("user", (Text("Translate this into French: hello"),))


def test_the_text_is_what_the_user_said():
    messages = (
        Message("system", (Text("be nice"),)),
        Message("user", (Text("one"), Text("two"))),
        Message("assistant", (Text("yes?"),)),
        Message("user", (Text("three"),)),
    )
    features = find_features(Request(messages), {"tier": "pro"}, b"digest", with_task=False)
    assert features.text == "one\ntwo\nthree"
    assert features.input_tokens == estimate_request(Request(messages))
    assert (features.metadata, features.digest) == ({"tier": "pro"}, b"digest")


def test_the_task_is_found_only_when_it_is_asked_for():
    assert find_features(Request((USER,)), {}, b"", with_task=False).task == ""
    assert find_features(Request((USER,)), {}, b"", with_task=True).task == "translate"


@pytest.mark.parametrize(
    ("messages", "fields", "needs"),
    [
        ((USER,), {}, set()),
        ((Message("user", (Image("https://a/b.png"),)),), {}, {Capability.VISION}),
        ((USER,), {"tools": (Tool("find"),)}, {Capability.TOOLS}),
        (
            (USER, Message("assistant", (), (ToolCall("1", "find", "{}"),))),
            {},
            {Capability.TOOLS},
        ),
        ((USER,), {"schema": ResponseSchema()}, {Capability.JSON_SCHEMA}),
        ((USER,), {"settings": Settings(reasoning_effort="low")}, {Capability.REASONING}),
        ((USER,), {"settings": Settings(reasoning_effort="none")}, set()),
    ],
)
def test_needs(messages: tuple[Message, ...], fields: dict[str, Any], needs: set[Capability]):
    features = find_features(Request(messages, **fields), {}, b"", with_task=False)
    assert features.needs == needs
