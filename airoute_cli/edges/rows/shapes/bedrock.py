"""Bedrock's batch line: a Converse request, or Claude's own body in ``modelInput``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import orjson

from airoute_cli.core.errors import RowError
from airoute_cli.core.request import (
    CONVERSE_DIALECT,
    Message,
    Request,
    ResponseSchema,
    Tool,
)
from airoute_cli.core.settings import Settings
from airoute_cli.edges.rows.shapes import anthropic
from airoute_cli.edges.rows.shapes.bedrock_blocks import read_blocks, read_turn
from airoute_cli.edges.rows.shapes.reading import (
    Reading,
    kind_of,
    only_keys,
    read_metadata,
    read_settings,
    unsupported,
    want_list,
    want_name,
    want_object,
    want_text,
)
from airoute_cli.edges.rows.shapes.turns import take_system, take_turns

_SETTINGS = frozenset({"maxTokens", "temperature", "topP", "stopSequences"})
_CHOICES: Mapping[str, Callable[[dict[str, Any], str], str]] = MappingProxyType(
    {
        "auto": lambda _choice, _where: "auto",
        "any": lambda _choice, _where: "required",
        "tool": lambda choice, where: "=" + want_name(choice.get("name"), f"{where}.name"),
    }
)
_SPEC = frozenset({"name", "description", "inputSchema", "strict"})


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
    return Reading(_converse(asked, "modelInput"), metadata, given)


def _converse(asked: dict[str, Any], where: str) -> Request:
    """A Converse body, which is used up; keys that no request has go into the settings' extra."""
    asked.pop("modelId", None)
    messages = _messages(asked, where)
    inference, config = (_taken(asked, name, where) for name in ("inferenceConfig", "toolConfig"))
    output = _taken(asked, "outputConfig", where)
    settings = _settings(inference, output, f"{where}.inferenceConfig.")
    tools, choice = _tools(config, f"{where}.toolConfig")
    schema = _schema(output, f"{where}.outputConfig")
    left = {"inferenceConfig": inference, "toolConfig": config, "outputConfig": output}
    extra = asked | {name: rest for name, rest in left.items() if rest}
    return Request(
        messages,
        Settings(extra=extra).over(settings) if extra else settings,
        tools,
        choice,
        schema,
        dialect=CONVERSE_DIALECT,
    )


def _taken(asked: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    return dict(want_object(asked.pop(name, None) or {}, f"{where}.{name}"))


def _messages(asked: dict[str, Any], where: str) -> tuple[Message, ...]:
    spoken = take_turns(asked, where, read_turn)
    return (*take_system(asked, where, read_blocks), *spoken)


def _settings(inference: dict[str, Any], output: dict[str, Any], where: str) -> Settings:
    stated = {name: inference.pop(name) for name in list(inference) if name in _SETTINGS}
    settings = read_settings(stated, where)
    if (effort := output.pop("effort", None)) is None:
        return settings
    return Settings(reasoning_effort=want_text(effort, "outputConfig.effort")).over(settings)


def _tools(config: dict[str, Any], where: str) -> tuple[tuple[Tool, ...], str | None]:
    """The tools and the choice among them; entries that are no functions stay in ``config``."""
    given = want_list(config.pop("tools", None) or [], f"{where}.tools")
    tools, others = [], []
    for number, entry in enumerate(given):
        place = f"{where}.tools[{number}]"
        tool = want_object(entry, place)
        if "toolSpec" in tool:
            tools.append(_tool(want_object(tool["toolSpec"], f"{place}.toolSpec"), place))
        else:
            others.append(tool)
    if others:
        config["tools"] = others
    choice = config.pop("toolChoice", None)
    return tuple(tools), None if choice is None else _tool_choice(choice, f"{where}.toolChoice")


def _tool(spec: dict[str, Any], where: str) -> Tool:
    place = f"{where}.toolSpec"
    only_keys(spec, _SPEC, place)
    description, strict = spec.get("description"), spec.get("strict")
    if strict is not None and not isinstance(strict, bool):
        raise RowError(f"{place}.strict must be true or false, not {kind_of(strict)}")
    schema = want_object(spec.get("inputSchema") or {}, f"{place}.inputSchema").get("json")
    return Tool(
        want_name(spec.get("name"), f"{place}.name"),
        None if description is None else want_text(description, f"{place}.description"),
        None if schema is None else want_object(schema, f"{place}.inputSchema.json"),
        strict,
    )


def _tool_choice(given: Any, where: str) -> str:
    kind, *others = want_object(given, where) or ("nothing",)
    if kind not in _CHOICES or others:
        raise RowError(f"{where} must hold one of auto, any and tool, not {kind!r}")
    return _CHOICES[kind](want_object(given[kind], f"{where}.{kind}"), f"{where}.{kind}")


def _schema(output: dict[str, Any], where: str) -> ResponseSchema | None:
    if (given := output.pop("textFormat", None)) is None:
        return None
    form = want_object(given, f"{where}.textFormat")
    if (kind := form.get("type")) != "json_schema":
        raise unsupported(f"{where}.textFormat", f"a format of type {kind!r}")
    place = f"{where}.textFormat.structure.jsonSchema"
    structure = want_object(form.get("structure"), f"{where}.textFormat.structure")
    described = want_object(structure.get("jsonSchema"), place)
    schema = _parsed(want_text(described.get("schema"), f"{place}.schema"), f"{place}.schema")
    if (description := described.get("description")) is not None:
        schema = {"description": description, **schema}
    return ResponseSchema(want_name(described.get("name", "answer"), f"{place}.name"), schema)


def _parsed(text: str, where: str) -> dict[str, Any]:
    try:
        return want_object(orjson.loads(text), where)
    except orjson.JSONDecodeError:
        raise RowError(f"{where} must be the text of a JSON schema") from None
