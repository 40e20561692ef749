"""The content blocks of Anthropic's Messages, read whole."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from airoute_cli.core.errors import RowError
from airoute_cli.core.request import (
    ANTHROPIC_DIALECT,
    CacheMark,
    Document,
    Image,
    Message,
    Part,
    Role,
    Text,
    Thought,
    ToolCall,
)
from airoute_cli.edges.rows.shapes.reading import (
    kind_of,
    only_keys,
    read_flag,
    read_tool_use,
    unsupported,
    want_name,
    want_object,
    want_text,
)

# Every block may carry a mark; a null says nothing.
_MARK = "cache_control"
_TTLS = ("5m", "1h")
_TEXT = frozenset({"type", "text", _MARK})
_IMAGE = frozenset({"type", "source", _MARK})
_DOCUMENT = frozenset({"type", "source", "title", _MARK})
_THINKING = frozenset({"type", "thinking", "signature"})
_REDACTED = frozenset({"type", "data"})
_TOOL_USE = frozenset({"type", "id", "name", "input", _MARK})
_TOOL_RESULT = frozenset({"type", "tool_use_id", "content", "is_error", _MARK})
# What an answer carries and a question does not need.
_ECHOED: Mapping[str, Any] = MappingProxyType({"citations": [], "caller": {"type": "direct"}})

Parts = tuple[Part, ...]


def read_turn(role: Role, given: Any, where: str) -> tuple[Message, ...]:
    """The turn's messages: each tool's result is one of its own, before what else is said."""
    if isinstance(given, str):
        return (Message(role, (Text(given),)),)
    results: list[Message] = []
    parts: list[Part] = []
    calls: list[ToolCall] = []
    for number, block in enumerate(_blocks(given, where)):
        kind, value, place = _kind(block, f"{where}[{number}]")
        if kind == "tool_result":
            results.append(_tool_result(value, place))
        elif kind == "tool_use":
            calls.append(_tool_use(value, place))
            parts += read_mark(value, place)
        else:
            parts += _part(_PARTS, kind, value, place)
    said = (Message(role, tuple(parts), tuple(calls)),) if parts or calls or not results else ()
    return (*results, *said)


def read_parts(given: Any, where: str) -> Parts:
    """A content among which there are no tools: a string or a list of blocks."""
    return _content(_PARTS, given, where)


def read_mark(given: Mapping[str, Any], where: str) -> tuple[CacheMark, ...]:
    """The mark in ``cache_control``; none where it is left out or null."""
    if (control := given.get(_MARK)) is None:
        return ()
    place = f"{where}.{_MARK}"
    marked = want_object(control, place)
    only_keys(marked, frozenset({"type", "ttl"}), place)
    if (kind := marked.get("type")) != "ephemeral":
        raise unsupported(place, f"a cache of type {kind!r}")
    ttl = marked.get("ttl")
    if ttl is not None and ttl not in _TTLS:
        raise RowError(f"{place}.ttl must be {' or '.join(_TTLS)}, not {ttl!r}")
    return (CacheMark(ttl),)


def _blocks(given: Any, where: str) -> list[Any]:
    if not isinstance(given, list):
        raise RowError(f"{where} must be a string or a list of blocks, not {kind_of(given)}")
    return given


def _kind(given: Any, where: str) -> tuple[str, dict[str, Any], str]:
    block = want_object(given, where)
    told = {name: value for name, value in block.items() if _ECHOED.get(name) != value}
    return want_text(block.get("type"), f"{where}.type"), told, where


Read = Callable[[dict[str, Any], str], Part]


def _content(readers: Mapping[str, Read], given: Any, where: str) -> Parts:
    if isinstance(given, str):
        return (Text(given),)
    parts: list[Part] = []
    for number, block in enumerate(_blocks(given, where)):
        parts += _part(readers, *_kind(block, f"{where}[{number}]"))
    return tuple(parts)


def _part(readers: Mapping[str, Read], kind: str, block: dict[str, Any], where: str) -> Parts:
    read = readers.get(kind)
    if read is None:
        raise unsupported(where, f"a part of type {kind!r}")
    return (read(block, where), *read_mark(block, where))


def _text(block: dict[str, Any], where: str) -> Part:
    only_keys(block, _TEXT, where)
    return Text(want_text(block.get("text"), f"{where}.text"))


def _image(block: dict[str, Any], where: str) -> Part:
    only_keys(block, _IMAGE, where)
    return Image(_url(block, where, "an image"))


def _document(block: dict[str, Any], where: str) -> Part:
    only_keys(block, _DOCUMENT, where)
    title = block.get("title")
    name = None if title is None else want_text(title, f"{where}.title")
    return Document(_url(block, where, "a document"), name)


def _url(block: dict[str, Any], where: str, what: str) -> str:
    place = f"{where}.source"
    source = want_object(block.get("source"), place)
    kind = source.get("type")
    if kind == "url":
        return want_name(source.get("url"), f"{place}.url")
    if kind == "base64":
        media = want_name(source.get("media_type"), f"{place}.media_type")
        return f"data:{media};base64,{want_name(source.get('data'), f'{place}.data')}"
    if kind == "text" and what == "a document":
        text = want_name(source.get("data"), f"{place}.data")
        return f"data:text/plain;base64,{b64encode(text.encode()).decode()}"
    raise unsupported(where, f"{what} with a source of type {kind!r}")


def _thinking(block: dict[str, Any], where: str) -> Part:
    only_keys(block, _THINKING, where)
    return Thought(
        want_text(block.get("thinking"), f"{where}.thinking"),
        ANTHROPIC_DIALECT,
        want_name(block.get("signature"), f"{where}.signature"),
    )


def _redacted(block: dict[str, Any], where: str) -> Part:
    only_keys(block, _REDACTED, where)
    return Thought(want_name(block.get("data"), f"{where}.data"), ANTHROPIC_DIALECT, redacted=True)


_RESULT_PARTS: Mapping[str, Read] = MappingProxyType(
    {"text": _text, "image": _image, "document": _document}
)
_PARTS: Mapping[str, Read] = MappingProxyType(
    {**_RESULT_PARTS, "thinking": _thinking, "redacted_thinking": _redacted}
)


def _tool_use(block: dict[str, Any], where: str) -> ToolCall:
    only_keys(block, _TOOL_USE, where)
    return read_tool_use(block, where, "id")


def _tool_result(block: dict[str, Any], where: str) -> Message:
    only_keys(block, _TOOL_RESULT, where)
    content = block.get("content")
    parts = () if content is None else _content(_RESULT_PARTS, content, f"{where}.content")
    return Message(
        "tool",
        (*parts, *read_mark(block, where)),
        tool_call_id=want_name(block.get("tool_use_id"), f"{where}.tool_use_id"),
        is_error=read_flag(block.get("is_error"), f"{where}.is_error") or False,
    )
