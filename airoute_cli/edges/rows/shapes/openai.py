"""OpenAI's batch line and the chat completions body in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from airoute_cli.core.errors import RowError
from airoute_cli.core.request import Message, Request, ResponseSchema, Tool
from airoute_cli.edges.rows.shapes.openai_messages import read_messages
from airoute_cli.edges.rows.shapes.openai_responses import read_body
from airoute_cli.edges.rows.shapes.reading import (
    Reading,
    read_flag,
    read_metadata,
    read_settings,
    unsupported,
    want_list,
    want_name,
    want_object,
    want_text,
)

CHAT_PATH = "/chat/completions"
RESPONSES_PATH = "/responses"
_CHOICES = ("auto", "none", "required")


def read_line(given: dict[str, Any]) -> Reading:
    """``{"method", "url", "body"}`` without its ``custom_id``.

    The ``url``, or else the body, says in whose words it is. ``body.model`` is dropped: which model
    answers is the router's decision. ``stream`` and ``stream_options`` are dropped too: how the
    answer travels is the engine's. Nothing else is.
    """
    path = _endpoint(given.pop("url", None), given.pop("method", None))
    body = want_object(given.pop("body"), "body")
    if path is None:
        path = RESPONSES_PATH if "input" in body and "messages" not in body else CHAT_PATH
    levels = (
        ("metadata", given.pop("metadata", None)),
        ("body.metadata", body.pop("metadata", None)),
    )
    return Reading(_READERS[path](body), read_metadata(*levels), given)


def _read_chat(body: dict[str, Any]) -> Request:
    return read_request(read_messages(body.pop("messages", []), "body.messages"), body, "body.")


def _read_response(body: dict[str, Any]) -> Request:
    return read_body(body, "body.")


_READERS: Mapping[str, Callable[[dict[str, Any]], Request]] = {
    CHAT_PATH: _read_chat,
    RESPONSES_PATH: _read_response,
}


def read_request(messages: tuple[Message, ...], body: dict[str, Any], where: str) -> Request:
    """A request from its messages and the rest of a chat completions body, which is used up.

    ``where`` is put before each key in an error's sentence.
    """
    _drop_transport(body, where)
    tools = body.pop("tools", None)
    choice = body.pop("tool_choice", None)
    shape = body.pop("response_format", None)
    parallel = body.pop("parallel_tool_calls", None)
    return Request(
        messages,
        read_settings(body, where),
        _tools(tools, f"{where}tools") if tools else (),
        _tool_choice(choice, f"{where}tool_choice") if choice is not None else None,
        _schema(shape, f"{where}response_format") if shape is not None else None,
        read_flag(parallel, f"{where}parallel_tool_calls"),
    )


def _endpoint(url: Any, method: Any) -> str | None:
    """The path that a row is meant for, None where it does not say."""
    if method is not None and method != "POST":
        raise RowError(f"method must be 'POST', not {method!r}")
    if url is None:
        return None
    path = urlsplit(want_text(url, "url")).path
    known = next((ending for ending in _READERS if path.endswith(ending)), None)
    if known is None:
        raise RowError(
            f"the endpoint {url!r} is not one that airoute can route; "
            f"a row's url must end in {' or '.join(_READERS)}",
            "unsupported_endpoint",
        )
    return known


def _drop_transport(body: dict[str, Any], where: str) -> None:
    for key in ("model", "stream", "stream_options"):
        body.pop(key, None)
    if (n := body.pop("n", None)) is not None and n != 1:
        raise RowError(f"{where}n is {n!r}; a row gets one answer, so write the row {n!r} times")


def _tools(given: Any, where: str) -> tuple[Tool, ...]:
    return tuple(_tool(tool, f"{where}[{i}]") for i, tool in enumerate(want_list(given, where)))


def _tool(given: Any, where: str) -> Tool:
    tool = want_object(given, where)
    if (kind := tool.get("type", "function")) != "function":
        raise unsupported(where, f"a tool of type {kind!r}")
    function = want_object(tool.get("function"), f"{where}.function")
    description, parameters = function.get("description"), function.get("parameters")
    return Tool(
        want_name(function.get("name"), f"{where}.function.name"),
        None if description is None else want_text(description, f"{where}.function.description"),
        None if parameters is None else want_object(parameters, f"{where}.function.parameters"),
        read_flag(function.get("strict"), f"{where}.function.strict"),
    )


def _tool_choice(given: Any, where: str) -> str:
    if isinstance(given, dict):
        return "=" + _chosen(given, where)
    if given not in _CHOICES:
        raise RowError(f"{where} must be auto, none, required or a named function, not {given!r}")
    return str(given)


def _chosen(given: dict[str, Any], where: str) -> str:
    if (kind := given.get("type")) != "function":
        raise unsupported(where, f"a choice of type {kind!r}")
    function = want_object(given.get("function"), f"{where}.function")
    return want_name(function.get("name"), f"{where}.function.name")


def _schema(given: Any, where: str) -> ResponseSchema | None:
    kind = want_object(given, where).get("type")
    if kind == "text":
        return None
    if kind == "json_object":
        return ResponseSchema()
    if kind != "json_schema":
        raise RowError(f"{where}.type must be text, json_object or json_schema, not {kind!r}")
    return _named_schema(want_object(given.get("json_schema"), f"{where}.json_schema"), where)


def _named_schema(given: dict[str, Any], where: str) -> ResponseSchema:
    place = f"{where}.json_schema"
    schema = want_object(given.get("schema"), f"{place}.schema")
    if (description := given.get("description")) is not None:
        schema = {"description": description, **schema}
    name = want_name(given.get("name", "answer"), f"{place}.name")
    return ResponseSchema(name, schema, read_flag(given.get("strict"), f"{place}.strict"))
