"""Anthropic's batch line: text, images, system and settings of a Messages request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from airoute_cli.core.errors import RowError
from airoute_cli.core.request import Image, Message, Part, Request, Role, Text
from airoute_cli.edges.rows.shapes.reading import (
    Reading,
    kind_of,
    only_keys,
    read_metadata,
    read_settings,
    said,
    unsupported,
    want_list,
    want_name,
    want_object,
    want_text,
)

_ROLES: Mapping[Any, Role] = {"user": "user", "assistant": "assistant", "system": "system"}
_TURN = frozenset({"role", "content"})
# ``model`` and ``stream`` are the router's and the engine's business.
_DROPPED = ("model", "stream", "anthropic_version")
_SETTINGS = frozenset({"max_tokens", "temperature", "top_p", "top_k", "stop_sequences"})


def read_line(given: dict[str, Any]) -> Reading:
    """``{"params": {…}}`` without its ``custom_id``."""
    params = want_object(given.pop("params"), "params")
    levels = (
        ("metadata", given.pop("metadata", None)),
        ("params.metadata", params.pop("metadata", None)),
    )
    return Reading(read_params(params, "params"), read_metadata(*levels), given)


def read_params(params: dict[str, Any], where: str) -> Request:
    """A Messages body, which is used up.

    Raises RowError ``unsupported_content`` for what a request cannot hold. ``cache_control`` is
    the one thing that is left out in silence: it is a hint on cost to one provider, no content.
    """
    for key in _DROPPED:
        params.pop(key, None)
    turns = want_list(params.pop("messages", []), f"{where}.messages")
    messages = [_message(turn, f"{where}.messages[{i}]") for i, turn in enumerate(turns)]
    spoken = said(messages, f"{where}.messages")
    if system := params.pop("system", None):
        spoken = (Message("system", _content(system, f"{where}.system")), *spoken)
    only_keys(params, _SETTINGS, where)
    return Request(spoken, read_settings(params, f"{where}."))


def _message(given: Any, where: str) -> Message:
    turn = want_object(given, where)
    only_keys(turn, _TURN, where)
    role = turn.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise RowError(f"{where}.role must be user, assistant or system, not {role!r}")
    return Message(_ROLES[role], _content(turn.get("content"), f"{where}.content"))


def _content(given: Any, where: str) -> tuple[Part, ...]:
    if isinstance(given, str):
        return (Text(given),)
    if not isinstance(given, list):
        raise RowError(f"{where} must be a string or a list of blocks, not {kind_of(given)}")
    return tuple(_block(block, f"{where}[{i}]") for i, block in enumerate(given))


def _block(given: Any, where: str) -> Part:
    block = want_object(given, where)
    kind = want_text(block.get("type"), f"{where}.type")
    read = _BLOCKS.get(kind)
    if read is None:
        raise unsupported(where, f"a part of type {kind!r}")
    return read(block, where)


def _text(block: dict[str, Any], where: str) -> Part:
    only_keys(block, frozenset({"type", "text", "cache_control"}), where)
    return Text(want_text(block.get("text"), f"{where}.text"))


def _image(block: dict[str, Any], where: str) -> Part:
    only_keys(block, frozenset({"type", "source", "cache_control"}), where)
    place = f"{where}.source"
    source = want_object(block.get("source"), place)
    kind = source.get("type")
    if kind == "url":
        return Image(want_name(source.get("url"), f"{place}.url"))
    if kind != "base64":
        raise unsupported(where, f"an image with a source of type {kind!r}")
    media = want_name(source.get("media_type"), f"{place}.media_type")
    return Image(f"data:{media};base64,{want_name(source.get('data'), f'{place}.data')}")


_BLOCKS: Mapping[str, Callable[[dict[str, Any], str], Part]] = {"text": _text, "image": _image}
