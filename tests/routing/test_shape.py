from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from airoute_cli.core.profile import DEFAULT_MAX_OUTPUT_TOKENS, Route
from airoute_cli.core.request import Message, Request, ResponseSchema, Text, Tool
from airoute_cli.core.settings import EMPTY, Settings
from airoute_cli.routing.shape import shape

USER = Message("user", (Text("hi"),))
OWN = Message("system", (Text("mine"),))
ROUTE = Route("r", "single", ("a",), system="theirs", settings=Settings(temperature=0.5, top_p=0.9))


def test_the_row_wins_over_the_route_and_the_route_over_the_model(make: Any):
    model = make.model("a", settings=Settings(temperature=0.1, top_p=0.1, seed=7))
    shaped = shape(Request((USER,), Settings(temperature=1.0)), ROUTE, model)
    found = (shaped.settings.temperature, shaped.settings.top_p, shaped.settings.seed)
    assert found == (1.0, 0.9, 7)


@pytest.mark.parametrize(
    ("messages", "system"), [((USER,), "theirs"), ((OWN, USER), "mine"), ((USER, OWN), "mine")]
)
def test_the_routes_system_turn_is_only_for_rows_without(
    make: Any, messages: tuple[Message, ...], system: str
):
    shaped = shape(Request(messages), ROUTE, make.model("a"))
    assert shaped.system == system
    assert shaped.messages[-len(messages) :] == messages
    assert len([turn for turn in shaped.messages if turn.role == "system"]) == 1


def test_without_a_route_nothing_is_added(make: Any):
    shaped = shape(Request((USER,)), None, make.model("a", settings=Settings(seed=1)))
    assert shaped.messages == (USER,)
    assert shaped.settings == Settings(max_output_tokens=DEFAULT_MAX_OUTPUT_TOKENS, seed=1)


@pytest.mark.parametrize(
    ("row", "route", "model", "most", "cap"),
    [
        (None, None, None, None, DEFAULT_MAX_OUTPUT_TOKENS),
        (None, None, None, 300, 300),
        (None, None, None, 9_000, DEFAULT_MAX_OUTPUT_TOKENS),
        (None, None, 2_000, None, 2_000),
        (None, 64, 2_000, None, 64),
        (5_000, 64, 2_000, None, 5_000),
        (5_000, 64, 2_000, 4_096, 4_096),
    ],
)
def test_the_cap_is_always_set(
    make: Any, row: int | None, route: int | None, model: int | None, most: int | None, cap: int
):
    answering = make.model("a", settings=Settings(max_output_tokens=model), max_output_tokens=most)
    through = Route("r", "single", ("a",), settings=Settings(max_output_tokens=route))
    shaped = shape(Request((USER,), Settings(max_output_tokens=row)), through, answering)
    assert shaped.settings.max_output_tokens == cap
    assert shape(shaped, None, answering).settings.max_output_tokens == cap


def test_what_goes_on_the_wire_under_its_own_name_is_merged(make: Any):
    model = make.model("a", settings=Settings(extra={"top_k": 1, "logit_bias": {}}))
    shaped = shape(Request((USER,), Settings(extra={"top_k": 5})), None, model)
    assert shaped.settings.extra == {"top_k": 5, "logit_bias": {}}
    assert EMPTY.extra == {}


def test_everything_else_that_a_row_asks_for_is_kept(make: Any):
    tool = Tool("look_up")
    asked = Request(
        (OWN, USER), Settings(64, 0.1, 0.2, 3, ("end",), 4, "low", {"user": "u"}), (tool,),
        "required", ResponseSchema(schema={"type": "object"}), parallel_tool_calls=False,
        dialect="anthropic",
    )  # fmt: skip
    assert all(getattr(asked, one.name) != one.default for one in fields(Request))
    assert shape(asked, None, make.model("a")) == asked
