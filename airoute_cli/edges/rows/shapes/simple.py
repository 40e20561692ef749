"""The simple rows: ``{"prompt": …}`` and ``{"messages": […]}``, with settings beside them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from airoute_cli.core.errors import RowError
from airoute_cli.core.request import Message, Request, Text
from airoute_cli.core.settings import ALIASES, NOTHING, Settings
from airoute_cli.edges.rows.shapes.openai import read_request
from airoute_cli.edges.rows.shapes.openai_messages import read_messages
from airoute_cli.edges.rows.shapes.reading import (
    EMPTY_PROMPT,
    Reading,
    kind_of,
    read_metadata,
    want_object,
    want_text,
)

# The keys of a simple row that are asked of the model. Any other key is the user's own column:
# it passes through and is never sent, so ``user`` and ``metadata`` are not here.
_ASKED = (
    frozenset(field.name for field in fields(Settings) if field.name != "extra")
    | ALIASES.keys()
    | {
        "model",
        "stream",
        "stream_options",
        "n",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "response_format",
        "frequency_penalty",
        "presence_penalty",
        "repetition_penalty",
        "logit_bias",
        "logprobs",
        "top_logprobs",
        "top_k",
        "min_p",
        "service_tier",
        "verbosity",
    }
)


def read_prompt(given: dict[str, Any]) -> Reading:
    """``{"prompt": "…"}``; also ``system``, settings, ``params``, ``tools``, ``metadata``."""
    prompt = given.pop("prompt")
    if not isinstance(prompt, str):
        hint = "; a list of messages belongs in 'messages'" if isinstance(prompt, list) else ""
        raise RowError(f"prompt must be a string, not {kind_of(prompt)}{hint}")
    if not prompt.strip():
        raise RowError("prompt is empty: there is nothing to ask", EMPTY_PROMPT)
    asked = prompted(prompt)
    return _with_options(asked.messages, given) if given else Reading(asked)


def prompted(prompt: str) -> Request:
    """The request of a prompt with nothing beside it."""
    return Request((Message("user", (Text(prompt),)),))


def read_conversation(given: dict[str, Any]) -> Reading:
    """``{"messages": […]}`` in OpenAI's shape, with the same keys beside it as a prompt."""
    messages = read_messages(given.pop("messages"), "messages")
    return _with_options(messages, given) if given else Reading(Request(messages))


def _with_options(messages: tuple[Message, ...], given: dict[str, Any]) -> Reading:
    if "messages" in given:
        raise RowError("the row has both 'prompt' and 'messages'; keep one of them")
    metadata = read_metadata(("metadata", given.pop("metadata", None)))
    if (system := given.pop("system", None)) is not None:
        messages = (Message("system", (Text(want_text(system, "system")),)), *messages)
    if given.keys().isdisjoint(_ASKED) and "params" not in given:
        return Reading(Request(messages), metadata, given or NOTHING)
    asked = want_object(given.pop("params", None) or {}, "params")
    asked |= {key: given.pop(key) for key in _ASKED & given.keys()}
    return Reading(read_request(messages, asked, ""), metadata, given or NOTHING)
