"""Gemini's batch line: text, images, the system instruction and the generation config."""

from __future__ import annotations

import re
from typing import Any

from airoute_cli.core.errors import RowError
from airoute_cli.core.request import Image, Message, Part, Request, ResponseSchema, Role, Text
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

_ROLES: dict[Any, Role] = {"user": "user", "model": "assistant", None: "user"}
_SETTINGS = frozenset({"temperature", "topP", "topK", "maxOutputTokens", "stopSequences", "seed"})
_TURN = frozenset({"role", "parts"})
_JSON = "application/json"


def read_line(given: dict[str, Any]) -> Reading:
    """``{"request": {…}}`` without its ``key``. ``snake_case`` keys are read as camelCase."""
    asked = _camel(want_object(given.pop("request"), "request"))
    metadata = read_metadata(("metadata", given.pop("metadata", None)))
    asked.pop("model", None)
    messages = _contents(asked.pop("contents", []))
    if system := asked.pop("systemInstruction", None):
        messages = (_system(system), *messages)
    config = _camel(want_object(asked.pop("generationConfig", None) or {}, _CONFIG))
    only_keys(asked, frozenset(), "request")
    return Reading(_request(messages, config), metadata, given)


_CONFIG = "request.generationConfig"


def _request(messages: tuple[Message, ...], config: dict[str, Any]) -> Request:
    schema = _schema(config.pop("responseMimeType", None), config.pop("responseJsonSchema", None))
    if (count := config.pop("candidateCount", None)) is not None and count != 1:
        raise RowError(f"{_CONFIG}.candidateCount is {count!r}; a row gets one answer")
    only_keys(config, _SETTINGS, _CONFIG)
    if "topK" in config:
        config["top_k"] = config.pop("topK")
    return Request(messages, read_settings(config, f"{_CONFIG}."), schema=schema)


def _schema(mime: Any, schema: Any) -> ResponseSchema | None:
    if mime is not None and mime not in (_JSON, "text/plain"):
        raise unsupported(_CONFIG, f"the responseMimeType {mime!r}")
    if schema is not None:
        return ResponseSchema(schema=want_object(schema, f"{_CONFIG}.responseJsonSchema"))
    return ResponseSchema() if mime == _JSON else None


def _contents(given: Any) -> tuple[Message, ...]:
    place = "request.contents"
    turns = [given] if isinstance(given, dict) else want_list(given, place)
    return said([_message(turn, f"{place}[{i}]") for i, turn in enumerate(turns)], place)


def _message(given: Any, where: str) -> Message:
    turn = want_object(given, where)
    only_keys(turn, _TURN, where)
    role = turn.get("role")
    if isinstance(role, dict | list) or role not in _ROLES:
        raise RowError(f"{where}.role must be user or model, not {role!r}")
    return Message(_ROLES[role], _parts(turn.get("parts"), f"{where}.parts"))


def _system(given: Any) -> Message:
    place = "request.systemInstruction"
    if isinstance(given, str):
        return Message("system", (Text(given),))
    return Message("system", _parts(want_object(given, place).get("parts"), f"{place}.parts"))


def _parts(given: Any, where: str) -> tuple[Part, ...]:
    parts = [given] if isinstance(given, dict) else want_list(given, where)
    return tuple(_part(part, f"{where}[{i}]") for i, part in enumerate(parts))


def _part(given: Any, where: str) -> Part:
    part = _camel(want_object(given, where))
    kind = next(iter(part), "nothing")
    if kind not in {"text", "inlineData", "fileData"} or len(part) != 1:
        odd = next((key for key in part if key not in {"text", "inlineData", "fileData"}), kind)
        raise unsupported(where, f"a part of type {odd!r}")
    if kind == "text":
        return Text(want_text(part["text"], f"{where}.text"))
    return _image(_camel(want_object(part[kind], f"{where}.{kind}")), f"{where}.{kind}")


def _image(data: dict[str, Any], where: str) -> Image:
    media = want_name(data.get("mimeType"), f"{where}.mimeType")
    if not media.startswith("image/"):
        raise unsupported(where, f"a part of type {media!r}")
    if "fileUri" in data:
        return Image(want_name(data["fileUri"], f"{where}.fileUri"))
    return Image(f"data:{media};base64,{want_name(data.get('data'), f'{where}.data')}")


def _camel(given: dict[str, Any]) -> dict[str, Any]:
    return {_UNDERSCORE.sub(_upper, key): value for key, value in given.items()}


def _upper(match: re.Match[str]) -> str:
    return match[1].upper()


_UNDERSCORE = re.compile("_([a-z])")
