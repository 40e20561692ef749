"""The wire format of OpenAI's chat completions, spoken by most servers there are."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field

from airoute_cli.core.completion import Completion
from airoute_cli.core.elements import Element
from airoute_cli.core.errors import CallError
from airoute_cli.core.profile import Model, Provider
from airoute_cli.core.rate_limits import RateLimits
from airoute_cli.core.request import OPENAI_DIALECT, RESPONSES_DIALECT, Request
from airoute_cli.core.secret import Secret
from airoute_cli.core.wire import FormatSpec, HttpReply, HttpRequest, StreamDecoder
from airoute_cli.providers.openai_answer import read_completion
from airoute_cli.providers.openai_body import SHARED_EXTRAS, ChatWords, cap_name_for, chat_body
from airoute_cli.providers.openai_chunks import ChatAssembler
from airoute_cli.providers.openai_errors import error_of
from airoute_cli.providers.openai_limits import read_limits
from airoute_cli.providers.options import FormatOptions
from airoute_cli.providers.requests import (
    bearer,
    headers_of,
    json_bytes,
    json_of,
    read_model_ids,
    request_id_in,
    url_of,
)
from airoute_cli.providers.sse import SseEvent, SseParser
from airoute_cli.providers.whole_answer import WholeAnswer, is_whole

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


class OpenAIFormat:
    """Implements WireFormat; who speaks nearly the same overrides what is otherwise there."""

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or Options()

    def encode(
        self, model: Model, request: Request, key: Secret | None, *, stream: bool
    ) -> HttpRequest:
        """A POST to ``/chat/completions``; the provider's own headers win over ours."""
        return HttpRequest(
            url=self.chat_url(model),
            headers=headers_of(model.provider, self.credentials(key), stream=stream),
            body=json_bytes(self.body(model, request, stream=stream)),
        )

    def chat_url(self, model: Model) -> str:
        """Where ``model`` is asked."""
        return url_of(model.provider, "/chat/completions")

    def models_url(self, provider: Provider) -> str:
        """Where the models are listed."""
        return url_of(provider, "/models")

    def credentials(self, key: Secret | None) -> dict[str, str]:
        """The header that holds the key."""
        return bearer(key)

    def body(self, model: Model, request: Request, *, stream: bool) -> dict[str, Any]:
        """What is asked, before it is written as JSON."""
        words = ChatWords(
            cap_name=self._options.max_tokens_name or cap_name_for(model.provider.base_url),
            system_role=self._options.system_role,
            stream_usage=self._options.stream_usage,
        )
        return chat_body(model, request, words, stream=stream)

    def decode(self, reply: HttpReply) -> Completion:
        """The completion in a 2xx answer; see ``read_completion`` for what it raises."""
        return read_completion(json_of(reply.body), request_id_in(reply.headers))

    def decode_stream(self, headers: Mapping[str, str]) -> StreamDecoder:
        """A decoder for the stream, or for the whole answer of a server that does not stream."""
        if is_whole(headers):
            return WholeAnswer(self.decode, headers)
        return _ChatStream(request_id_in(headers))

    def decode_error(self, reply: HttpReply, now: float) -> CallError:
        """A classified error for a non-2xx answer."""
        return error_of(reply, now)

    def limits(self, headers: Mapping[str, str], now: float) -> RateLimits | None:
        """The ``x-ratelimit-*`` headers."""
        return read_limits(headers, now)

    def list_models(self, provider: Provider, key: Secret | None) -> HttpRequest | None:
        """A GET of ``/models``."""
        return HttpRequest(
            url=self.models_url(provider),
            headers=headers_of(provider, self.credentials(key), stream=False),
            method="GET",
        )

    def decode_models(self, reply: HttpReply) -> list[str]:
        """The ids in ``data``."""
        return read_model_ids(json_of(reply.body))


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
