"""The wire format of OpenAI's Responses API."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from airoute_cli.core.completion import Completion
from airoute_cli.core.elements import Element
from airoute_cli.core.profile import Model
from airoute_cli.core.rate_limits import RateLimits
from airoute_cli.core.request import OPENAI_DIALECT, RESPONSES_DIALECT, Request
from airoute_cli.core.wire import FormatSpec
from airoute_cli.providers.json_format import JsonFormat
from airoute_cli.providers.openai_body import SHARED_EXTRAS
from airoute_cli.providers.openai_limits import read_limits
from airoute_cli.providers.options import FormatOptions
from airoute_cli.providers.responses_answer import ResponseStream, read_response
from airoute_cli.providers.responses_body import responses_body


class OpenAIResponsesFormat(JsonFormat):
    """Implements WireFormat."""

    chat_path = "/responses"
    models_path = "/models"

    def body(self, model: Model, request: Request, *, stream: bool) -> dict[str, Any]:
        """What is asked, in the words of this API."""
        return responses_body(model, request, stream=stream)

    def read(self, answer: Any, request_id: str | None) -> Completion:
        """The completion; see ``read_response`` for what it raises."""
        return read_response(answer, request_id)

    def stream(self, request_id: str | None) -> ResponseStream:
        """A decoder for the events of a response."""
        return ResponseStream(request_id)

    def limits(self, headers: Mapping[str, str], now: float) -> RateLimits | None:
        """The ``x-ratelimit-*`` headers."""
        return read_limits(headers, now)


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
