"""The body of a request to OpenAI's Responses API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import takewhile
from types import MappingProxyType
from typing import Any

import orjson

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.profile import Model
from airoute_cli.core.request import (
    RESPONSES_DIALECT,
    Document,
    Image,
    Message,
    Part,
    Request,
    ResponseSchema,
    Text,
    Thought,
    Tool,
    ToolCall,
)

# What no setting may replace: what is asked of whom is what was planned, how the answer comes is
# the decoder's business, and metadata never travels.
_OURS = frozenset({"model", "input", "instructions", "stream", "background", "metadata"})

# A setting of one of these adds to what the request itself says there.
_MERGED = ("reasoning", "text")

_NO_PARAMETERS: Mapping[str, Any] = MappingProxyType({"type": "object", "properties": {}})


def responses_body(model: Model, request: Request, *, stream: bool) -> dict[str, Any]:
    """The JSON body that asks ``model`` for ``request``.

    What is answered is not kept at the provider, unless the settings say ``store``.
    """
    given = {name: value for name, value in request.settings.extra.items() if name not in _OURS}
    opening = tuple(takewhile(_instructs, request.messages))
    body: dict[str, Any] = {
        "model": model.wire_name,
        "input": [item for message in request.messages[len(opening) :] for item in _items(message)],
        "store": False,
    }
    if opening:
        body["instructions"] = "\n\n".join(message.text for message in opening)
    body |= _settings(request) | _tools(request, given.pop("tools", None))
    for name in _MERGED:
        if isinstance(given.get(name), Mapping):
            given[name] = {**given[name], **body.get(name, {})}
    return body | given | ({"stream": True} if stream else {})


def _instructs(message: Message) -> bool:
    return message.role == "system" and all(isinstance(part, Text) for part in message.parts)


def _settings(request: Request) -> dict[str, Any]:
    settings = request.settings
    effort, schema = settings.reasoning_effort, request.schema
    return _stated(
        {
            "max_output_tokens": settings.max_output_tokens,
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "reasoning": None if effort is None else {"effort": effort},
            "text": None if schema is None else {"format": _format(schema)},
        }
    )


def _format(schema: ResponseSchema) -> dict[str, Any]:
    if schema.schema is None:
        return {"type": "json_object"}
    described = {"type": "json_schema", "name": schema.name, "schema": dict(schema.schema)}
    return described | _stated({"strict": schema.strict})


def _items(message: Message) -> Iterator[dict[str, Any]]:
    """The items of one turn: its reasoning, what it says, and its calls or its result."""
    if message.role == "tool":
        yield _result(message)
        return
    yield from (_reasoning(part) for part in message.parts if isinstance(part, Thought))
    said = tuple(part for part in message.parts if not isinstance(part, Thought))
    if said or not (message.parts or message.tool_calls):
        yield {"role": message.role, "content": _content(said)}
    yield from map(_call, message.tool_calls)


def _reasoning(thought: Thought) -> dict[str, Any]:
    """The item as the API gave it; it takes back nothing else."""
    if thought.dialect != RESPONSES_DIALECT:
        raise CallError(
            ErrorKind.BAD_REQUEST, "the Responses API takes no other API's reasoning back"
        )
    item: dict[str, Any] = orjson.loads(thought.text)
    return item


def _result(message: Message) -> dict[str, Any]:
    return {
        "type": "function_call_output",
        "call_id": message.tool_call_id,
        "output": _content(message.parts),
    }


def _call(call: ToolCall) -> dict[str, Any]:
    return {
        "type": "function_call",
        "call_id": call.id,
        "name": call.name,
        "arguments": call.arguments,
    }


def _content(parts: tuple[Part, ...]) -> str | list[dict[str, Any]]:
    texts = [part.text for part in parts if isinstance(part, Text)]
    return "\n".join(texts) if len(texts) == len(parts) else [_part(part) for part in parts]


def _part(part: Part) -> dict[str, Any]:
    write = _PARTS.get(type(part))
    if write is None:
        kind = type(part).__name__.lower()
        raise CallError(ErrorKind.BAD_REQUEST, f"the Responses API has no {kind} part")
    return write(part)


def _text(part: Text) -> dict[str, Any]:
    return {"type": "input_text", "text": part.text}


def _image(part: Image) -> dict[str, Any]:
    return {"type": "input_image", "image_url": part.url, "detail": part.detail or "auto"}


def _document(part: Document) -> dict[str, Any]:
    if not part.url.startswith("data:"):
        return {"type": "input_file", "file_url": part.url}
    name = part.name or "document.pdf"
    return {"type": "input_file", "filename": name, "file_data": part.url}


_PARTS: Mapping[type[Part], Callable[[Any], dict[str, Any]]] = MappingProxyType(
    {Text: _text, Image: _image, Document: _document}
)


def _tools(request: Request, own: Any) -> dict[str, Any]:
    """The functions, and behind them the API's own tools, which stand among the settings."""
    functions = [_tool(tool, request.dialect) for tool in request.tools]
    choice = request.tool_choice
    return _stated(
        {
            "tools": functions + (list(own) if isinstance(own, list | tuple) else []) or None,
            "tool_choice": choice and _tool_choice(choice),
            "parallel_tool_calls": request.parallel_tool_calls,
        }
    )


def _tool(tool: Tool, dialect: str) -> dict[str, Any]:
    # Left open it is strict here and lax in every other API, so that is told for their rows.
    strict = False if tool.strict is None and dialect != RESPONSES_DIALECT else tool.strict
    return {
        "type": "function",
        "name": tool.name,
        "parameters": dict(_NO_PARAMETERS if tool.parameters is None else tool.parameters),
        "strict": strict,
    } | _stated({"description": tool.description})


def _tool_choice(choice: str) -> str | dict[str, Any]:
    return {"type": "function", "name": choice[1:]} if choice.startswith("=") else choice


def _stated(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
