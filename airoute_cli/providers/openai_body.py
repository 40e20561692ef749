"""The body of a chat completion request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from airoute_cli.core.profile import Api, Model, Provider
from airoute_cli.core.request import (
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

DEFAULT_BASE_URL = "https://api.openai.com/v1"

# Only these know `max_completion_tokens` for certain, and their newest models refuse `max_tokens`.
_CAP_HOSTS = ("api.openai.com",)
_CAP_DOMAINS = (".api.openai.com", ".openai.azure.com")

# What no setting may replace: the model and the messages are what was planned, how the answer
# comes is the decoder's business, and metadata never travels.
_OURS = frozenset({"model", "messages", "stream", "stream_options", "metadata"})


def chat_body(model: Model, request: Request, *, stream: bool) -> dict[str, Any]:
    """The JSON body that asks ``model`` for ``request``."""
    given = request.settings.extra
    return (
        {
            "model": model.wire_name,
            "messages": [_message(message) for message in request.messages],
        }
        | _settings(request.settings, _cap_name(model.provider))
        | _tools(request)
        | _response_format(request.schema)
        | {name: value for name, value in given.items() if name not in _OURS}
        | (_streamed(given) if stream else {})
    )


def base_url_of(provider: Provider) -> str:
    """Where a provider is; one without a base URL is OpenAI itself."""
    return provider.base_url or (DEFAULT_BASE_URL if provider.api is Api.OPENAI else "")


def _cap_name(provider: Provider) -> str:
    host = urlsplit(base_url_of(provider)).hostname or ""
    modern = host in _CAP_HOSTS or host.endswith(_CAP_DOMAINS)
    return "max_completion_tokens" if modern else "max_tokens"


def _settings(settings: Settings, cap_name: str) -> dict[str, Any]:
    return _stated(
        {
            cap_name: settings.max_output_tokens,
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "stop": None if settings.stop is None else list(settings.stop),
            "seed": settings.seed,
            "reasoning_effort": settings.reasoning_effort,
        }
    )


def _message(message: Message) -> dict[str, Any]:
    return {"role": message.role, "content": _content(message)} | _stated(
        {
            "name": message.name,
            "tool_call_id": message.tool_call_id,
            "tool_calls": [_tool_call(call) for call in message.tool_calls] or None,
        }
    )


def _content(message: Message) -> str | list[dict[str, Any]] | None:
    if message.tool_calls and not message.parts:
        return None
    if all(isinstance(part, Text) for part in message.parts):
        return message.text
    return [_PARTS[type(part)](part) for part in message.parts]


def _text(part: Text) -> dict[str, Any]:
    return {"type": "text", "text": part.text}


def _image(part: Image) -> dict[str, Any]:
    return {
        "type": "image_url",
        "image_url": {"url": part.url} | _stated({"detail": part.detail}),
    }


_PARTS: Mapping[type[Part], Callable[[Any], dict[str, Any]]] = MappingProxyType(
    {Text: _text, Image: _image}
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


def _response_format(schema: ResponseSchema | None) -> dict[str, Any]:
    if schema is None:
        return {}
    if schema.schema is None:
        return {"response_format": {"type": "json_object"}}
    described = {"name": schema.name, "schema": dict(schema.schema)}
    described |= _stated({"strict": schema.strict})
    return {"response_format": {"type": "json_schema", "json_schema": described}}


def _streamed(given: Mapping[str, Any]) -> dict[str, Any]:
    options = given.get("stream_options")
    chosen = options if isinstance(options, Mapping) else {}
    return {"stream": True, "stream_options": {**chosen, "include_usage": True}}


def _stated(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
