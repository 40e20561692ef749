"""Anthropic's batch line: a Messages request, read whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from airoute_cli.core.errors import RowError
from airoute_cli.core.request import (
    ANTHROPIC_DIALECT,
    Message,
    Request,
    ResponseSchema,
    Tool,
)
from airoute_cli.core.settings import Settings
from airoute_cli.edges.rows.shapes.anthropic_blocks import read_mark, read_parts, read_turn
from airoute_cli.edges.rows.shapes.reading import (
    Reading,
    only_keys,
    read_flag,
    read_metadata,
    read_settings,
    unsupported,
    want_list,
    want_name,
    want_object,
    want_text,
)
from airoute_cli.edges.rows.shapes.turns import take_system, take_turns

# ``model`` and ``stream`` are the router's and the engine's business.
_DROPPED = ("model", "stream", "anthropic_version")
# The tools that any API has. Those with more in them, and the ones that Anthropic itself runs, go
# to Anthropic alone, as they are.
_FUNCTION = frozenset({"type", "name", "description", "input_schema", "strict", "cache_control"})
_FUNCTION_TYPES = frozenset({None, "custom"})
_CHOICES: Mapping[str, Callable[[dict[str, Any], str], str]] = MappingProxyType(
    {
        "auto": lambda _choice, _where: "auto",
        "any": lambda _choice, _where: "required",
        "none": lambda _choice, _where: "none",
        "tool": lambda choice, where: "=" + want_name(choice.get("name"), f"{where}.name"),
    }
)
_CHOICE = frozenset({"type", "name", "disable_parallel_tool_use"})


def read_line(given: dict[str, Any]) -> Reading:
    """``{"params": {…}}`` without its ``custom_id``."""
    params = want_object(given.pop("params"), "params")
    levels = (
        ("metadata", given.pop("metadata", None)),
        ("params.metadata", params.pop("metadata", None)),
    )
    return Reading(read_params(params, "params"), read_metadata(*levels), given)


def read_params(params: dict[str, Any], where: str) -> Request:
    """A Messages body, which is used up; keys that no request has go into the settings' extra.

    Raises RowError ``unsupported_content`` for what a request cannot hold.
    """
    for key in _DROPPED:
        params.pop(key, None)
    messages = _messages(params, where)
    tools, others = _tools(params.pop("tools", None) or [], f"{where}.tools")
    choice, parallel = _tool_choice(params.pop("tool_choice", None), f"{where}.tool_choice")
    output = dict(want_object(params.pop("output_config", None) or {}, f"{where}.output_config"))
    # The name that it had while it was new.
    form = output.pop("format", None) or params.pop("output_format", None)
    effort = output.pop("effort", None)
    extra = {"output_config": output, "tools": others}
    settings = read_settings(
        {k: v for k, v in params.items() if v is not None} | {k: v for k, v in extra.items() if v},
        f"{where}.",
    )
    if effort is not None:
        effort = want_text(effort, f"{where}.output_config.effort")
        settings = Settings(reasoning_effort=effort).over(settings)
    return Request(
        messages,
        settings,
        tools,
        choice,
        None if form is None else _schema(form, f"{where}.output_config.format"),
        parallel,
        dialect=ANTHROPIC_DIALECT,
    )


def _messages(params: dict[str, Any], where: str) -> tuple[Message, ...]:
    spoken = take_turns(params, where, read_turn)
    # A mark on the whole request is one on its last block.
    if marks := read_mark(params, where):
        *before, last = spoken
        spoken = (*before, replace(last, parts=(*last.parts, *marks)))
    params.pop("cache_control", None)
    return (*take_system(params, where, read_parts), *spoken)


def _tools(given: Any, where: str) -> tuple[tuple[Tool, ...], list[dict[str, Any]]]:
    """The functions, and the tools that are none."""
    functions, others = [], []
    for number, entry in enumerate(want_list(given, where)):
        place = f"{where}[{number}]"
        tool = {k: v for k, v in want_object(entry, place).items() if v is not None}
        if tool.keys() <= _FUNCTION and tool.get("type") in _FUNCTION_TYPES:
            functions.append(_function(tool, place))
        else:
            others.append(tool)
    return tuple(functions), others


def _function(tool: dict[str, Any], where: str) -> Tool:
    description, schema = tool.get("description"), tool.get("input_schema")
    return Tool(
        want_name(tool.get("name"), f"{where}.name"),
        None if description is None else want_text(description, f"{where}.description"),
        None if schema is None else want_object(schema, f"{where}.input_schema"),
        read_flag(tool.get("strict"), f"{where}.strict"),
        next(iter(read_mark(tool, where)), None),
    )


def _tool_choice(given: Any, where: str) -> tuple[str | None, bool | None]:
    """The choice, and whether several tools may be called at once."""
    if given is None:
        return None, None
    choice = want_object(given, where)
    only_keys(choice, _CHOICE, where)
    kind = choice.get("type")
    if not isinstance(kind, str) or kind not in _CHOICES:
        raise RowError(f"{where}.type must be auto, any, none or tool, not {kind!r}")
    place = f"{where}.disable_parallel_tool_use"
    alone = read_flag(choice.get("disable_parallel_tool_use"), place)
    return _CHOICES[kind](choice, where), None if alone is None else not alone


def _schema(given: Any, where: str) -> ResponseSchema:
    form = want_object(given, where)
    if (kind := form.get("type")) != "json_schema":
        raise unsupported(where, f"a format of type {kind!r}")
    only_keys(form, frozenset({"type", "schema"}), where)
    return ResponseSchema(schema=want_object(form.get("schema"), f"{where}.schema"))
