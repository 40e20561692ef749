"""One request with everything in it, which every wire format must be able to say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

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

CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
PIXEL = "data:image/png;base64,iVBORw0KGgo="

RICH = Request(
    messages=(
        Message("system", (Text("You name cities."),)),
        Message("user", (Text("Where is this?"), Image(PIXEL, "low"), Image("https://x/a.png"))),
        Message(
            "assistant",
            (Text("I look it up."),),
            (ToolCall("call_abc-1", "find", '{"q":"tower"}'), ToolCall("c2", "now", "{}")),
        ),
        Message("tool", (Text("Paris"),), tool_call_id="call_abc-1"),
        Message("tool", (Text("noon"),), tool_call_id="c2"),
        Message("user", (Text("Answer now."),)),
    ),
    settings=Settings(
        max_output_tokens=64,
        temperature=0.2,
        top_p=0.9,
        top_k=5,
        stop=("END", "STOP"),
        seed=7,
        reasoning_effort="high",
    ),
    tools=(
        Tool("find", "Finds places.", CITY, strict=True),
        Tool("now", parameters={"type": "object", "properties": {}}),
    ),
    tool_choice="=find",
    schema=ResponseSchema("city", CITY, strict=True),
    parallel_tool_calls=False,
)


def asked(api: str, base_url: str = "https://host", **options: Any) -> Model:
    """A model of a provider that speaks ``api``."""
    return Model("m", Provider("p", api, base_url, options=options), "wire-1")


def with_settings(request: Request, **changes: Any) -> Request:
    """``request`` with other settings."""
    return replace(request, settings=replace(request.settings, **changes))
