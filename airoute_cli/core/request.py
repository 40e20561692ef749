"""The one request model, and the input row that carries it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal, NamedTuple

from airoute_cli.core.frozen import frozen
from airoute_cli.core.settings import EMPTY, NOTHING, Settings

Role = Literal["system", "user", "assistant", "tool"]

# The APIs in whose words a row may be written.
OPENAI_DIALECT = "openai"
RESPONSES_DIALECT = "openai-responses"
ANTHROPIC_DIALECT = "anthropic"
GEMINI_DIALECT = "gemini"
CONVERSE_DIALECT = "bedrock"


@frozen
class Text:
    """A piece of text."""

    text: str


@frozen
class Image:
    """An image by its URL (https or data:); ``media_type`` where the URL does not tell it."""

    url: str
    detail: str | None = None
    media_type: str | None = None


@frozen
class Document:
    """A PDF document by its URL (https or data:); ``media_type`` as an image's."""

    url: str
    name: str | None = None
    media_type: str | None = None


@frozen
class Thought:
    """The reasoning of an earlier turn, which only the API that gave it takes back.

    ``signature`` is its proof. A ``redacted`` one is encrypted: its ``text`` is opaque data.
    """

    text: str
    dialect: str
    signature: str | None = None
    redacted: bool = False


@frozen
class CacheMark:
    """The place up to which a provider is asked to cache the prompt; ``ttl`` such as ``1h``."""

    ttl: str | None = None


@frozen
class ToolCall:
    """A model's wish to call a tool. ``arguments`` is the JSON text, as it stood on the wire.

    ``signature`` is the proof of the reasoning that led to it (Gemini).
    """

    id: str
    name: str
    arguments: str
    signature: str | None = None

    @property
    def parsed(self) -> Any:
        """The arguments as a value, None where they are no JSON; no text at all is no argument."""
        try:
            return json.loads(self.arguments or "{}")
        except (json.JSONDecodeError, RecursionError):
            return None


Part = Text | Image | Document | Thought | CacheMark


@frozen
class Message:
    """One turn. A ``tool`` turn answers ``tool_call_id``; ``is_error``: the tool failed."""

    role: Role
    parts: tuple[Part, ...]
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    name: str | None = None
    is_error: bool = False

    @property
    def text(self) -> str:
        """All text of the turn."""
        if len(self.parts) == 1 and isinstance(self.parts[0], Text):
            return self.parts[0].text
        return "\n".join(part.text for part in self.parts if isinstance(part, Text))


@frozen
class Tool:
    """A function that the model may ask to have called; ``parameters`` is a JSON Schema.

    ``cache``: the prompt is to be cached up to and with this tool.
    """

    name: str
    description: str | None = None
    parameters: Mapping[str, Any] | None = None
    strict: bool | None = None
    cache: CacheMark | None = None


@frozen
class ResponseSchema:
    """The JSON Schema that the answer must have; ``schema`` None asks for any JSON object."""

    name: str = "answer"
    schema: Mapping[str, Any] | None = None
    strict: bool | None = None


class Capability(StrEnum):
    """What a request may need of a model, and what a model may say that it can."""

    VISION = "vision"
    TOOLS = "tools"
    JSON_SCHEMA = "json_schema"
    REASONING = "reasoning"
    DOCUMENTS = "documents"


@frozen
class Request:
    """What is asked of a model, in one shape for every provider.

    ``tool_choice`` is "auto", "none", "required" or the name of a tool with a leading ``=``.
    ``dialect`` is the API in whose words the settings' ``extra`` are written.
    """

    messages: tuple[Message, ...]
    settings: Settings = EMPTY
    tools: tuple[Tool, ...] = ()
    tool_choice: str | None = None
    schema: ResponseSchema | None = None
    parallel_tool_calls: bool | None = None
    dialect: str = OPENAI_DIALECT

    @property
    def system(self) -> str | None:
        """The text of all system turns, None where there is none."""
        texts = [message.text for message in self.messages if message.role == "system"]
        return "\n\n".join(texts) if texts else None


class Row(NamedTuple):
    """One usable input row: a tuple, as one is made for every line.

    ``line`` counts from 1 in the input; ``digest`` is 16 bytes over the row's content without its
    id; ``raw`` is the line as it stood, kept so that a failed row can be fed in again unchanged.
    ``metadata`` routes and never travels; ``extra`` holds unknown fields, which pass through.
    ``has_id`` is False where the id was made from the digest.
    """

    custom_id: str
    line: int
    digest: bytes
    request: Request
    raw: bytes
    metadata: Mapping[str, Any] = NOTHING
    extra: Mapping[str, Any] = NOTHING
    has_id: bool = True


@frozen
class BadRow:
    """An input line that is no usable row: it fails by itself and is told with its line.

    ``custom_id`` is the row's own where it could be read, ``line-N`` otherwise.
    """

    custom_id: str
    line: int
    digest: bytes
    raw: bytes
    code: str
    message: str
