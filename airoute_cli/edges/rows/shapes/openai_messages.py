"""OpenAI's messages, read whole: text, images, tool calls and tool results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import orjson

from airoute_cli.core.errors import RowError
from airoute_cli.core.request import Document, Image, Message, Part, Role, Text, ToolCall
from airoute_cli.edges.rows.shapes.reading import (
    kind_of,
    only_keys,
    read_typed,
    said,
    unsupported,
    want_list,
    want_name,
    want_object,
    want_text,
)

_ROLES: Mapping[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
}
_KEYS = frozenset({"role", "content", "name", "tool_calls", "tool_call_id"})
# What an answer carries and a question does not need; harmless where it is empty.
_ECHOED = frozenset({"annotations"})


def read_messages(given: Any, where: str) -> tuple[Message, ...]:
    """The turns of a conversation.

    Raises RowError: ``unsupported_content`` for a part that no request holds, ``empty_prompt``
    where there is nothing to ask, ``invalid_row`` for everything of the wrong type.
    """
    messages = want_list(given, where)
    return said([_message(turn, f"{where}[{i}]") for i, turn in enumerate(messages)], where)


def _message(given: Any, where: str) -> Message:
    turn = want_object(given, where)
    role = _role(turn.get("role"), where)
    parts = _content(turn.get("content"), f"{where}.content")
    if len(turn) == 2 and "content" in turn:  # noqa: PLR2004 - role and content and nothing else: the usual turn
        if role == "tool":
            raise RowError(f"{where}.tool_call_id is missing")
        return Message(role, parts)
    return _rich_message(turn, role, parts, where)


def _rich_message(turn: dict[str, Any], role: Role, parts: tuple[Part, ...], where: str) -> Message:
    only_keys({k: v for k, v in turn.items() if k not in _ECHOED or v}, _KEYS, where)
    call_id, name, calls = turn.get("tool_call_id"), turn.get("name"), turn.get("tool_calls")
    if role == "tool" and call_id is None:
        raise RowError(f"{where}.tool_call_id is missing")
    return Message(
        role,
        parts,
        tool_calls=_tool_calls(calls, f"{where}.tool_calls") if calls else (),
        tool_call_id=None if call_id is None else want_name(call_id, f"{where}.tool_call_id"),
        name=None if name is None else want_text(name, f"{where}.name"),
    )


def _role(given: Any, where: str) -> Role:
    role = _ROLES.get(given) if isinstance(given, str) else None
    if role is None:
        known = "system, developer, user, assistant or tool"
        found = "is missing" if given is None else f"is {given!r}"
        raise RowError(f"{where}.role {found}; it must be {known}")
    return role


def _content(given: Any, where: str) -> tuple[Part, ...]:
    if isinstance(given, str):
        return (Text(given),)
    if given is None:
        return ()
    if not isinstance(given, list):
        raise RowError(f"{where} must be a string or a list of parts, not {kind_of(given)}")
    return tuple(read_typed(part, f"{where}[{i}]", _PARTS) for i, part in enumerate(given))


def _text(part: dict[str, Any], where: str) -> Part:
    return Text(want_text(part.get("text"), f"{where}.text"))


def _image(part: dict[str, Any], where: str) -> Part:
    place = f"{where}.image_url"
    given = part.get("image_url")
    image = {"url": given} if isinstance(given, str) else want_object(given, place)
    detail = image.get("detail")
    return Image(
        want_name(image.get("url"), f"{place}.url"),
        None if detail is None else want_text(detail, f"{place}.detail"),
    )


def _file(part: dict[str, Any], where: str) -> Part:
    place = f"{where}.file"
    file = want_object(part.get("file"), place)
    only_keys(file, frozenset({"file_data", "filename"}), place)
    name = file.get("filename")
    return Document(
        want_name(file.get("file_data"), f"{place}.file_data"),
        None if name is None else want_text(name, f"{place}.filename"),
    )


_PARTS: Mapping[str, Callable[[dict[str, Any], str], Part]] = {
    "text": _text,
    "image_url": _image,
    "file": _file,
}


def _tool_calls(given: Any, where: str) -> tuple[ToolCall, ...]:
    calls = want_list(given, where)
    return tuple(_tool_call(call, f"{where}[{i}]") for i, call in enumerate(calls))


def _tool_call(given: Any, where: str) -> ToolCall:
    call = want_object(given, where)
    if (kind := call.get("type", "function")) != "function":
        raise unsupported(where, f"a tool call of type {kind!r}")
    function = want_object(call.get("function"), f"{where}.function")
    arguments = function.get("arguments")
    if isinstance(arguments, dict):  # Mistral and its kin give the object, not its text
        arguments = orjson.dumps(arguments).decode()
    return ToolCall(
        want_name(call.get("id"), f"{where}.id"),
        want_name(function.get("name"), f"{where}.function.name"),
        want_text(cast("Any", arguments), f"{where}.function.arguments"),
        _signature(call.get("extra_content"), f"{where}.extra_content"),
    )


def _signature(given: Any, where: str) -> str | None:
    """The proof of the reasoning behind a call, where Gemini gives it in OpenAI's shape.

    https://ai.google.dev/gemini-api/docs/thought-signatures
    """
    if given is None:
        return None
    place = f"{where}.google"
    google = want_object(want_object(given, where).get("google") or {}, place)
    proof = google.get("thought_signature")
    return None if proof is None else want_text(proof, f"{place}.thought_signature")
