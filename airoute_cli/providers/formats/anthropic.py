"""The wire format of Anthropic's Messages, also spoken by gateways and by llama.cpp's server."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field

from airoute_cli.core.completion import Completion
from airoute_cli.core.elements import Element
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.profile import Model, Provider
from airoute_cli.core.rate_limits import RateLimits
from airoute_cli.core.request import ANTHROPIC_DIALECT, Request
from airoute_cli.core.secret import Secret
from airoute_cli.core.wire import FormatSpec, HttpReply, HttpRequest
from airoute_cli.providers.anthropic_answer import MessageStream, read_message
from airoute_cli.providers.anthropic_blocks import THOUGHTS_OF
from airoute_cli.providers.anthropic_body import Thinking, betas, message_body, sampling_in
from airoute_cli.providers.anthropic_limits import read_limits
from airoute_cli.providers.json_format import JsonFormat
from airoute_cli.providers.options import FormatOptions
from airoute_cli.providers.requests import (
    bearer,
    json_of,
    with_query,
)

# The last version of the API in which there is sampling.
SAMPLING_VERSION = "2023-06-01"
_PAGE = 1000  # the most that one page of the list of models may hold


class Options(FormatOptions):
    """How Anthropic, and who speaks like it, is asked."""

    anthropic_version: str = Field(
        default=SAMPLING_VERSION,
        pattern=r"^\d{4}-\d{2}-\d{2}$",
        description="The header `anthropic-version`. Later versions than the default have no "
        "`temperature`, `top_p` and `top_k`.",
    )
    auth: Literal["x-api-key", "bearer"] = Field(
        default="x-api-key",
        description="The header that holds the key: `x-api-key`, or `Authorization: Bearer` for a "
        "token.",
    )
    thinking: Thinking = Field(
        default="auto",
        description="What `reasoning_effort` asks for: `adaptive` thinking with an effort, or a "
        "`budget` of tokens (Claude 4.5 and older). `auto` goes by the model's name.",
    )


class AnthropicFormat(JsonFormat):
    """Implements WireFormat and PagedModels."""

    chat_path = "/v1/messages"
    models_path = "/v1/models"

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or Options()

    def body(self, model: Model, request: Request, *, stream: bool) -> dict[str, Any]:
        """What is asked. Raises CallError where Anthropic has no words for it."""
        body = message_body(model, request, thinking=self._options.thinking, stream=stream)
        self._refuse_sampling(body)
        return body

    def encode(
        self, model: Model, request: Request, key: Secret | None, *, stream: bool
    ) -> HttpRequest:
        """A POST that names the betas which it makes use of. Raises CallError, as ``body``."""
        sent = super().encode(model, request, key, stream=stream)
        asked = betas(request.settings)
        if not asked:
            return sent
        return sent._replace(headers={**sent.headers, "anthropic-beta": _both(sent.headers, asked)})

    def read(self, answer: Any, request_id: str | None) -> Completion:
        """The completion; see ``read_message`` for what it raises."""
        return read_message(answer, request_id)

    def stream(self, request_id: str | None) -> MessageStream:
        """A decoder for the events of a message."""
        return MessageStream(request_id)

    def limits(self, headers: Mapping[str, str], now: float) -> RateLimits | None:
        """The ``anthropic-ratelimit-*`` headers."""
        return read_limits(headers, now)

    def models_url(self, provider: Provider) -> str:
        """Where the first page is."""
        return with_query(super().models_url(provider), f"limit={_PAGE}")

    def more_models(
        self, provider: Provider, key: Secret | None, reply: HttpReply
    ) -> HttpRequest | None:
        """The same behind the last name of this page, where ``has_more`` says that there is more.

        https://platform.claude.com/docs/en/api/models-list
        """
        page = json_of(reply.body)
        last = page.get("last_id") if isinstance(page, Mapping) and page.get("has_more") else None
        first = self.list_models(provider, key)
        if first is None or not isinstance(last, str) or not last:
            return None
        return first._replace(url=with_query(first.url, f"after_id={quote(last, safe='')}"))

    def credentials(self, key: Secret | None) -> dict[str, str]:
        """The header that holds the key, and the version of the API."""
        version = {"anthropic-version": self._options.anthropic_version}
        if key is None or self._options.auth == "bearer":
            return version | bearer(key)
        return version | {"x-api-key": key.reveal()}

    def _refuse_sampling(self, body: Mapping[str, Any]) -> None:
        version, named = self._options.anthropic_version, sampling_in(body)
        if named and version > SAMPLING_VERSION:
            raise CallError(
                ErrorKind.BAD_REQUEST,
                f"version {version} of Anthropic's API has no {' and no '.join(named)}; take it "
                f"out, or leave anthropic_version at {SAMPLING_VERSION}",
            )


def _both(headers: Mapping[str, str], asked: str) -> str:
    """The betas of the provider's own header and those of the request."""
    return ",".join(part for part in (headers.get("anthropic-beta"), asked) if part)


FORMAT = FormatSpec(
    make=AnthropicFormat,
    options=Options,
    cannot=frozenset({Element.IMAGE_DETAIL, Element.JSON_OBJECT, Element.SEED, Element.TURN_NAME}),
    extras=MappingProxyType({ANTHROPIC_DIALECT: None}),
    thoughts=THOUGHTS_OF,
)
