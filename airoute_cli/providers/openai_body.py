"""The body of a chat completion request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.frozen import frozen
from airoute_cli.core.profile import Model
from airoute_cli.core.request import (
    Document,
    Image,
    Message,
    Part,
    Request,
    ResponseSchema,
    Text,
    Tool,
    ToolCall,
)
from airoute_cli.core.settings import Settings

# Only these know `max_completion_tokens` for certain, and their newest models refuse `max_tokens`.
_CAP_HOSTS = ("api.openai.com",)
_CAP_DOMAINS = (".api.openai.com", ".openai.azure.com", ".services.ai.azure.com")

# What no setting may replace: the model and the messages are what was planned, how the answer
# comes is the decoder's business, and metadata never travels.
_OURS = frozenset({"model", "messages", "stream", "stream_options", "metadata"})


# What chat completions and the Responses API call by the same name and mean the same by.
SHARED_EXTRAS = frozenset(
    {
        "moderation",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "safety_identifier",
        "service_tier",
        "store",
        "user",
    }
)


@frozen
class ChatWords:
    """How a server calls what others call otherwise."""

    cap_name: str = "max_tokens"
    seed_name: str = "seed"
    system_role: str = "system"
    stream_usage: bool = True


DEFAULT_WORDS = ChatWords()


def chat_body(
    model: Model, request: Request, words: ChatWords = DEFAULT_WORDS, *, stream: bool
) -> dict[str, Any]:
    """The JSON body that asks ``model`` for ``request``."""
    settings = request.settings
    given = settings.extra
    body: dict[str, Any] = {
        "model": model.wire_name,
        "messages": [_message(message, words) for message in request.messages],
    }
    _put_settings(body, settings, words)
    if request.tools or request.tool_choice is not None or request.parallel_tool_calls is not None:
        body |= _tools(request)
    if request.schema is not None:
        body |= _response_format(request.schema)
    if given:
        body |= {name: value for name, value in given.items() if name not in _OURS}
    if stream:
        body |= _streamed(given, words)
    return body


def cap_name_for(base_url: str | None) -> str:
    """What the server at a base URL calls the cap on output tokens."""
    host = urlsplit(base_url or "").hostname or ""
    modern = host in _CAP_HOSTS or host.endswith(_CAP_DOMAINS)
    return "max_completion_tokens" if modern else "max_tokens"


def _put_settings(body: dict[str, Any], settings: Settings, words: ChatWords) -> None:
    if settings.max_output_tokens is not None:
        body[words.cap_name] = settings.max_output_tokens
    if settings.temperature is not None:
        body["temperature"] = settings.temperature
    if settings.top_p is not None:
        body["top_p"] = settings.top_p
    if settings.top_k is not None:
        body["top_k"] = settings.top_k
    if settings.stop is not None:
        body["stop"] = list(settings.stop)
    if settings.seed is not None:
        body[words.seed_name] = settings.seed
    if settings.reasoning_effort is not None:
        body["reasoning_effort"] = settings.reasoning_effort


def _message(message: Message, words: ChatWords) -> dict[str, Any]:
    role = words.system_role if message.role == "system" else message.role
    told: dict[str, Any] = {"role": role, "content": _content(message)}
    if message.name is not None:
        told["name"] = message.name
    if message.tool_call_id is not None:
        told["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        told["tool_calls"] = [_tool_call(call) for call in message.tool_calls]
    return told


def _content(message: Message) -> str | list[dict[str, Any]] | None:
    parts = message.parts
    if len(parts) == 1 and isinstance(parts[0], Text):  # as most are
        return parts[0].text
    if message.tool_calls and not parts:
        return None
    if all([isinstance(part, Text) for part in parts]):  # noqa: C419 - faster for a few
        return message.text
    return [_part(part) for part in parts]


def _part(part: Part) -> dict[str, Any]:
    write = _PARTS.get(type(part))
    if write is None:
        raise CallError(
            ErrorKind.BAD_REQUEST, f"chat completions have no {type(part).__name__.lower()} part"
        )
    return write(part)


def _text(part: Text) -> dict[str, Any]:
    return {"type": "text", "text": part.text}


def _image(part: Image) -> dict[str, Any]:
    return {
        "type": "image_url",
        "image_url": {"url": part.url} | _stated({"detail": part.detail}),
    }


def _document(part: Document) -> dict[str, Any]:
    file = {"file_data": part.url, "filename": part.name or "document.pdf"}
    return {"type": "file", "file": file}


_PARTS: Mapping[type[Part], Callable[[Any], dict[str, Any]]] = MappingProxyType(
    {Text: _text, Image: _image, Document: _document}
)


def _tool_call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _tools(request: Request) -> dict[str, Any]:
    choice = request.tool_choice
    return _stated(
        {
            "tools": [_tool(tool) for tool in request.tools] or None,
            "tool_choice": choice and _tool_choice(choice),
            "parallel_tool_calls": request.parallel_tool_calls,
        }
    )


def _tool(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name} | _stated(
        {
            "description": tool.description,
            "parameters": None if tool.parameters is None else dict(tool.parameters),
            "strict": tool.strict,
        }
    )
    return {"type": "function", "function": function}


def _tool_choice(choice: str) -> str | dict[str, Any]:
    if choice.startswith("="):
        return {"type": "function", "function": {"name": choice[1:]}}
    return choice


def _response_format(schema: ResponseSchema) -> dict[str, Any]:
    if schema.schema is None:
        return {"response_format": {"type": "json_object"}}
    described = {"name": schema.name, "schema": dict(schema.schema)}
    described |= _stated({"strict": schema.strict})
    return {"response_format": {"type": "json_schema", "json_schema": described}}


def _streamed(given: Mapping[str, Any], words: ChatWords) -> dict[str, Any]:
    if not words.stream_usage:
        return {"stream": True}
    options = given.get("stream_options")
    chosen = options if isinstance(options, Mapping) else {}
    return {"stream": True, "stream_options": {**chosen, "include_usage": True}}


def _stated(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
