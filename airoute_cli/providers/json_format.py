"""What the wire formats share that ask in JSON, and are answered in JSON or by a stream."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from airoute_cli.core.completion import Completion
from airoute_cli.core.errors import CallError
from airoute_cli.core.profile import Model, Provider
from airoute_cli.core.rate_limits import RateLimits
from airoute_cli.core.request import Request
from airoute_cli.core.secret import Secret
from airoute_cli.core.wire import HttpReply, HttpRequest, StreamDecoder
from airoute_cli.providers.openai_errors import error_of
from airoute_cli.providers.requests import (
    bearer,
    headers_of,
    json_bytes,
    json_of,
    read_model_ids,
    request_id_in,
    url_of,
)
from airoute_cli.providers.whole_answer import WholeAnswer, is_whole


class _Headers(NamedTuple):
    """The headers of requests to a provider with a key."""

    provider: Provider
    key: Secret | None
    stream: bool
    headers: Mapping[str, str]


class JsonFormat(ABC):
    """Implements WireFormat for one that says in which words it asks and how it is answered.

    What stands here is what most do; a format overrides what it does in a way of its own.
    """

    chat_path: ClassVar[str] = ""
    models_path: ClassVar[str] = ""
    _last: _Headers | None = None

    @abstractmethod
    def body(self, model: Model, request: Request, *, stream: bool) -> Mapping[str, Any]:
        """What is asked. Raises CallError where the format has no words for it."""

    @abstractmethod
    def read(self, answer: Any, request_id: str | None) -> Completion:
        """The completion in a 2xx answer. Raises CallError; see ``WireFormat.decode``."""

    @abstractmethod
    def stream(self, request_id: str | None) -> StreamDecoder:
        """A decoder for a streamed answer."""

    def chat_url(self, model: Model, *, stream: bool) -> str:  # noqa: ARG002 - some have two
        """Where ``model`` is asked."""
        return url_of(model.provider, self.chat_path)

    def models_url(self, provider: Provider) -> str:
        """Where the models are listed."""
        return url_of(provider, self.models_path)

    def credentials(self, key: Secret | None) -> dict[str, str]:
        """The header that holds the key."""
        return bearer(key)

    def request_id(self, headers: Mapping[str, str]) -> str | None:
        """What the provider calls the request."""
        return request_id_in(headers)

    def is_whole(self, headers: Mapping[str, str]) -> bool:
        """Whether an answer is none of the streams that ``stream`` decodes."""
        return is_whole(headers)

    def encode(
        self, model: Model, request: Request, key: Secret | None, *, stream: bool
    ) -> HttpRequest:
        """A POST; the provider's own headers win over ours."""
        return HttpRequest(
            url=self.chat_url(model, stream=stream),
            headers=self._headers(model.provider, key, stream=stream),
            body=json_bytes(self.body(model, request, stream=stream)),
        )

    def _headers(
        self, provider: Provider, key: Secret | None, *, stream: bool
    ) -> Mapping[str, str]:
        """The headers of a request, which are mostly those of the one before."""
        last = self._last
        if (
            last is None
            or last.provider is not provider
            or last.key is not key
            or last.stream is not stream
        ):
            made = headers_of(provider, self.credentials(key), stream=stream)
            last = self._last = _Headers(provider, key, stream, made)
        return last.headers

    def decode(self, reply: HttpReply) -> Completion:
        """The completion in a 2xx answer; see ``read`` for what it raises."""
        return self.read(json_of(reply.body), self.request_id(reply.headers))

    def decode_stream(self, headers: Mapping[str, str]) -> StreamDecoder:
        """A decoder for the stream, or for the whole answer of a server that does not stream."""
        if self.is_whole(headers):
            return WholeAnswer(self.decode, headers)
        return self.stream(self.request_id(headers))

    def decode_error(self, reply: HttpReply, now: float) -> CallError:
        """A classified error for a non-2xx answer, in OpenAI's words or nearly."""
        return error_of(reply, now)

    def limits(self, headers: Mapping[str, str], now: float) -> RateLimits | None:  # noqa: ARG002 - as WireFormat has it
        """The headers tell nothing of the limits."""
        return None

    def list_models(self, provider: Provider, key: Secret | None) -> HttpRequest | None:
        """A GET of the models, or of their first page."""
        return HttpRequest(
            url=self.models_url(provider),
            headers=headers_of(provider, self.credentials(key), stream=False),
            method="GET",
        )

    def decode_models(self, reply: HttpReply) -> Sequence[str]:
        """The ids in ``data``."""
        return read_model_ids(json_of(reply.body))
