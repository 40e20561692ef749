"""The body of OpenAI's Responses API, read whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from airoute_cli.core.errors import RowError
from airoute_cli.core.request import (
    RESPONSES_DIALECT,
    Document,
    Image,
    Message,
    Part,
    Request,
    ResponseSchema,
    Role,
    Text,
    Thought,
    Tool,
    ToolCall,
)
from airoute_cli.edges.rows.shapes.reading import (
    kind_of,
    only_keys,
    read_flag,
    read_settings,
    read_typed,
    said,
    unsupported,
    want_list,
    want_name,
    want_object,
    want_text,
)

# ``model`` is the router's business, and how the answer travels the engine's.
_TRANSPORT = ("model", "stream", "stream_options", "background")
_ROLES: Mapping[Any, Role] = {
    "user": "user",
    "assistant": "assistant",
    "system": "system",
    "developer": "system",
}
_CHOICES = frozenset({"auto", "none", "required"})

# What an output item carries that is fed back in, and what a question does not need.
_ECHOED = ("id", "status", "phase", "annotations", "logprobs", "type")
_MESSAGE = frozenset({"role", "content"})
_CALL = frozenset({"call_id", "name", "arguments"})
_RESULT = frozenset({"call_id", "output"})
_FUNCTION = frozenset({"type", "name", "description", "parameters", "strict"})
_SCHEMA = frozenset({"type", "name", "description", "schema", "strict"})


def read_body(body: dict[str, Any], where: str) -> Request:
    """A request from a Responses body, which is used up.

    What only this API knows (its own tools, a stored prompt, ``include``) stays under its name
    among the settings, and goes to this API alone.
    """
    for key in _TRANSPORT:
        body.pop(key, None)
    messages = _read_input(body, where)
    tools, own_tools = _tools(body.pop("tools", None) or [], f"{where}tools")
    choice = _tool_choice(body)
    schema = _schema(body, where)
    parallel = body.pop("parallel_tool_calls", None)
    if own_tools:
        body["tools"] = own_tools
    _take_effort(body, where)
    stated = {name: value for name, value in body.items() if value is not None}
    return Request(
        messages,
        read_settings(stated, where),
        tools,
        choice,
        schema,
        read_flag(parallel, f"{where}parallel_tool_calls"),
        RESPONSES_DIALECT,
    )


def _read_input(body: dict[str, Any], where: str) -> tuple[Message, ...]:
    place = f"{where}input"
    given, instructions = body.pop("input", []), body.pop("instructions", None)
    turns = said(_messages(given, place), place)
    if instructions is None:
        return turns
    system = Message("system", (Text(want_text(instructions, f"{where}instructions")),))
    return (system, *turns)


def _messages(given: Any, where: str) -> list[Message]:
    if isinstance(given, str):
        return [Message("user", (Text(given),))]
    turns: list[Message] = []
    for i, item in enumerate(want_list(given, where)):
        turn = _item(item, f"{where}[{i}]")
        joined = _joined(turns[-1], turn) if turns else None
        if joined:
            turns[-1] = joined
        else:
            turns.append(turn)
    return turns


def _joined(last: Message, turn: Message) -> Message | None:
    """Two items as the one turn that other APIs make of them: reasoning, text, then calls."""
    both_assistants = last.role == turn.role == "assistant"
    if not both_assistants or (turn.parts and last.tool_calls) or _has_spoken(last, turn):
        return None
    return Message("assistant", last.parts + turn.parts, last.tool_calls + turn.tool_calls)


def _has_spoken(last: Message, turn: Message) -> bool:
    """Whether both say something, so that they are two turns."""
    spoken = any(not isinstance(part, Thought) for part in last.parts)
    return spoken and bool(turn.parts)


def _item(given: Any, where: str) -> Message:
    item = want_object(given, where)
    kind = item.get("type", "message")
    read = _ITEMS.get(kind) if isinstance(kind, str) else None
    if read is None:
        raise unsupported(where, f"an item of type {kind!r}")
    return read(item, where)


def _message(item: dict[str, Any], where: str) -> Message:
    _only(item, _MESSAGE, where)
    role = item.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise RowError(f"{where}.role must be user, assistant, system or developer, not {role!r}")
    return Message(_ROLES[role], _content(item.get("content"), f"{where}.content"))


def _call(item: dict[str, Any], where: str) -> Message:
    _only(item, _CALL, where)
    call = ToolCall(
        want_name(item.get("call_id"), f"{where}.call_id"),
        want_name(item.get("name"), f"{where}.name"),
        want_text(item.get("arguments"), f"{where}.arguments"),
    )
    return Message("assistant", (), (call,))


def _result(item: dict[str, Any], where: str) -> Message:
    _only(item, _RESULT, where)
    call_id = want_name(item.get("call_id"), f"{where}.call_id")
    return Message("tool", _content(item.get("output"), f"{where}.output"), tool_call_id=call_id)


def _reasoning(item: dict[str, Any], where: str) -> Message:
    """Opaque: only this API understands it, and takes it back just as it gave it."""
    del where
    thought = Thought(orjson.dumps(item).decode(), RESPONSES_DIALECT, redacted=True)
    return Message("assistant", (thought,))


_ITEMS: Mapping[str, Callable[[dict[str, Any], str], Message]] = {
    "message": _message,
    "function_call": _call,
    "function_call_output": _result,
    "reasoning": _reasoning,
}


def _content(given: Any, where: str) -> tuple[Part, ...]:
    if isinstance(given, str):
        return (Text(given),)
    if not isinstance(given, list):
        raise RowError(f"{where} must be a string or a list of parts, not {kind_of(given)}")
    return tuple(read_typed(part, f"{where}[{i}]", _PARTS) for i, part in enumerate(given))


def _text(part: dict[str, Any], where: str) -> Part:
    _only(part, frozenset({"text"}), where)
    return Text(want_text(part.get("text"), f"{where}.text"))


def _refusal(part: dict[str, Any], where: str) -> Part:
    _only(part, frozenset({"refusal"}), where)
    return Text(want_text(part.get("refusal"), f"{where}.refusal"))


def _image(part: dict[str, Any], where: str) -> Part:
    _only(part, frozenset({"image_url", "detail"}), where)
    detail = part.get("detail")
    return Image(
        want_name(part.get("image_url"), f"{where}.image_url"),
        None if detail is None else want_text(detail, f"{where}.detail"),
    )


def _file(part: dict[str, Any], where: str) -> Part:
    _only(part, frozenset({"file_url", "file_data", "filename"}), where)
    key = "file_url" if part.get("file_url") is not None else "file_data"
    name = part.get("filename")
    return Document(
        want_name(part.get(key), f"{where}.{key}"),
        None if name is None else want_text(name, f"{where}.filename"),
    )


_PARTS: Mapping[str, Callable[[dict[str, Any], str], Part]] = {
    "input_text": _text,
    "output_text": _text,
    "refusal": _refusal,
    "input_image": _image,
    "input_file": _file,
}


def _tools(given: Any, where: str) -> tuple[tuple[Tool, ...], list[Any]]:
    """The functions, and the API's own tools."""
    functions: list[Tool] = []
    own: list[Any] = []
    for i, entry in enumerate(want_list(given, where)):
        tool = want_object(entry, f"{where}[{i}]")
        if tool.get("type") == "function":
            functions.append(_function(tool, f"{where}[{i}]"))
        else:
            own.append(tool)
    return tuple(functions), own


def _function(tool: dict[str, Any], where: str) -> Tool:
    only_keys(tool, _FUNCTION, where)
    described, parameters = tool.get("description"), tool.get("parameters")
    return Tool(
        want_name(tool.get("name"), f"{where}.name"),
        None if described is None else want_text(described, f"{where}.description"),
        None if parameters is None else want_object(parameters, f"{where}.parameters"),
        read_flag(tool.get("strict"), f"{where}.strict"),
    )


def _tool_choice(body: dict[str, Any]) -> str | None:
    """The choice in our words; one that has none there stays in the body."""
    choice = body.get("tool_choice")
    if isinstance(choice, str) and choice in _CHOICES:
        return str(body.pop("tool_choice"))
    if isinstance(choice, dict) and choice.get("type") == "function":
        return "=" + want_name(body.pop("tool_choice").get("name"), "body.tool_choice.name")
    return None


def _schema(body: dict[str, Any], where: str) -> ResponseSchema | None:
    """The schema in ``text.format``; the rest of ``text`` stays in the body."""
    place = f"{where}text"
    text = want_object(body.pop("text", None) or {}, place)
    given = want_object(text.pop("format", None) or {"type": "text"}, f"{place}.format")
    if text:
        body["text"] = text
    kind = given.get("type")
    if kind == "text":
        return None
    if kind == "json_object":
        return ResponseSchema()
    if kind != "json_schema":
        raise RowError(f"{place}.format.type must be text, json_object or json_schema")
    only_keys(given, _SCHEMA, f"{place}.format")
    schema = want_object(given.get("schema"), f"{place}.format.schema")
    if (described := given.get("description")) is not None:
        schema = {"description": described, **schema}
    name = want_name(given.get("name", "answer"), f"{place}.format.name")
    return ResponseSchema(name, schema, read_flag(given.get("strict"), f"{place}.format.strict"))


def _take_effort(body: dict[str, Any], where: str) -> None:
    """Put the effort where settings are read; the rest of ``reasoning`` stays."""
    reasoning = want_object(body.pop("reasoning", None) or {}, f"{where}reasoning")
    body["reasoning_effort"] = reasoning.pop("effort", None)
    if reasoning:
        body["reasoning"] = reasoning


def _only(given: dict[str, Any], known: frozenset[str], where: str) -> None:
    only_keys({k: v for k, v in given.items() if k not in _ECHOED}, known, where)
