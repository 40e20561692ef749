"""The wire format of Amazon Bedrock: Converse and ConverseStream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from urllib.parse import quote

from pydantic import Field

from airoute_cli.core.completion import Completion
from airoute_cli.core.elements import Element
from airoute_cli.core.errors import CallError
from airoute_cli.core.profile import Model, Provider
from airoute_cli.core.rate_limits import RateLimits
from airoute_cli.core.request import ANTHROPIC_DIALECT, CONVERSE_DIALECT, Request
from airoute_cli.core.secret import Secret
from airoute_cli.core.wire import FormatSpec, HttpReply, HttpRequest, StreamDecoder
from airoute_cli.providers.bedrock_answer import read_completion
from airoute_cli.providers.bedrock_body import THOUGHTS_OF, converse_body
from airoute_cli.providers.bedrock_errors import error_of
from airoute_cli.providers.bedrock_stream import EventStream, require_event_streams
from airoute_cli.providers.options import FormatOptions
from airoute_cli.providers.requests import bearer, headers_of, json_bytes, json_of, url_of
from airoute_cli.providers.whole_answer import WholeAnswer

_EVENT_STREAM = "application/vnd.amazon.eventstream"
SIGV4 = "aws-sigv4"


class Options(FormatOptions):
    """How Bedrock is asked."""

    aws_profile: str | None = Field(
        default=None,
        description="The profile of the AWS configuration whose credentials sign the requests "
        "where there is no key. Default: AWS's usual chain.",
    )


class BedrockFormat:
    """Implements WireFormat."""

    def encode(
        self, model: Model, request: Request, key: Secret | None, *, stream: bool
    ) -> HttpRequest:
        """A POST to the model's ``converse``. Raises SetupError where a stream cannot be read.

        Without a key the request is to be signed. The whole name of a model is escaped: an ARN has
        ``:`` and ``/`` in it.
        """
        if stream:
            require_event_streams()
        headers = headers_of(model.provider, bearer(key), stream=False)
        ending = "converse-stream" if stream else "converse"
        return HttpRequest(
            url=url_of(model.provider, f"/model/{quote(model.wire_name, safe='')}/{ending}"),
            headers=headers | ({"accept": _EVENT_STREAM} if stream else {}),
            body=json_bytes(converse_body(request)),
        )

    def decode(self, reply: HttpReply) -> Completion:
        """The completion in a 2xx answer; see ``read_completion`` for what it raises."""
        return read_completion(json_of(reply.body), _request_id(reply.headers))

    def decode_stream(self, headers: Mapping[str, str]) -> StreamDecoder:
        """A decoder for the event stream, or for the whole answer of a gateway that has none."""
        if headers.get("content-type", "").lower().startswith(_EVENT_STREAM):
            return EventStream(_request_id(headers))
        return WholeAnswer(self.decode, headers)

    def decode_error(self, reply: HttpReply, now: float) -> CallError:
        """A classified error for a non-2xx answer."""
        return error_of(reply, now)

    def limits(self, headers: Mapping[str, str], now: float) -> RateLimits | None:  # noqa: ARG002 - as WireFormat has it
        """Bedrock's headers tell nothing of its limits."""
        return None

    def list_models(self, provider: Provider, key: Secret | None) -> HttpRequest | None:  # noqa: ARG002 - as WireFormat has it
        """The host that answers prompts has no list of models."""
        return None

    def decode_models(self, reply: HttpReply) -> Sequence[str]:  # noqa: ARG002 - as WireFormat has it
        """There is no list to decode."""
        return ()


FORMAT = FormatSpec(
    make=lambda _options: BedrockFormat(),
    options=Options,
    cannot=frozenset(
        {
            Element.IMAGE_URL,
            Element.DOCUMENT_URL,
            Element.IMAGE_DETAIL,
            Element.JSON_OBJECT,
            Element.TOOL_CHOICE_NONE,
            Element.PARALLEL_TOOL_CALLS,
            Element.SEED,
            Element.TURN_NAME,
        }
    ),
    carries=frozenset({Element.S3_MEDIA}),
    extras=MappingProxyType(
        {
            CONVERSE_DIALECT: None,
            ANTHROPIC_DIALECT: frozenset({"thinking", "anthropic_beta"}),  # Claude's own fields
        }
    ),
    thoughts=THOUGHTS_OF,
    signing=SIGV4,
)


def _request_id(headers: Mapping[str, str]) -> str | None:
    return headers.get("x-amzn-requestid") or None
