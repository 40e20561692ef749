"""The wire format of Amazon Bedrock: Converse and ConverseStream."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from pydantic import Field

from airoute_cli.core.completion import Completion
from airoute_cli.core.elements import Element
from airoute_cli.core.errors import CallError
from airoute_cli.core.profile import Model, Provider
from airoute_cli.core.request import ANTHROPIC_DIALECT, CONVERSE_DIALECT, Request
from airoute_cli.core.secret import Secret
from airoute_cli.core.wire import FormatSpec, HttpReply, HttpRequest
from airoute_cli.providers.bedrock_answer import read_completion
from airoute_cli.providers.bedrock_body import THOUGHTS_OF, converse_body
from airoute_cli.providers.bedrock_errors import error_of
from airoute_cli.providers.bedrock_stream import EventStream, require_event_streams
from airoute_cli.providers.json_format import JsonFormat
from airoute_cli.providers.options import FormatOptions
from airoute_cli.providers.requests import url_of

_EVENT_STREAM = "application/vnd.amazon.eventstream"
SIGV4 = "aws-sigv4"


class Options(FormatOptions):
    """How Bedrock is asked."""

    aws_profile: str | None = Field(
        default=None,
        description="The profile of the AWS configuration whose credentials sign the requests "
        "where there is no key. Default: AWS's usual chain.",
    )


class BedrockFormat(JsonFormat):
    """Implements WireFormat. Without a key its requests are to be signed.

    Bedrock's headers tell nothing of its limits, and the host that answers prompts has no list of
    models.
    """

    def encode(
        self, model: Model, request: Request, key: Secret | None, *, stream: bool
    ) -> HttpRequest:
        """A POST. Raises SetupError where a stream could not be read."""
        if stream:
            require_event_streams()
        sent = super().encode(model, request, key, stream=False)
        url = self.chat_url(model, stream=stream)
        accept = {"accept": _EVENT_STREAM} if stream else {}
        return HttpRequest(url, {**sent.headers, **accept}, sent.body)

    def chat_url(self, model: Model, *, stream: bool) -> str:
        """The model's ``converse``; the whole name is escaped, as an ARN has ``:`` and ``/``."""
        ending = "converse-stream" if stream else "converse"
        return url_of(model.provider, f"/model/{quote(model.wire_name, safe='')}/{ending}")

    def body(self, model: Model, request: Request, *, stream: bool) -> dict[str, Any]:  # noqa: ARG002 - the URL says both
        """What is asked, in the words of Converse."""
        return converse_body(request)

    def read(self, answer: Any, request_id: str | None) -> Completion:
        """The completion; see ``read_completion`` for what it raises."""
        return read_completion(answer, request_id)

    def stream(self, request_id: str | None) -> EventStream:
        """A decoder for AWS's event stream."""
        return EventStream(request_id)

    def is_whole(self, headers: Mapping[str, str]) -> bool:
        """Whether this is the answer of a gateway that has no streams."""
        return not headers.get("content-type", "").lower().startswith(_EVENT_STREAM)

    def request_id(self, headers: Mapping[str, str]) -> str | None:
        """AWS's own header."""
        return headers.get("x-amzn-requestid") or None

    def decode_error(self, reply: HttpReply, now: float) -> CallError:
        """A classified error for a non-2xx answer."""
        return error_of(reply, now)

    def list_models(self, provider: Provider, key: Secret | None) -> None:  # noqa: ARG002 - as WireFormat has it
        """There is no list."""
        return


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
