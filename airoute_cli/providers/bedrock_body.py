"""The body of a Converse request."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from types import MappingProxyType
from typing import Any

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.request import (
    ANTHROPIC_DIALECT,
    CONVERSE_DIALECT,
    CacheMark,
    Document,
    Image,
    Message,
    Part,
    Request,
    ResponseSchema,
    Text,
    Thought,
    Tool,
    ToolCall,
)
from airoute_cli.core.settings import Settings
from airoute_cli.providers.data_urls import split_data_url
from airoute_cli.providers.requests import json_bytes, merged

DOCUMENT_FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "application/pdf": "pdf",
        "text/csv": "csv",
        "application/msword": "doc",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
        "application/vnd.ms-excel": "xls",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
        "text/html": "html",
        "text/plain": "txt",
        "text/markdown": "md",
    }
)
_IMAGE_FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "image/png": "png",
        "image/jpeg": "jpeg",
        "image/jpg": "jpeg",
        "image/gif": "gif",
        "image/webp": "webp",
    }
)
_ENDINGS: Mapping[str, str] = MappingProxyType({"jpg": "jpeg", "markdown": "md", "htm": "html"})
_ROLES: Mapping[str, str] = MappingProxyType(
    {"user": "user", "tool": "user", "assistant": "assistant"}
)

# What no setting may replace, because it was planned or never travels.
_OURS = frozenset({"modelId", "messages", "system", "requestMetadata", "metadata", "stream"})

# Parameters that have a place of their own in Converse; any other one is the model's own.
_CONVERSE_KEYS = frozenset(
    {
        "guardrailConfig",
        "performanceConfig",
        "serviceTier",
        "promptVariables",
        "additionalModelResponseFieldPaths",
        "projectIdentifier",
        "inferenceConfig",
        "toolConfig",
        "outputConfig",
    }
)
_MODELS_OWN = "additionalModelRequestFields"

# Claude's thinking goes back to Claude, by whichever of its two APIs it came.
THOUGHTS_OF = frozenset({CONVERSE_DIALECT, ANTHROPIC_DIALECT})

_NAME_LIMIT = 200
_NO_NAME_CHARACTER = re.compile(r"[^A-Za-z0-9\s\-()\[\]]+")


def converse_body(request: Request) -> dict[str, Any]:
    """The JSON body that asks a model for ``request``."""
    given = request.settings.extra
    writer = _Writer()
    ours = {
        "system": list(writer.system(request)),
        "messages": writer.turns(request),
        "inferenceConfig": _inference(request.settings),
        "toolConfig": _tool_config(request),
        "outputConfig": _output_config(request),
    }
    body: dict[str, Any] = {name: value for name, value in ours.items() if value}
    for name in sorted(_CONVERSE_KEYS & given.keys()):
        body[name] = merged(body.get(name), given[name])
    own = _models_own(request.settings)
    return body | ({_MODELS_OWN: own} if own else {})


def _models_own(settings: Settings) -> dict[str, Any]:
    given = settings.extra
    known = _CONVERSE_KEYS | _OURS | {_MODELS_OWN}
    own = {name: value for name, value in given.items() if name not in known}
    stated = given.get(_MODELS_OWN)
    return (
        ({} if settings.top_k is None else {"top_k": settings.top_k})
        | own
        | (dict(stated) if isinstance(stated, Mapping) else {})
    )


def _inference(settings: Settings) -> dict[str, Any]:
    return _stated(
        {
            "maxTokens": settings.max_output_tokens,
            "temperature": settings.temperature,
            "topP": settings.top_p,
            "stopSequences": None if settings.stop is None else list(settings.stop),
        }
    )


def _tool_config(request: Request) -> dict[str, Any]:
    if not request.tools:
        return {}
    choice = request.tool_choice
    return {"tools": [entry for tool in request.tools for entry in _tool(tool)]} | _stated(
        {"toolChoice": None if choice is None else _tool_choice(choice)}
    )


def _tool(tool: Tool) -> Iterator[dict[str, Any]]:
    schema = tool.parameters or {"type": "object", "properties": {}}
    spec = {"name": tool.name, "inputSchema": {"json": dict(schema)}}
    # An empty description is refused.
    spec |= _stated({"description": tool.description or None, "strict": tool.strict})
    yield {"toolSpec": spec}
    if tool.cache is not None:
        yield _cache_point(tool.cache)


def _tool_choice(choice: str) -> dict[str, Any]:
    if choice.startswith("="):
        return {"tool": {"name": choice[1:]}}
    return {"any": {}} if choice == "required" else {"auto": {}}


def _output_config(request: Request) -> dict[str, Any]:
    schema = request.schema
    return _stated(
        {
            "textFormat": None if schema is None else _text_format(schema),
            "effort": request.settings.reasoning_effort,
        }
    )


def _text_format(schema: ResponseSchema) -> dict[str, Any]:
    # The schema travels as the text of its JSON.
    described = {"name": schema.name, "schema": json_bytes(schema.schema or {}).decode()}
    return {"type": "json_schema", "structure": {"jsonSchema": described}}


class _Writer:
    """Writes turns; it remembers the names of documents, which must differ."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._parts: Mapping[type[Part], Callable[[Any], dict[str, Any] | None]] = {
            Text: _text,
            Image: _image,
            Document: self._document,
            Thought: _thought,
            CacheMark: _cache_point,
        }

    def system(self, request: Request) -> Iterator[dict[str, Any]]:
        """The blocks of all system turns."""
        for message in request.messages:
            if message.role == "system":
                yield from self._blocks(message.parts)

    def turns(self, request: Request) -> list[dict[str, Any]]:
        """The other turns. Neighbours of one role are one turn: roles must alternate."""
        spoken = [message for message in request.messages if message.role != "system"]
        turns = []
        for role, messages in groupby(spoken, key=lambda message: _ROLES[message.role]):
            content = [block for message in messages for block in self._content(message)]
            if content:
                turns.append({"role": role, "content": content})
        return turns

    def _content(self, message: Message) -> Iterator[dict[str, Any]]:
        if message.role == "tool":
            yield self._tool_result(message)
            return
        yield from self._blocks(message.parts)
        for call in message.tool_calls:
            yield _tool_use(call)

    def _tool_result(self, message: Message) -> dict[str, Any]:
        result = {
            "toolUseId": message.tool_call_id or "",
            "content": list(self._blocks(message.parts)),
        }
        return {"toolResult": result | ({"status": "error"} if message.is_error else {})}

    def _blocks(self, parts: tuple[Part, ...]) -> Iterator[dict[str, Any]]:
        for part in parts:
            block = self._parts[type(part)](part)
            if block is not None:
                yield block

    def _document(self, part: Document) -> dict[str, Any]:
        form, source = _source(part.url, DOCUMENT_FORMATS, "document")
        name = self._name(part.name)
        return {"document": {"format": form, "name": name, "source": source}}

    def _name(self, wanted: str | None) -> str:
        """A name of the characters that are allowed, told apart from the earlier ones."""
        base = " ".join(_NO_NAME_CHARACTER.sub("-", wanted or "").split())
        base = base[: _NAME_LIMIT - 10] or "document"
        name, number = base, 1
        while name in self._names:
            number += 1
            name = f"{base} ({number})"
        self._names.add(name)
        return name


def _text(part: Text) -> dict[str, Any] | None:
    # A blank text is refused, and says nothing.
    return {"text": part.text} if part.text.strip() else None


def _image(part: Image) -> dict[str, Any]:
    form, source = _source(part.url, _IMAGE_FORMATS, "image")
    return {"image": {"format": form, "source": source}}


def _source(url: str, formats: Mapping[str, str], what: str) -> tuple[str, dict[str, Any]]:
    if url.startswith("s3://"):
        ending = url.rpartition(".")[2].lower()
        return _known(_ENDINGS.get(ending, ending), frozenset(formats.values()), what), {
            "s3Location": {"uri": url}
        }
    data = split_data_url(url)
    form = formats.get(data.media_type, data.media_type)
    return _known(form, frozenset(formats.values()), what), {"bytes": data.base64}


def _known(form: str, forms: frozenset[str], what: str) -> str:
    if form in forms:
        return form
    raise CallError(
        ErrorKind.BAD_REQUEST,
        f"Bedrock takes no {what} of type {form!r}; it takes {', '.join(sorted(forms))}",
    )


def _thought(part: Thought) -> dict[str, Any]:
    if part.dialect not in THOUGHTS_OF:
        raise CallError(
            ErrorKind.BAD_REQUEST, f"Bedrock takes no reasoning back that {part.dialect} gave"
        )
    if part.redacted:
        return {"reasoningContent": {"redactedContent": part.text}}
    told = {"text": part.text} | _stated({"signature": part.signature})
    return {"reasoningContent": {"reasoningText": told}}


def _cache_point(mark: CacheMark) -> dict[str, Any]:
    return {"cachePoint": {"type": "default"} | _stated({"ttl": mark.ttl})}


def _tool_use(call: ToolCall) -> dict[str, Any]:
    arguments = call.parsed
    if not isinstance(arguments, Mapping):
        raise CallError(
            ErrorKind.BAD_REQUEST,
            f"the arguments of the tool call {call.id!r} are no JSON object, and Bedrock takes "
            "nothing else",
        )
    return {"toolUse": {"toolUseId": call.id, "name": call.name, "input": arguments}}


def _stated(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
