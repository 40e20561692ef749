"""The turns of a Gemini request, read whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import orjson

from airoute_cli.core.errors import RowError
from airoute_cli.core.request import (
    GEMINI_DIALECT,
    Document,
    Image,
    Message,
    Part,
    Role,
    Text,
    Thought,
    ToolCall,
)
from airoute_cli.edges.rows.shapes.gemini_names import camel_keys
from airoute_cli.edges.rows.shapes.reading import (
    only_keys,
    read_flag,
    said,
    unsupported,
    want_list,
    want_name,
    want_object,
    want_text,
)

# `function` is what the turn of a result was called before it was the user's.
_ROLES: Mapping[str | None, Role] = MappingProxyType(
    {"user": "user", "model": "assistant", "function": "user", None: "user"}
)
_TURN = frozenset({"role", "parts"})
_PROOF = "thoughtSignature"
_CALL = frozenset({"id", "name", "args"})
_RESULT = frozenset({"id", "name", "response", "parts"})
_TEXTUAL = ("application/", "text/")


def read_contents(given: Any, where: str) -> tuple[Message, ...]:
    """The turns of a conversation, each tool's result as one of its own. Raises RowError."""
    turns = [given] if isinstance(given, dict) else want_list(given, where)
    calls = _Calls()
    each = (_read_turn(turn, calls, f"{where}[{i}]") for i, turn in enumerate(turns))
    return said([message for turn in each for message in turn], where)


def read_system(given: Any, where: str) -> Message:
    """The instruction, which is a string or a turn."""
    if isinstance(given, str):
        return Message("system", (Text(given),))
    turn = want_object(given, where)
    parts = (
        piece
        for part, place in _each(turn.get("parts"), f"{where}.parts")
        for piece in _spoken(part, place)
    )
    return Message("system", tuple(parts))


class _Calls:
    """The calls of a conversation: those without an id get one, and their results find it."""

    def __init__(self) -> None:
        self._open: list[ToolCall] = []
        self._made = 0

    def read(self, given: Any, proof: str | None, where: str) -> ToolCall:
        """A call of the model's."""
        call = camel_keys(want_object(given, where))
        only_keys(call, _CALL, where)
        read = ToolCall(
            self._id(call.get("id"), where),
            want_name(call.get("name"), f"{where}.name"),
            orjson.dumps(want_object(call.get("args") or {}, f"{where}.args")).decode(),
            proof,
        )
        self._open.append(read)
        return read

    def answered(self, given: Any, where: str) -> Message:
        """What a tool gave back."""
        result = camel_keys(want_object(given, where))
        only_keys(result, _RESULT, where)
        name = want_name(result.get("name"), f"{where}.name")
        text, failed = _told(result.get("response"), f"{where}.response")
        files = (_file(part, place) for part, place in _each(result.get("parts"), f"{where}.parts"))
        parts = (*([Text(text)] if text else []), *files)
        return Message(
            "tool",
            parts,
            tool_call_id=self._answering(result.get("id"), name, where),
            name=name,
            is_error=failed,
        )

    def _id(self, given: Any, where: str) -> str:
        if given:
            return want_name(given, f"{where}.id")
        self._made += 1
        return f"call_{self._made}"

    def _answering(self, given: Any, name: str, where: str) -> str:
        wanted = want_name(given, f"{where}.id") if given else None
        for call in self._open:
            if call.id == wanted or (wanted is None and call.name == name):
                self._open.remove(call)
                return call.id
        if wanted is None:
            raise RowError(f"{where} has no id and answers no earlier call of {name!r}")
        return wanted


def _read_turn(given: Any, calls: _Calls, where: str) -> tuple[Message, ...]:
    turn = want_object(given, where)
    only_keys(turn, _TURN, where)
    role = turn.get("role")
    if isinstance(role, dict | list) or role not in _ROLES:
        raise RowError(f"{where}.role must be user or model, not {role!r}")
    results: list[Message] = []
    parts: list[Part] = []
    made: list[ToolCall] = []
    for part, place in _each(turn.get("parts"), f"{where}.parts"):
        if "functionResponse" in part:
            _only(part, "functionResponse", place)
            results.append(calls.answered(part["functionResponse"], f"{place}.functionResponse"))
        elif "functionCall" in part:
            proof = _only(part, "functionCall", place)
            made.append(calls.read(part["functionCall"], proof, f"{place}.functionCall"))
        else:
            parts += _spoken(part, place)
    if results and not (parts or made):
        return tuple(results)
    return (*results, Message(_ROLES[role], tuple(parts), tuple(made)))


def _each(given: Any, where: str) -> list[tuple[dict[str, Any], str]]:
    """The parts, without what is null in them, and where each is."""
    if given is None:
        return []
    parts = [given] if isinstance(given, dict) else want_list(given, where)
    return [
        ({k: v for k, v in camel_keys(want_object(part, place)).items() if v is not None}, place)
        for i, part in enumerate(parts)
        for place in (f"{where}[{i}]",)
    ]


def _only(part: dict[str, Any], kind: str, where: str) -> str | None:
    """The proof beside what a part is; anything else beside it cannot be carried."""
    only_keys(part, frozenset({kind, _PROOF}), where)
    proof = part.get(_PROOF)
    return None if proof is None else want_name(proof, f"{where}.{_PROOF}")


def _spoken(part: dict[str, Any], where: str) -> list[Part]:
    """What is said by a part; the proof of one that is no thought itself stands behind it."""
    thought = read_flag(part.pop("thought", None), f"{where}.thought")
    kind = next((kind for kind in _PARTS if kind in part), None)
    if kind is None:
        odd = next((key for key in part if key != _PROOF), "nothing")
        raise unsupported(where, f"a part of type {odd!r}")
    proof = _only(part, kind, where)
    if thought:
        return [Thought(want_text(part.get("text"), f"{where}.text"), GEMINI_DIALECT, proof)]
    said = _PARTS[kind](part, where)
    return [said] if proof is None else [said, Thought("", GEMINI_DIALECT, proof)]


def _text(part: dict[str, Any], where: str) -> Part:
    return Text(want_text(part["text"], f"{where}.text"))


def _file(part: dict[str, Any], where: str) -> Part:
    """An image or a document: its data, or where it is."""
    kind = "inlineData" if "inlineData" in part else "fileData"
    place = f"{where}.{kind}"
    data = camel_keys(want_object(part.get(kind), place))
    only_keys(data, frozenset({"mimeType", "data", "fileUri", "displayName"}), place)
    media = want_name(data.get("mimeType"), f"{place}.mimeType")
    if not media.startswith(("image/", *_TEXTUAL)):
        raise unsupported(place, f"a part of type {media!r}")
    elsewhere = media if kind == "fileData" else None
    url = (
        want_name(data.get("fileUri"), f"{place}.fileUri")
        if elsewhere
        else f"data:{media};base64,{want_name(data.get('data'), f'{place}.data')}"
    )
    if media.startswith("image/"):
        return Image(url, media_type=elsewhere)
    name = data.get("displayName")
    named = None if name is None else want_text(name, f"{place}.displayName")
    return Document(url, named, elsewhere)


_PARTS: Mapping[str, Callable[[dict[str, Any], str], Part]] = MappingProxyType(
    {"text": _text, "inlineData": _file, "fileData": _file}
)


def _told(given: Any, where: str) -> tuple[str, bool]:
    """A result as text, and whether it is an error: `output` and `error` hold the one or other."""
    response = want_object({} if given is None else given, where)
    kind = next(iter(response), None) if len(response) == 1 else None
    if kind not in {"output", "error", "result"}:
        return (orjson.dumps(response).decode() if response else "", False)
    value = response[kind]
    return value if isinstance(value, str) else orjson.dumps(value).decode(), kind == "error"
