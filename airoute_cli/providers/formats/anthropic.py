"""The wire format of Anthropic's Messages, also spoken by gateways and by llama.cpp's server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
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
from airoute_cli.core.wire import FormatSpec, HttpReply, HttpRequest, StreamDecoder
from airoute_cli.providers.anthropic_answer import MessageStream, read_message
from airoute_cli.providers.anthropic_blocks import THOUGHTS_OF
from airoute_cli.providers.anthropic_body import Thinking, betas, message_body, sampling_in
from airoute_cli.providers.anthropic_limits import read_limits
from airoute_cli.providers.openai_errors import error_of
from airoute_cli.providers.options import FormatOptions
from airoute_cli.providers.requests import (
    bearer,
    headers_of,
    json_bytes,
    json_of,
    read_model_ids,
    request_id_in,
    url_of,
    with_query,
)
from airoute_cli.providers.whole_answer import WholeAnswer, is_whole

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


class AnthropicFormat:
    """Implements WireFormat and PagedModels."""

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or Options()

    def encode(
        self, model: Model, request: Request, key: Secret | None, *, stream: bool
    ) -> HttpRequest:
        """A POST to ``/v1/messages``. Raises CallError where Anthropic has no words for it."""
        body = message_body(model, request, thinking=self._options.thinking, stream=stream)
        self._refuse_sampling(body)
        asked = betas(request.settings)
        headers = headers_of(model.provider, self._credentials(key), stream=stream)
        return HttpRequest(
            url=url_of(model.provider, "/v1/messages"),
            headers=headers | ({"anthropic-beta": _both(headers, asked)} if asked else {}),
            body=json_bytes(body),
        )

    def decode(self, reply: HttpReply) -> Completion:
        """The completion in a 2xx answer; see ``read_message`` for what it raises."""
        return read_message(json_of(reply.body), request_id_in(reply.headers))

    def decode_stream(self, headers: Mapping[str, str]) -> StreamDecoder:
        """A decoder for the stream, or for the whole answer of a server that does not stream."""
        if is_whole(headers):
            return WholeAnswer(self.decode, headers)
        return MessageStream(request_id_in(headers))

    def decode_error(self, reply: HttpReply, now: float) -> CallError:
        """A classified error for a non-2xx answer."""
        return error_of(reply, now)

    def limits(self, headers: Mapping[str, str], now: float) -> RateLimits | None:
        """The ``anthropic-ratelimit-*`` headers."""
        return read_limits(headers, now)

    def list_models(self, provider: Provider, key: Secret | None) -> HttpRequest | None:
        """A GET of the first page of ``/v1/models``."""
        return HttpRequest(
            url=with_query(url_of(provider, "/v1/models"), f"limit={_PAGE}"),
            headers=headers_of(provider, self._credentials(key), stream=False),
            method="GET",
        )

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
        return replace(first, url=with_query(first.url, f"after_id={quote(last, safe='')}"))

    def decode_models(self, reply: HttpReply) -> list[str]:
        """The ids in ``data``."""
        return read_model_ids(json_of(reply.body))

    def _credentials(self, key: Secret | None) -> dict[str, str]:
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
