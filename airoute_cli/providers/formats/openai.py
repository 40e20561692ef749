"""The wire format of OpenAI's chat completions, spoken by most servers there are."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field

from airoute_cli.core.completion import Completion
from airoute_cli.core.elements import Element
from airoute_cli.core.profile import Model
from airoute_cli.core.rate_limits import RateLimits
from airoute_cli.core.request import OPENAI_DIALECT, RESPONSES_DIALECT, Request
from airoute_cli.core.wire import FormatSpec
from airoute_cli.providers.json_format import JsonFormat
from airoute_cli.providers.openai_answer import read_completion
from airoute_cli.providers.openai_body import SHARED_EXTRAS, ChatWords, cap_name_for, chat_body
from airoute_cli.providers.openai_chunks import ChatAssembler
from airoute_cli.providers.openai_limits import read_limits
from airoute_cli.providers.options import FormatOptions
from airoute_cli.providers.requests import (
    json_of,
)
from airoute_cli.providers.sse import SseEvent, SseParser

_END = b"[DONE]"


class Options(FormatOptions):
    """Where servers that speak chat completions differ."""

    max_tokens_name: Literal["max_tokens", "max_completion_tokens"] | None = Field(
        default=None,
        description="What the cap on output tokens is called. Default: `max_completion_tokens` at "
        "OpenAI and Azure, whose newest models refuse the other, `max_tokens` elsewhere.",
    )
    system_role: Literal["system", "developer"] = Field(
        default="system", description="The role under which system messages are sent."
    )
    stream_usage: bool = Field(
        default=True,
        description="Whether `stream_options` asks for the usage of a stream; some servers refuse "
        "the key.",
    )


class OpenAIFormat(JsonFormat):
    """Implements WireFormat; who speaks nearly the same overrides what is otherwise there."""

    chat_path = "/chat/completions"
    models_path = "/models"

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or Options()
        self._words: dict[str | None, ChatWords] = {}

    def body(self, model: Model, request: Request, *, stream: bool) -> dict[str, Any]:
        """What is asked, before it is written as JSON."""
        base_url = model.provider.base_url
        words = self._words.get(base_url) or self._learn(base_url)
        return chat_body(model, request, words, stream=stream)

    def _learn(self, base_url: str | None) -> ChatWords:
        words = self._words[base_url] = ChatWords(
            cap_name=self._options.max_tokens_name or cap_name_for(base_url),
            system_role=self._options.system_role,
            stream_usage=self._options.stream_usage,
        )
        return words

    def read(self, answer: Any, request_id: str | None) -> Completion:
        """The completion; see ``read_completion`` for what it raises."""
        return read_completion(answer, request_id)

    def stream(self, request_id: str | None) -> _ChatStream:
        """A decoder for chunks."""
        return _ChatStream(request_id)

    def limits(self, headers: Mapping[str, str], now: float) -> RateLimits | None:
        """The ``x-ratelimit-*`` headers."""
        return read_limits(headers, now)


FORMAT = FormatSpec(
    make=OpenAIFormat,
    options=Options,
    cannot=frozenset(
        {
            Element.DOCUMENT_URL,
            Element.TOOL_RESULT_MEDIA,
            Element.CACHE_MARK,
            Element.TOOL_ERROR,
            Element.STOPS_OVER_4,
        }
    ),
    extras=MappingProxyType({OPENAI_DIALECT: None, RESPONSES_DIALECT: SHARED_EXTRAS}),
)


class _ChatStream:
    """Implements StreamDecoder for server-sent events."""

    def __init__(self, request_id: str | None) -> None:
        self._events = SseParser()
        self._answer = ChatAssembler(request_id)

    def feed(self, chunk: bytes) -> list[str]:
        return [piece for event in self._events.feed(chunk) for piece in self._take(event)]

    def finish(self) -> Completion:
        return self._answer.finish()

    def _take(self, event: SseEvent) -> list[str]:
        if event.data.strip() == _END:
            return []
        chunk = json_of(event.data)
        return self._answer.add(chunk) if isinstance(chunk, Mapping) else []
