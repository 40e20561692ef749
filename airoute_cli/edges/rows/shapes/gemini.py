"""Gemini's batch line, read whole: the turns, the tools, the generation config."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from airoute_cli.core.errors import RowError
from airoute_cli.core.request import GEMINI_DIALECT, Request, ResponseSchema, Tool
from airoute_cli.core.settings import Settings
from airoute_cli.edges.rows.shapes.gemini_contents import read_contents, read_system
from airoute_cli.edges.rows.shapes.gemini_names import camel_keys
from airoute_cli.edges.rows.shapes.gemini_schema import json_schema
from airoute_cli.edges.rows.shapes.reading import (
    INVALID_SETTING,
    Reading,
    only_keys,
    read_metadata,
    read_settings,
    unsupported,
    want_list,
    want_name,
    want_object,
    want_text,
)

_CONFIG = "request.generationConfig"
_SETTINGS = frozenset({"temperature", "topP", "topK", "maxOutputTokens", "stopSequences", "seed"})
_JSON = "application/json"
_FUNCTION = frozenset({"name", "description", "parameters", "parametersJsonSchema"})
_MODES: Mapping[str, str] = MappingProxyType({"AUTO": "auto", "NONE": "none", "ANY": "required"})


def read_line(given: dict[str, Any]) -> Reading:
    """``{"request": {…}}`` without its ``key``. ``snake_case`` keys are read as camelCase."""
    asked = camel_keys(want_object(given.pop("request"), "request"))
    metadata = read_metadata(
        ("metadata", given.pop("metadata", None)),
        ("request.metadata", asked.pop("metadata", None)),
        ("request.labels", asked.pop("labels", None)),
    )
    return Reading(_request(asked), metadata, given)


def _request(asked: dict[str, Any]) -> Request:
    """A body of generateContent; keys that no request has go into the settings' extra."""
    asked.pop("model", None)
    messages = read_contents(asked.pop("contents", []), "request.contents")
    if system := asked.pop("systemInstruction", None):
        messages = (read_system(system, "request.systemInstruction"), *messages)
    config = camel_keys(want_object(asked.pop("generationConfig", None) or {}, _CONFIG))
    tools, others = _tools(asked.pop("tools", None) or [])
    choice, choosing = _choice(asked.pop("toolConfig", None), tools)
    schema, settings = _schema(config), _settings(config)
    left = {**asked, **config, "tools": others, "toolConfig": choosing}
    extra = {name: value for name, value in left.items() if value not in (None, {}, [])}
    return Request(
        messages,
        Settings(extra=extra).over(settings) if extra else settings,
        tools,
        choice,
        schema,
        dialect=GEMINI_DIALECT,
    )


def _settings(config: dict[str, Any]) -> Settings:
    """The settings that every request has, taken out of ``config``."""
    if (count := config.pop("candidateCount", None)) not in (None, 1):
        raise RowError(f"{_CONFIG}.candidateCount is {count!r}; a row gets one answer")
    stated = {name: config.pop(name) for name in list(config) if name in _SETTINGS}
    if isinstance(top_k := stated.get("topK"), float) and top_k.is_integer():
        stated["topK"] = int(top_k)  # Google's own SDK writes it so
    settings = read_settings(stated, f"{_CONFIG}.")
    place = f"{_CONFIG}.thinkingConfig"
    thinking = camel_keys(want_object(config.pop("thinkingConfig", None) or {}, place))
    level = thinking.pop("thinkingLevel", None)
    if thinking:
        config["thinkingConfig"] = thinking
    if level is None:
        return settings
    effort = want_text(level, f"{place}.thinkingLevel").lower()
    return Settings(reasoning_effort=effort).over(settings)


def _schema(config: dict[str, Any]) -> ResponseSchema | None:
    mime = config.pop("responseMimeType", None)
    if mime is not None and mime not in (_JSON, "text/plain"):
        raise unsupported(_CONFIG, f"the responseMimeType {mime!r}")
    plain, googles = config.pop("responseJsonSchema", None), config.pop("responseSchema", None)
    if plain is not None:
        return ResponseSchema(schema=want_object(plain, f"{_CONFIG}.responseJsonSchema"))
    if googles is not None:
        return ResponseSchema(schema=json_schema(googles, f"{_CONFIG}.responseSchema"))
    return ResponseSchema() if mime == _JSON else None


def _tools(given: Any) -> tuple[tuple[Tool, ...], list[Any]]:
    """The functions, and the tools that are none."""
    functions: list[Tool] = []
    others: list[Any] = []
    tools = [given] if isinstance(given, dict) else want_list(given, "request.tools")
    for number, entry in enumerate(tools):
        where = f"request.tools[{number}]"
        tool = camel_keys(want_object(entry, where))
        declared = want_list(tool.pop("functionDeclarations", None) or [], where)
        place = f"{where}.functionDeclarations"
        functions += [_function(one, f"{place}[{i}]") for i, one in enumerate(declared)]
        if tool:
            others.append(tool)
    return tuple(functions), others


def _function(given: Any, where: str) -> Tool:
    function = camel_keys(want_object(given, where))
    only_keys(function, _FUNCTION, where)
    description, googles = function.get("description"), function.get("parameters")
    plain = function.get("parametersJsonSchema")
    if googles is not None:
        plain = json_schema(googles, f"{where}.parameters")
    return Tool(
        want_name(function.get("name"), f"{where}.name"),
        None if description is None else want_text(description, f"{where}.description"),
        None if plain is None else want_object(plain, f"{where}.parametersJsonSchema"),
    )


def _choice(given: Any, tools: tuple[Tool, ...]) -> tuple[str | None, dict[str, Any]]:
    """The choice among the tools, and what of the config no request has."""
    where = "request.toolConfig"
    config = camel_keys(want_object(given or {}, where))
    place = f"{where}.functionCallingConfig"
    calling = camel_keys(want_object(config.get("functionCallingConfig") or {}, place))
    mode, names = calling.pop("mode", None), calling.pop("allowedFunctionNames", None)
    choice = _chosen(mode, names or [], tools, place)
    # What one choice cannot say, such as a few of many tools, only Gemini understands.
    if calling or (choice is None and mode is not None):
        return None, config
    config.pop("functionCallingConfig", None)
    return choice, config


def _chosen(mode: Any, names: Any, tools: tuple[Tool, ...], where: str) -> str | None:
    if mode is not None and not isinstance(mode, str):
        raise RowError(f"{where}.mode must be AUTO, ANY or NONE, not {mode!r}", INVALID_SETTING)
    place = f"{where}.allowedFunctionNames"
    allowed = {want_name(name, place) for name in want_list(names, place)}
    choice = _MODES.get((mode or "").upper())
    if choice != "required" or not allowed or allowed == {tool.name for tool in tools}:
        return choice
    return f"={allowed.pop()}" if len(allowed) == 1 else None
