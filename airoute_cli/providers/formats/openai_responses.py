"""The wire format of OpenAI's Responses API."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from airoute_cli.core.completion import Completion
from airoute_cli.core.elements import Element
from airoute_cli.core.errors import CallError
from airoute_cli.core.profile import Model, Provider
from airoute_cli.core.rate_limits import RateLimits
from airoute_cli.core.request import OPENAI_DIALECT, RESPONSES_DIALECT, Request
from airoute_cli.core.secret import Secret
from airoute_cli.core.wire import FormatSpec, HttpReply, HttpRequest, StreamDecoder
from airoute_cli.providers.openai_body import SHARED_EXTRAS
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
from airoute_cli.providers.responses_answer import ResponseStream, read_response
from airoute_cli.providers.responses_body import responses_body
from airoute_cli.providers.whole_answer import WholeAnswer, is_whole


class OpenAIResponsesFormat:
    """Implements WireFormat."""

    def encode(
        self, model: Model, request: Request, key: Secret | None, *, stream: bool
    ) -> HttpRequest:
        """A POST to ``/responses``."""
        return HttpRequest(
            url=url_of(model.provider, "/responses"),
            headers=headers_of(model.provider, bearer(key), stream=stream),
            body=json_bytes(responses_body(model, request, stream=stream)),
        )

    def decode(self, reply: HttpReply) -> Completion:
        """The completion in a 2xx answer; see ``read_response`` for what it raises."""
        return read_response(json_of(reply.body), request_id_in(reply.headers))

    def decode_stream(self, headers: Mapping[str, str]) -> StreamDecoder:
        """A decoder for the stream, or for the whole answer of a server that does not stream."""
        if is_whole(headers):
            return WholeAnswer(self.decode, headers)
        return ResponseStream(request_id_in(headers))

    def decode_error(self, reply: HttpReply, now: float) -> CallError:
        """A classified error for a non-2xx answer."""
        return error_of(reply, now)

    def limits(self, headers: Mapping[str, str], now: float) -> RateLimits | None:
        """The ``x-ratelimit-*`` headers."""
        return read_limits(headers, now)

    def list_models(self, provider: Provider, key: Secret | None) -> HttpRequest | None:
        """A GET of ``/models``."""
        return HttpRequest(
            url=url_of(provider, "/models"),
            headers=headers_of(provider, bearer(key), stream=False),
            method="GET",
        )

    def decode_models(self, reply: HttpReply) -> list[str]:
        """The ids in ``data``."""
        return read_model_ids(json_of(reply.body))


FORMAT = FormatSpec(
    make=lambda _: OpenAIResponsesFormat(),
    options=FormatOptions,
    cannot=frozenset(
        {
            Element.CACHE_MARK,
            Element.CAP_UNDER_16,
            Element.SEED,
            Element.STOP,
            Element.TOOL_ERROR,
            Element.TOP_K,
            Element.TURN_NAME,
        }
    ),
    extras=MappingProxyType({RESPONSES_DIALECT: None, OPENAI_DIALECT: SHARED_EXTRAS}),
    thoughts=frozenset({RESPONSES_DIALECT}),
)
