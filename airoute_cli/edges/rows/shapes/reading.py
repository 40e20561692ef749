"""What the shapes share: the result of reading a row, and the small checks with their sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson

from airoute_cli.core.errors import RowError
from airoute_cli.core.request import Message, Part, Request, Text, ToolCall
from airoute_cli.core.settings import EMPTY, NOTHING, Settings

UNSUPPORTED = "unsupported_content"
EMPTY_PROMPT = "empty_prompt"
INVALID_SETTING = "invalid_setting"

# The object of a part and where it is, for sentences.
ReadPart = Callable[[dict[str, Any], str], Part]

_WORDS: Mapping[type, str] = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "null",
}


class Reading(NamedTuple):
    """A row's content: what is asked, what routes it, and the fields that only pass through."""

    request: Request
    metadata: Mapping[str, Any] = NOTHING
    extra: Mapping[str, Any] = NOTHING


def kind_of(value: Any) -> str:
    """The JSON type of a value, in words."""
    return _WORDS[type(value)]


def want_object(value: Any, where: str) -> dict[str, Any]:
    """``value`` as a JSON object. Raises RowError that names ``where``."""
    if not isinstance(value, dict):
        raise RowError(f"{where} must be an object, not {kind_of(value)}")
    return value


def want_list(value: Any, where: str) -> list[Any]:
    """``value`` as a JSON list. Raises RowError that names ``where``."""
    if not isinstance(value, list):
        raise RowError(f"{where} must be a list, not {kind_of(value)}")
    return value


def want_text(value: Any, where: str) -> str:
    """``value`` as a string. Raises RowError that names ``where``."""
    if not isinstance(value, str):
        raise RowError(f"{where} must be a string, not {kind_of(value)}")
    return value


def want_name(value: Any, where: str) -> str:
    """``value`` as a string that is not empty. Raises RowError that names ``where``."""
    if not want_text(value, where):
        raise RowError(f"{where} is empty")
    return value  # type: ignore[no-any-return]  # want_text has seen that it is a string


def read_flag(value: Any, where: str) -> bool | None:
    """``value`` as true, false or unsaid. Raises RowError that names ``where``."""
    if value is not None and not isinstance(value, bool):
        raise RowError(f"{where} must be true or false, not {kind_of(value)}")
    return value


def unsupported(where: str, what: str) -> RowError:
    """The error for content that no request can carry; it is never dropped in silence."""
    return RowError(
        f"{where}: {what} cannot be carried to a model; take it out of the row", UNSUPPORTED
    )


def only_keys(given: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    """Raise RowError for the first key outside ``known`` that says something (is not null)."""
    for key, value in given.items():
        if key not in known and value is not None:
            raise unsupported(where, f"the key {key!r}")


def read_settings(given: Mapping[str, Any], where: str) -> Settings:
    """The settings of a body. Raises RowError where a value is of the wrong type."""
    if not given:
        return EMPTY
    try:
        return Settings.read(given)
    except ValueError as error:
        raise RowError(f"{where}{error}", INVALID_SETTING) from None


def read_metadata(*levels: tuple[str, Any]) -> Mapping[str, Any]:
    """The metadata of a row from (where, value) pairs; an earlier pair wins over a later one."""
    found: dict[str, Any] = {}
    for where, value in levels:
        if value is not None:
            found = {**_scalars(want_object(value, where), where), **found}
    return found or NOTHING


def _scalars(given: dict[str, Any], where: str) -> dict[str, Any]:
    for key, value in given.items():
        if isinstance(value, dict | list):
            raise RowError(
                f"{where}.{key} must be a string, a number, true, false or null, "
                f"not {kind_of(value)}"
            )
    return given


def said(messages: list[Message], where: str) -> tuple[Message, ...]:
    """``messages`` as a tuple. Raises RowError if none of them says anything."""
    if not messages:
        raise RowError(f"{where} is empty: there is nothing to ask", EMPTY_PROMPT)
    if not any(map(_says_something, messages)):
        raise RowError(f"{where} holds no text: there is nothing to ask", EMPTY_PROMPT)
    return tuple(messages)


def _says_something(message: Message) -> bool:
    if message.tool_calls:
        return True
    return any(not isinstance(part, Text) or part.text.strip() for part in message.parts)


def read_typed(given: Any, where: str, readers: Mapping[str, ReadPart]) -> Part:
    """A part, by the reader for its ``type``. Raises RowError where there is none."""
    part = want_object(given, where)
    kind = want_text(part.get("type"), f"{where}.type")
    read = readers.get(kind)
    if read is None:
        raise unsupported(where, f"a part of type {kind!r}")
    return read(part, where)


def read_tool_use(given: Mapping[str, Any], where: str, id_key: str) -> ToolCall:
    """A model's wish to call a tool: its id, ``name``, and ``input``, an object."""
    return ToolCall(
        want_name(given.get(id_key), f"{where}.{id_key}"),
        want_name(given.get("name"), f"{where}.name"),
        orjson.dumps(want_object(given.get("input", {}), f"{where}.input")).decode(),
    )
