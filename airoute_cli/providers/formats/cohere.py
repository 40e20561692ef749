"""The wire format of Cohere's chat, version 2."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from airoute_cli.core.completion import Completion
from airoute_cli.core.elements import Element
from airoute_cli.core.profile import Model
from airoute_cli.core.rate_limits import Allowance, RateLimits
from airoute_cli.core.request import OPENAI_DIALECT, Request
from airoute_cli.core.wire import FormatSpec, HttpReply
from airoute_cli.providers.cohere_answer import CohereStream, read_chat
from airoute_cli.providers.cohere_body import chat_body
from airoute_cli.providers.json_format import JsonFormat
from airoute_cli.providers.openai_limits import number_in
from airoute_cli.providers.options import FormatOptions
from airoute_cli.providers.requests import json_of, read_model_ids

_TRIAL = "x-trial-endpoint-call"


class CohereFormat(JsonFormat):
    """Implements WireFormat."""

    chat_path = "/v2/chat"
    models_path = "/v1/models"  # the only version that there is

    def body(self, model: Model, request: Request, *, stream: bool) -> dict[str, Any]:
        """What is asked, in Cohere's words."""
        return chat_body(model, request, stream=stream)

    def read(self, answer: Any, request_id: str | None) -> Completion:
        """The completion; see ``read_chat`` for what it raises."""
        return read_chat(answer, request_id)

    def stream(self, request_id: str | None) -> CohereStream:
        """A decoder for Cohere's events."""
        return CohereStream(request_id)

    def limits(self, headers: Mapping[str, str], now: float) -> RateLimits | None:  # noqa: ARG002 - as all
        """What a trial key is told of its calls per minute; other keys are told nothing."""
        calls = Allowance(
            limit=number_in(headers.get(f"{_TRIAL}-limit")),
            remaining=number_in(headers.get(f"{_TRIAL}-remaining")),
        )
        return RateLimits(requests=calls) if calls != Allowance() else None

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
