"""What Mistral's chat completions want otherwise than OpenAI's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from string import ascii_letters, digits
from types import MappingProxyType
from typing import Any

from airoute_cli.core.profile import Model
from airoute_cli.core.request import Request
from airoute_cli.providers.openai_body import ChatWords, chat_body

_WORDS = ChatWords(seed_name="random_seed", stream_usage=False)

# There is reasoning or there is none.
_EFFORTS: Mapping[str, str] = MappingProxyType(
    {"minimal": "none", "low": "high", "medium": "high", "xhigh": "high", "max": "high"}
)

_ID = re.compile(r"[A-Za-z0-9]{9}")
_ID_CHARACTERS = digits + ascii_letters


def mistral_body(model: Model, request: Request, *, stream: bool) -> dict[str, Any]:
    """The JSON body; a key that Mistral does not know would make it refuse the whole."""
    if known := _EFFORTS.get(request.settings.reasoning_effort or ""):
        settings = replace(request.settings, reasoning_effort=known)
        request = replace(request, settings=settings)
    body = chat_body(model, request, _WORDS, stream=stream)
    names = {call.id: call.name for message in request.messages for call in message.tool_calls}
    body["messages"] = [_message(message, names) for message in body["messages"]]
    for tool in body.get("tools", ()):
        tool["function"].setdefault("parameters", {"type": "object", "properties": {}})
    return body


def short_id(given: str) -> str:
    """A call's id as Mistral wants it, nine letters and digits; always the same for the same one.

    A conversation may have begun at another provider.
    """
    if _ID.fullmatch(given):
        return given
    number = int.from_bytes(sha256(given.encode(errors="replace")).digest())
    base = len(_ID_CHARACTERS)
    return "".join(_ID_CHARACTERS[number // base**place % base] for place in range(9))


def _message(message: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    if isinstance(message["content"], list):
        message["content"] = [_part(part) for part in message["content"]]
    for call in message.get("tool_calls", ()):
        call["id"] = short_id(call["id"])
    if message["role"] == "tool":
        given = message["tool_call_id"]
        message["tool_call_id"] = short_id(given)
        # The function that was called: it must stand with the result, and others leave it out.
        if name := message.get("name") or names.get(given):
            message["name"] = name
    return message


def _part(part: dict[str, Any]) -> dict[str, Any]:
    if part["type"] != "file":
        return part
    file = part["file"]
    return {
        "type": "document_url",
        "document_url": file["file_data"],
        "document_name": file["filename"],
    }
