"""The content blocks of a Converse turn, read whole."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import orjson

from airoute_cli.core.errors import RowError
from airoute_cli.core.request import (
    CONVERSE_DIALECT,
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
    only_keys,
    read_tool_use,
    unsupported,
    want_list,
    want_name,
    want_object,
    want_text,
)

_IMAGE = frozenset({"format", "source"})
_DOCUMENT = frozenset({"format", "name", "source"})
_TOOL_USE = frozenset({"toolUseId", "name", "input"})
_TOOL_RESULT = frozenset({"toolUseId", "content", "status"})
_STATUSES = ("success", "error")
_MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "pdf": "application/pdf",
        "csv": "text/csv",
        "doc": "application/msword",
        "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xls": "application/vnd.ms-excel",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "html": "text/html",
        "txt": "text/plain",
        "md": "text/markdown",
    }
)


def read_turn(role: Role, given: Any, where: str) -> tuple[Message, ...]:
    """The turn's messages: each tool's result is one of its own, before what else is said."""
    blocks = want_list(given, where)
    results, parts, calls = [], [], []
    for number, given_block in enumerate(blocks):
        place = f"{where}[{number}]"
        kind, value = _only_entry(given_block, place)
        if kind == "toolResult":
            results.append(_tool_result(want_object(value, f"{place}.{kind}"), f"{place}.{kind}"))
        elif kind == "toolUse":
            calls.append(_tool_use(want_object(value, f"{place}.{kind}"), f"{place}.{kind}"))
        else:
            parts.append(_part(kind, value, place))
    said = (Message(role, tuple(parts), tuple(calls)),) if parts or calls or not results else ()
    return (*results, *said)


def read_blocks(given: Any, where: str) -> tuple[Part, ...]:
    """Blocks among which there are no tools."""
    return tuple(
        _part(*_only_entry(block, f"{where}[{i}]"), f"{where}[{i}]")
        for i, block in enumerate(want_list(given, where))
    )


def _only_entry(given: Any, where: str) -> tuple[str, Any]:
    block = want_object(given, where)
    stated = [(kind, value) for kind, value in block.items() if value is not None]
    if len(stated) != 1:
        odd = next((kind for kind, _ in stated if kind != "text"), "nothing")
        raise unsupported(where, f"a part of type {odd!r}")
    return stated[0]


def _part(kind: str, value: Any, where: str) -> Part:
    read = _PARTS.get(kind)
    if read is None:
        raise unsupported(where, f"a part of type {kind!r}")
    return read(value, f"{where}.{kind}")


def _text(value: Any, where: str) -> Part:
    return Text(want_text(value, where))


def _json(value: Any, where: str) -> Part:  # noqa: ARG001 - as all readers of parts
    return Text(orjson.dumps(value).decode())


def _image(value: Any, where: str) -> Part:
    image = want_object(value, where)
    only_keys(image, _IMAGE, where)
    form = want_name(image.get("format"), f"{where}.format")
    return Image(_url(image, f"image/{form}", "an image", where))


def _document(value: Any, where: str) -> Part:
    document = want_object(value, where)
    only_keys(document, _DOCUMENT, where)
    form = want_name(document.get("format", "pdf"), f"{where}.format")
    if form not in _MEDIA_TYPES:
        raise RowError(f"{where}.format must be one of {', '.join(_MEDIA_TYPES)}, not {form!r}")
    name = document.get("name")
    return Document(
        _url(document, _MEDIA_TYPES[form], "a document", where),
        None if name is None else want_text(name, f"{where}.name"),
    )


def _url(given: dict[str, Any], media_type: str, what: str, where: str) -> str:
    source = want_object(given.get("source"), f"{where}.source")
    kind = next(iter(source), "none")
    if kind == "bytes":
        data = want_name(source["bytes"], f"{where}.source.bytes")
        return f"data:{media_type};base64,{data}"
    if kind == "text":
        text = want_name(source["text"], f"{where}.source.text")
        return f"data:{media_type};base64,{b64encode(text.encode()).decode()}"
    if kind == "s3Location":
        place = want_object(source[kind], f"{where}.source.{kind}")
        only_keys(place, frozenset({"uri"}), f"{where}.source.{kind}")
        return want_name(place.get("uri"), f"{where}.source.{kind}.uri")
    raise unsupported(where, f"{what} with a source of type {kind!r}")


def _cache_point(value: Any, where: str) -> Part:
    ttl = want_object(value, where).get("ttl")
    return CacheMark(None if ttl is None else want_text(ttl, f"{where}.ttl"))


def _thought(value: Any, where: str) -> Part:
    kind, told = _only_entry(value, where)
    if kind == "redactedContent":
        return Thought(want_name(told, f"{where}.{kind}"), CONVERSE_DIALECT, redacted=True)
    if kind != "reasoningText":
        raise unsupported(where, f"reasoning of type {kind!r}")
    said = want_object(told, f"{where}.{kind}")
    signature = said.get("signature")
    return Thought(
        want_text(said.get("text"), f"{where}.{kind}.text"),
        CONVERSE_DIALECT,
        None if signature is None else want_text(signature, f"{where}.{kind}.signature"),
    )


_PARTS: Mapping[str, Callable[[Any, str], Part]] = MappingProxyType(
    {
        "text": _text,
        "image": _image,
        "document": _document,
        "cachePoint": _cache_point,
        "reasoningContent": _thought,
    }
)
_RESULT_PARTS: Mapping[str, Callable[[Any, str], Part]] = MappingProxyType(
    {"text": _text, "json": _json, "image": _image, "document": _document}
)


def _tool_use(use: dict[str, Any], where: str) -> ToolCall:
    only_keys(use, _TOOL_USE, where)
    return read_tool_use(use, where, "toolUseId")


def _tool_result(result: dict[str, Any], where: str) -> Message:
    only_keys(result, _TOOL_RESULT, where)
    status = result.get("status")
    if status is not None and status not in _STATUSES:
        raise RowError(f"{where}.status must be success or error, not {status!r}")
    return Message(
        "tool",
        tuple(_result_parts(result.get("content"), f"{where}.content")),
        tool_call_id=want_name(result.get("toolUseId"), f"{where}.toolUseId"),
        is_error=status == "error",
    )


def _result_parts(given: Any, where: str) -> Iterator[Part]:
    for number, block in enumerate(want_list(given, where)):
        place = f"{where}[{number}]"
        kind, value = _only_entry(block, place)
        if kind not in _RESULT_PARTS:
            raise unsupported(place, f"a part of type {kind!r} in a tool's result")
        yield _RESULT_PARTS[kind](value, f"{place}.{kind}")
