"""Everything of a request that is sent: the scan reads exactly what a redaction rewrites."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from airoute_cli.core.request import (
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

DEEPEST = 64
_UNREAD: Mapping[type[Part], str] = {Image: "an image", Document: "a document"}
# Gives the text that shall stand in a text's place.
Read = Callable[[str], str]


def rewrite(request: Request, read: Read) -> Request:
    """``request`` with every text in it replaced by what ``read`` makes of it."""
    settings = request.settings
    stop = None if settings.stop is None else tuple(read(word) for word in settings.stop)
    extra = in_json(settings.extra, read) if settings.extra else settings.extra
    return replace(
        request,
        messages=tuple(_message(message, read) for message in request.messages),
        settings=replace(settings, stop=stop, extra=extra),
        tools=tuple(_tool(tool, read) for tool in request.tools),
        schema=_schema(request.schema, read),
    )


def unread(request: Request) -> Iterator[str]:
    """What of ``request`` cannot be read as text, such as ``message 2: an image``."""
    for number, message in enumerate(request.messages, start=1):
        for part in message.parts:
            if what := _UNREAD.get(type(part)):
                yield f"message {number}: {what}"
            elif isinstance(part, Thought) and part.redacted:
                yield f"message {number}: an encrypted thought"
    schema = request.schema.schema if request.schema else None
    declared = (request.settings.extra, schema, *(tool.parameters for tool in request.tools))
    if any(_too_deep(value) for value in declared if value):
        yield f"values nested deeper than {DEEPEST} levels"


def in_json_text(text: str, read: Read) -> str:
    """A JSON text with its strings and numbers read one by one, or all of it where it is none.

    Escapes of characters are thereby seen through. What nothing changes stays as written.
    """
    try:
        before = json.loads(text, object_pairs_hook=_no_doubles)
    except (ValueError, RecursionError):
        return read(text)
    if _too_deep(before):
        return read(text)
    after = in_json(before, read)
    return text if after == before else json.dumps(after, ensure_ascii=False)


def in_json(value: Any, read: Read, key: str = "", depth: int = 0) -> Any:
    """``value`` with every string, number and key in it read, down to ``DEEPEST`` levels.

    A key is the context of what it names, so that ``{"ssn": "…"}`` is understood.
    """
    if depth > DEEPEST:
        return value
    if isinstance(value, Mapping):
        return {read(name): in_json(inner, read, name, depth + 1) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [in_json(inner, read, key, depth + 1) for inner in value]
    if isinstance(value, str):
        return _named(key, value, read)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    told = _named(key, str(value), read)
    return value if told == str(value) else told


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A key that stands twice would hide the first value from us, and not from a model."""
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a key stands twice")
    return table


def _too_deep(value: Any) -> bool:
    level: list[Any] = [value]
    for _ in range(DEEPEST + 1):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return False
    return True


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


def _named(key: str, value: str, read: Read) -> str:
    context = f"{key}: " if key else ""
    told = read(f"{context}{value}")
    # A key in which something is found is no context.
    return told.removeprefix(context) if told.startswith(context) else read(value)


def _message(message: Message, read: Read) -> Message:
    return replace(
        message,
        parts=tuple(_part(part, read) for part in message.parts),
        tool_calls=tuple(_tool_call(call, read) for call in message.tool_calls),
        name=None if message.name is None else read(message.name),
    )


def _part(part: Part, read: Read) -> Part:
    if isinstance(part, Text):
        return Text(read(part.text))
    if isinstance(part, Image):
        return replace(part, url=_url(part.url, read))
    if isinstance(part, Document):
        name = None if part.name is None else read(part.name)
        return replace(part, url=_url(part.url, read), name=name)
    return _thought(part, read) if isinstance(part, Thought) else part


def _url(url: str, read: Read) -> str:
    return url if url.startswith("data:") else read(url)


def _thought(thought: Thought, read: Read) -> Thought:
    """The signature proves the very words, so it does not stay with others."""
    told = thought.text if thought.redacted else read(thought.text)
    return thought if told == thought.text else replace(thought, text=told, signature=None)


def _tool_call(call: ToolCall, read: Read) -> ToolCall:
    told = in_json_text(call.arguments, read)
    return call if told == call.arguments else replace(call, arguments=told, signature=None)


def _tool(tool: Tool, read: Read) -> Tool:
    return replace(
        tool,
        description=None if tool.description is None else read(tool.description),
        parameters=None if tool.parameters is None else in_json(tool.parameters, read),
    )


def _schema(schema: ResponseSchema | None, read: Read) -> ResponseSchema | None:
    if schema is None or schema.schema is None:
        return schema
    return replace(schema, schema=in_json(schema.schema, read))
