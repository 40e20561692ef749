"""Bedrock's batch line: a Converse request, or Claude's own body in ``modelInput``."""

from __future__ import annotations

from typing import Any

from airoute_cli.core.errors import RowError
from airoute_cli.core.request import Image, Message, Part, Request, Role, Text
from airoute_cli.edges.rows.shapes import anthropic
from airoute_cli.edges.rows.shapes.reading import (
    Reading,
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

_SETTINGS = frozenset({"maxTokens", "temperature", "topP", "stopSequences"})
_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant"}
_TURN = frozenset({"role", "content"})


def read_line(given: dict[str, Any]) -> Reading:
    """``{"modelInput": {…}}`` without its ``recordId``."""
    asked = want_object(given.pop("modelInput"), "modelInput")
    metadata = read_metadata(
        ("metadata", given.pop("metadata", None)),
        ("modelInput.requestMetadata", asked.pop("requestMetadata", None)),
        ("modelInput.metadata", asked.pop("metadata", None)),
    )
    if "anthropic_version" in asked:
        return Reading(anthropic.read_params(asked, "modelInput"), metadata, given)
    return Reading(_converse(asked), metadata, given)


def _converse(asked: dict[str, Any]) -> Request:
    asked.pop("modelId", None)
    turns = want_list(asked.pop("messages", []), "modelInput.messages")
    messages = said(
        [_message(turn, f"modelInput.messages[{i}]") for i, turn in enumerate(turns)],
        "modelInput.messages",
    )
    if system := asked.pop("system", None):
        messages = (Message("system", _content(system, "modelInput.system")), *messages)
    config = want_object(asked.pop("inferenceConfig", None) or {}, "modelInput.inferenceConfig")
    only_keys(config, _SETTINGS, "modelInput.inferenceConfig")
    only_keys(asked, frozenset(), "modelInput")
    return Request(messages, read_settings(config, "modelInput.inferenceConfig."))


def _message(given: Any, where: str) -> Message:
    turn = want_object(given, where)
    only_keys(turn, _TURN, where)
    role = turn.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise RowError(f"{where}.role must be user or assistant, not {role!r}")
    return Message(_ROLES[role], _content(turn.get("content"), f"{where}.content"))


def _content(given: Any, where: str) -> tuple[Part, ...]:
    blocks = want_list(given, where)
    return tuple(_block(block, f"{where}[{i}]") for i, block in enumerate(blocks))


def _block(given: Any, where: str) -> Part:
    block = want_object(given, where)
    kind = next(iter(block), "nothing")
    if kind not in {"text", "image"} or len(block) != 1:
        odd = next((key for key in block if key not in {"text", "image"}), kind)
        raise unsupported(where, f"a part of type {odd!r}")
    if kind == "text":
        return Text(want_text(block["text"], f"{where}.text"))
    return _image(want_object(block["image"], f"{where}.image"), f"{where}.image")


def _image(image: dict[str, Any], where: str) -> Image:
    source = want_object(image.get("source"), f"{where}.source")
    if "bytes" not in source:
        raise unsupported(where, f"an image with a source of type {next(iter(source), 'none')!r}")
    form = want_name(image.get("format"), f"{where}.format")
    data = want_name(source["bytes"], f"{where}.source.bytes")
    return Image(f"data:image/{form};base64,{data}")
