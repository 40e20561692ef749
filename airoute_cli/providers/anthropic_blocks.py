"""The content blocks of Anthropic's Messages, as a request writes them."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NoBase64
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from types import MappingProxyType
from typing import Any

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.request import (
    ANTHROPIC_DIALECT,
    CONVERSE_DIALECT,
    CacheMark,
    Document,
    Image,
    Message,
    Part,
    Text,
    Thought,
    ToolCall,
)
from airoute_cli.providers.data_urls import split_data_url

# Claude's thinking goes back to Claude, by whichever of its two APIs it came.
THOUGHTS_OF = frozenset({ANTHROPIC_DIALECT, CONVERSE_DIALECT})
_IMAGES: Mapping[str, str] = MappingProxyType(
    {
        "image/jpeg": "image/jpeg",
        "image/jpg": "image/jpeg",
        "image/png": "image/png",
        "image/gif": "image/gif",
        "image/webp": "image/webp",
    }
)
_PDF = "application/pdf"
_ROLES: Mapping[str, str] = MappingProxyType(
    {"user": "user", "tool": "user", "assistant": "assistant", "system": "system"}
)
_NO_ID_CHARACTER = re.compile(r"[^A-Za-z0-9_-]")
# Blocks that take no cache mark; one behind them belongs to the block before.
_UNMARKED = frozenset({"thinking", "redacted_thinking"})

Block = dict[str, Any]


def turns(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    """The turns. Neighbours of one role are one turn: results must stand in the turn of a user."""
    told = []
    for role, group in groupby(messages, key=lambda message: _ROLES[message.role]):
        content = [block for message in group for block in _content(message)]
        if content:
            told.append({"role": role, "content": _plainly(content)})
    return told


def blocks(parts: tuple[Part, ...]) -> list[Block]:
    """The blocks of parts, with each cache mark on the block before it."""
    told: list[Block] = []
    for part in parts:
        if isinstance(part, CacheMark):
            _mark(told, part)
        else:
            told += _PARTS[type(part)](part)
    return told


def cache_control(mark: CacheMark) -> dict[str, Any]:
    """A mark as it stands on a block or a tool."""
    return {"type": "ephemeral"} | ({} if mark.ttl is None else {"ttl": mark.ttl})


def _plainly(content: list[Block]) -> str | list[Block]:
    """One text and nothing else is a string, which every server takes."""
    only = content[0]
    return only["text"] if len(content) == 1 and only.keys() == {"type", "text"} else content


def _content(message: Message) -> list[Block]:
    if message.role == "tool":
        return [_result(message)]
    if not message.tool_calls:
        return blocks(message.parts)
    # A mark at the end of a turn is at the end of its calls.
    parts, marks = _split_marks(message.parts)
    told = [*blocks(parts), *map(_use, message.tool_calls)]
    for mark in marks:
        _mark(told, mark)
    return told


def _split_marks(parts: tuple[Part, ...]) -> tuple[tuple[Part, ...], list[CacheMark]]:
    """The parts without the marks at their end, and those."""
    end = len(parts)
    while end and isinstance(parts[end - 1], CacheMark):
        end -= 1
    return parts[:end], [part for part in parts[end:] if isinstance(part, CacheMark)]


def _mark(told: list[Block], mark: CacheMark) -> None:
    marked = next((b for b in reversed(told) if b["type"] not in _UNMARKED), None)
    if marked is not None:
        marked["cache_control"] = cache_control(mark)


def _use(call: ToolCall) -> Block:
    arguments = call.parsed
    if not isinstance(arguments, Mapping):
        raise CallError(
            ErrorKind.BAD_REQUEST,
            f"the arguments of the tool call {call.id!r} are no JSON object, and Anthropic takes "
            "nothing else",
        )
    return {"type": "tool_use", "id": _id(call.id), "name": call.name, "input": arguments}


def _result(message: Message) -> Block:
    parts, marks = _split_marks(message.parts)
    content = blocks(parts)
    told: Block = {"type": "tool_result", "tool_use_id": _id(message.tool_call_id or "")}
    if content:
        told["content"] = _plainly(content)
    if message.is_error:
        told["is_error"] = True
    for mark in marks:
        _mark([told], mark)
    return told


def _id(given: str) -> str:
    """An id of the characters that are allowed; others' ids may hold more."""
    return _NO_ID_CHARACTER.sub("_", given) or "_"


def _text(part: Text) -> Iterator[Block]:
    # A blank text is refused, and says nothing.
    if part.text.strip():
        yield {"type": "text", "text": part.text}


def _image(part: Image) -> Iterator[Block]:
    yield {"type": "image", "source": _image_source(part.url)}


def _image_source(url: str) -> dict[str, Any]:
    if not _is_data(url):
        return {"type": "url", "url": url}
    data = split_data_url(url)
    media_type = _IMAGES.get(data.media_type)
    if media_type is None:
        raise _no_such("image", data.media_type, "PNG, JPEG, GIF and WebP")
    return {"type": "base64", "media_type": media_type, "data": data.base64}


def _document(part: Document) -> Iterator[Block]:
    titled = {} if part.name is None else {"title": part.name}
    yield {"type": "document", "source": _document_source(part.url), **titled}


def _document_source(url: str) -> dict[str, Any]:
    if not _is_data(url):
        return {"type": "url", "url": url}
    data = split_data_url(url)
    if data.media_type == _PDF:
        return {"type": "base64", "media_type": _PDF, "data": data.base64}
    if data.media_type.startswith("text/"):
        return {"type": "text", "media_type": "text/plain", "data": _decoded(data.base64)}
    raise _no_such("document", data.media_type, "PDF and plain text")


def _decoded(base64: str) -> str:
    try:
        return b64decode(base64).decode(errors="replace")
    except NoBase64:
        raise CallError(ErrorKind.BAD_REQUEST, "a document inside the row is no base64") from None


def _is_data(url: str) -> bool:
    return url[:5].lower() == "data:"


def _no_such(what: str, media_type: str, known: str) -> CallError:
    return CallError(
        ErrorKind.BAD_REQUEST,
        f"Anthropic takes no {what} of type {media_type!r}; it takes {known}",
    )


def _thought(part: Thought) -> Iterator[Block]:
    if part.dialect not in THOUGHTS_OF:
        raise CallError(
            ErrorKind.BAD_REQUEST, f"Anthropic takes no reasoning back that {part.dialect} gave"
        )
    if part.redacted:
        yield {"type": "redacted_thinking", "data": part.text}
        return
    if not part.signature:
        raise CallError(
            ErrorKind.BAD_REQUEST,
            "the thinking of an earlier turn has no signature (a redaction takes it away), and "
            "Anthropic takes none back without; leave it out of the row",
        )
    yield {"type": "thinking", "thinking": part.text, "signature": part.signature}


_PARTS: Mapping[type[Part], Callable[[Any], Iterator[Block]]] = MappingProxyType(
    {Text: _text, Image: _image, Document: _document, Thought: _thought}
)
