"""The wire format of Cohere's chat, version 2."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from airoute_cli.core.completion import Completion
from airoute_cli.core.elements import Element
from airoute_cli.core.errors import CallError
from airoute_cli.core.profile import Model, Provider
from airoute_cli.core.rate_limits import Allowance, RateLimits
from airoute_cli.core.request import OPENAI_DIALECT, Request
from airoute_cli.core.secret import Secret
from airoute_cli.core.wire import FormatSpec, HttpReply, HttpRequest, StreamDecoder
from airoute_cli.providers.cohere_answer import CohereStream, read_chat
from airoute_cli.providers.cohere_body import chat_body
from airoute_cli.providers.openai_errors import error_of
from airoute_cli.providers.openai_limits import number_in
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
from airoute_cli.providers.whole_answer import WholeAnswer, is_whole

_TRIAL = "x-trial-endpoint-call"


class CohereFormat:
    """Implements WireFormat."""

    def encode(
        self, model: Model, request: Request, key: Secret | None, *, stream: bool
    ) -> HttpRequest:
        """A POST to ``/v2/chat``."""
        return HttpRequest(
            url=url_of(model.provider, "/v2/chat"),
            headers=headers_of(model.provider, bearer(key), stream=stream),
            body=json_bytes(chat_body(model, request, stream=stream)),
        )

    def decode(self, reply: HttpReply) -> Completion:
        """The completion in a 2xx answer; see ``read_chat`` for what it raises."""
        return read_chat(json_of(reply.body), request_id_in(reply.headers))

    def decode_stream(self, headers: Mapping[str, str]) -> StreamDecoder:
        """A decoder for the stream, or for the whole answer of a server that does not stream."""
        if is_whole(headers):
            return WholeAnswer(self.decode, headers)
        return CohereStream(request_id_in(headers))

    def decode_error(self, reply: HttpReply, now: float) -> CallError:
        """A classified error for a non-2xx answer."""
        return error_of(reply, now)

    def limits(self, headers: Mapping[str, str], now: float) -> RateLimits | None:  # noqa: ARG002 - as all
        """What a trial key is told of its calls per minute; other keys are told nothing."""
        calls = Allowance(
            limit=number_in(headers.get(f"{_TRIAL}-limit")),
            remaining=number_in(headers.get(f"{_TRIAL}-remaining")),
        )
        return RateLimits(requests=calls) if calls != Allowance() else None

    def list_models(self, provider: Provider, key: Secret | None) -> HttpRequest | None:
        """A GET of ``/v1/models``, the only version that there is."""
        return HttpRequest(
            url=url_of(provider, "/v1/models"),
            headers=headers_of(provider, bearer(key), stream=False),
            method="GET",
        )

    def decode_models(self, reply: HttpReply) -> list[str]:
        """The names in ``models``."""
        return read_model_ids(json_of(reply.body), "models", "name")


FORMAT = FormatSpec(
    make=lambda _: CohereFormat(),
    options=FormatOptions,
    cannot=frozenset(
        {
            Element.CACHE_MARK,
            Element.DOCUMENT_DATA,
            Element.DOCUMENT_URL,
            Element.PARALLEL_TOOL_CALLS,
            Element.SCHEMA_WITH_TOOLS,
            Element.STOPS_OVER_5,
            Element.TOOL_CHOICE_NAMED,
            Element.TOOL_ERROR,
            Element.TOOL_RESULT_MEDIA,
            Element.TURN_NAME,
        }
    ),
    extras=MappingProxyType(
        {OPENAI_DIALECT: frozenset({"frequency_penalty", "logprobs", "presence_penalty"})}
    ),
)
