"""The body of a request to Cohere's chat, version 2."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.profile import Model
from airoute_cli.core.request import (
    Image,
    Message,
    Part,
    Request,
    ResponseSchema,
    Text,
    Tool,
    ToolCall,
)
from airoute_cli.core.settings import Settings

# What no setting may replace: what is asked of whom is what was planned, how the answer comes is
# the decoder's business, and metadata never travels.
_OURS = frozenset({"model", "messages", "stream", "metadata"})

# Tokens to think with. From `xhigh` on it may think as long as it likes.
_BUDGETS: Mapping[str, int] = MappingProxyType(
    {"minimal": 512, "low": 1_024, "medium": 4_096, "high": 16_384}
)
_OFF = "none"

_CHOICES: Mapping[str, str] = MappingProxyType({"required": "REQUIRED", "none": "NONE"})


def chat_body(model: Model, request: Request, *, stream: bool) -> dict[str, Any]:
    """The JSON body that asks ``model`` for ``request``."""
    given = request.settings.extra
    return (
        {
            "model": model.wire_name,
            "messages": [_message(message) for message in request.messages],
            "stream": stream,
        }
        | _settings(request.settings)
        | _tools(request)
        | _response_format(request.schema)
        | {name: value for name, value in given.items() if name not in _OURS}
    )


def _settings(settings: Settings) -> dict[str, Any]:
    effort = settings.reasoning_effort
    return _stated(
        {
            "max_tokens": settings.max_output_tokens,
            "temperature": settings.temperature,
            "p": settings.top_p,
            "k": settings.top_k,
            "stop_sequences": None if settings.stop is None else list(settings.stop),
            "seed": settings.seed,
            "thinking": None if effort is None else _thinking(effort),
        }
    )


def _thinking(effort: str) -> dict[str, Any]:
    if effort == _OFF:
        return {"type": "disabled"}
    return {"type": "enabled"} | _stated({"token_budget": _BUDGETS.get(effort)})


def _message(message: Message) -> dict[str, Any]:
    if message.tool_calls:
        # What is said before a call is its plan here, and stands in place of a content.
        return {"role": message.role, "tool_calls": [_call(c) for c in message.tool_calls]} | (
            {"tool_plan": message.text} if message.parts else {}
        )
    said = {"role": message.role, "content": _content(message)}
    return said | _stated({"tool_call_id": message.tool_call_id})


def _content(message: Message) -> str | list[dict[str, Any]]:
    if all(isinstance(part, Text) for part in message.parts):
        return message.text
    return [_part(part) for part in message.parts]


def _part(part: Part) -> dict[str, Any]:
    write = _PARTS.get(type(part))
    if write is None:
        kind = type(part).__name__.lower()
        raise CallError(ErrorKind.BAD_REQUEST, f"Cohere's chat has no {kind} part")
    return write(part)


def _text(part: Text) -> dict[str, Any]:
    return {"type": "text", "text": part.text}


def _image(part: Image) -> dict[str, Any]:
    url = {"url": part.url} | _stated({"detail": part.detail})
    return {"type": "image_url", "image_url": url}


_PARTS: Mapping[type[Part], Callable[[Any], dict[str, Any]]] = MappingProxyType(
    {Text: _text, Image: _image}
)


def _call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _tools(request: Request) -> dict[str, Any]:
    """The tools. Left out, the choice is the model's; one strict tool makes all of them so."""
    return _stated(
        {
            "tools": [_tool(tool) for tool in request.tools] or None,
            "tool_choice": _CHOICES.get(request.tool_choice or ""),
            "strict_tools": any(tool.strict for tool in request.tools) or None,
        }
    )


def _tool(tool: Tool) -> dict[str, Any]:
    empty = {"type": "object", "properties": {}}
    parameters = empty if tool.parameters is None else dict(tool.parameters)
    function = {"name": tool.name, "parameters": parameters}
    return {
        "type": "function",
        "function": function | _stated({"description": tool.description}),
    }


def _response_format(schema: ResponseSchema | None) -> dict[str, Any]:
    if schema is None:
        return {}
    described = None if schema.schema is None else dict(schema.schema)
    return {"response_format": {"type": "json_object"} | _stated({"json_schema": described})}


def _stated(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
