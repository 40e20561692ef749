"""The turns of a conversation as Gemini's ``contents`` and ``systemInstruction``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.request import (
    GEMINI_DIALECT,
    Document,
    Image,
    Message,
    Part,
    Request,
    Text,
    Thought,
    ToolCall,
)
from airoute_cli.providers.data_urls import split_data_url

_ROLES: Mapping[str, str] = MappingProxyType({"user": "user", "tool": "user", "assistant": "model"})
_MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "png": "image/png",
        "jpg": "image/jpeg",
        "jpeg": "image/jpeg",
        "webp": "image/webp",
        "gif": "image/gif",
        "heic": "image/heic",
        "heif": "image/heif",
        "pdf": "application/pdf",
        "txt": "text/plain",
        "csv": "text/csv",
        "html": "text/html",
        "md": "text/markdown",
    }
)
# What a call carries whose reasoning another API did: models that want a proof take this instead.
# https://ai.google.dev/gemini-api/docs/thought-signatures
FOREIGN_PROOF = "skip_thought_signature_validator"


def system_of(request: Request) -> dict[str, Any] | None:
    """The instruction of all system turns, None where there are none."""
    parts = [
        part
        for message in request.messages
        if message.role == "system"
        for part in _said(message.parts)
    ]
    return {"parts": parts} if parts else None


def contents_of(request: Request, *, wants_proof: bool) -> list[dict[str, Any]]:
    """The other turns. Neighbours of one role are one turn, as all results of a turn's calls must.

    ``wants_proof``: the model refuses a call without the proof of its reasoning.
    """
    spoken = [message for message in request.messages if message.role != "system"]
    names: dict[str, str] = {}
    contents = []
    for role, messages in groupby(spoken, key=lambda message: _ROLES[message.role]):
        parts = [part for message in messages for part in _parts(message, names)]
        if wants_proof and role == "model":
            _prove(parts)
        if parts:
            contents.append({"role": role, "parts": parts})
    return contents


def _prove(parts: list[dict[str, Any]]) -> None:
    """Give the first call of a turn the proof that is missing; the others of it need none."""
    calls = [part for part in parts if "functionCall" in part]
    if calls and not any("thoughtSignature" in call for call in calls):
        calls[0]["thoughtSignature"] = FOREIGN_PROOF


def _parts(message: Message, names: dict[str, str]) -> Iterator[dict[str, Any]]:
    """The parts of a turn; ``names`` are those of the calls so far, by their ids."""
    if message.role == "tool":
        yield _result(message, names)
        return
    yield from _said(message.parts)
    for call in message.tool_calls:
        names[call.id] = call.name
        yield _call(call)


def _said(parts: tuple[Part, ...]) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = []
    for part in parts:
        if isinstance(part, Thought):
            _think(part, said)
        elif isinstance(part, Text):
            said.append({"text": part.text})
        elif isinstance(part, Image | Document):
            said.append(_media(part))
    # An empty text is refused, unless it is there to hold a proof.
    return [part for part in said if part.get("text") != "" or "thoughtSignature" in part]


def _think(thought: Thought, said: list[dict[str, Any]]) -> None:
    """Put a thought behind what is said; one without words is the proof of the part before it."""
    if thought.dialect != GEMINI_DIALECT:
        raise CallError(
            ErrorKind.BAD_REQUEST, f"Gemini takes no reasoning back that {thought.dialect} gave"
        )
    proof = {} if thought.signature is None else {"thoughtSignature": thought.signature}
    if thought.text or not said:
        said.append({"text": thought.text, "thought": True} | proof)
    else:
        said[-1] |= proof


def _media(part: Image | Document) -> dict[str, Any]:
    if part.url.lower().startswith("data:"):
        data = split_data_url(part.url)
        return {"inlineData": {"mimeType": data.media_type, "data": data.base64}}
    ending = urlsplit(part.url).path.rpartition(".")[2].lower()
    kind = part.media_type or _MEDIA_TYPES.get(ending)
    return {"fileData": ({"mimeType": kind} if kind else {}) | {"fileUri": part.url}}


def _call(call: ToolCall) -> dict[str, Any]:
    arguments = call.parsed
    if not isinstance(arguments, Mapping):
        raise CallError(
            ErrorKind.BAD_REQUEST,
            f"the arguments of the tool call {call.id!r} are no JSON object, and Gemini takes "
            "nothing else",
        )
    part = {"functionCall": {"id": call.id, "name": call.name, "args": arguments}}
    return part | ({"thoughtSignature": call.signature} if call.signature else {})


def _result(message: Message, names: Mapping[str, str]) -> dict[str, Any]:
    name = message.name or names.get(message.tool_call_id or "")
    if name is None:
        raise CallError(
            ErrorKind.BAD_REQUEST,
            f"the tool result {message.tool_call_id!r} answers no earlier call, and Gemini wants "
            "the name of the function that was called",
        )
    media = [_media(part) for part in message.parts if isinstance(part, Image | Document)]
    told = {
        "id": message.tool_call_id,
        "name": name,
        "response": {"error" if message.is_error else "output": message.text},
    }
    return {"functionResponse": told | ({"parts": media} if media else {})}
