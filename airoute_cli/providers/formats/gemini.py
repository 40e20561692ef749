"""The wire format of the Gemini API: generateContent and streamGenerateContent."""

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
from airoute_cli.core.request import GEMINI_DIALECT, OPENAI_DIALECT, Request
from airoute_cli.core.secret import Secret
from airoute_cli.core.wire import FormatSpec, HttpReply, HttpRequest
from airoute_cli.providers.gemini_answer import read_completion
from airoute_cli.providers.gemini_body import generate_body
from airoute_cli.providers.gemini_errors import error_of
from airoute_cli.providers.gemini_stream import GeminiStream
from airoute_cli.providers.json_format import JsonFormat
from airoute_cli.providers.options import FormatOptions
from airoute_cli.providers.requests import (
    json_of,
    url_of,
    with_query,
)

# The most that the lists of both APIs give at once.
_PAGE = 1_000
_COLLECTIONS = ("models/", "tunedModels/")
_GENERATES = "generateContent"


class Options(FormatOptions):
    """Which version of the API is asked."""

    api_version: Literal["v1beta", "v1"] = Field(
        default="v1beta",
        description="The version of the Gemini API; gateways mostly know `v1beta` only.",
    )


class GeminiFormat(JsonFormat):
    """Implements WireFormat and PagedModels; Vertex AI differs in its addresses and its key.

    Google's headers tell nothing of its limits.
    """

    section = "models"

    def __init__(self, options: Options | None = None) -> None:
        self._version = (options or Options()).api_version

    def chat_url(self, model: Model, *, stream: bool) -> str:
        """The model's ``generateContent``. The key is never in the URL."""
        ending = "streamGenerateContent" if stream else _GENERATES
        url = url_of(model.provider, f"{self.model_path(model)}:{ending}")
        return with_query(url, "alt=sse") if stream else url

    def models_url(self, provider: Provider) -> str:
        """Where the first page is."""
        return with_query(url_of(provider, self.list_path), f"pageSize={_PAGE}")

    def body(self, model: Model, request: Request, *, stream: bool) -> dict[str, Any]:  # noqa: ARG002 - the URL says it
        """What is asked, in Google's words."""
        return generate_body(model, request)

    def read(self, answer: Any, request_id: str | None) -> Completion:
        """The completion; see ``read_completion`` for what it raises."""
        return read_completion(answer, request_id)

    def stream(self, request_id: str | None) -> GeminiStream:
        """A decoder for the events; a server that does not know ``alt=sse`` sends a list."""
        return GeminiStream(request_id)

    def decode_error(self, reply: HttpReply, now: float) -> CallError:
        """A classified error for a non-2xx answer."""
        return error_of(reply, now)

    def more_models(
        self, provider: Provider, key: Secret | None, reply: HttpReply
    ) -> HttpRequest | None:
        """A GET of the page that ``reply`` names as the next."""
        body = json_of(reply.body)
        token = body.get("nextPageToken") if isinstance(body, Mapping) else None
        first = self.list_models(provider, key)
        if first is None or not isinstance(token, str) or not token:
            return None
        url = with_query(first.url, f"pageToken={quote(token, safe='')}")
        return HttpRequest(url, first.headers, method=first.method)

    def decode_models(self, reply: HttpReply) -> list[str]:
        """The names of those that generate content, without the collection that they are in."""
        body = json_of(reply.body)
        # An empty page is an empty object.
        listed = body.get(self.section, []) if isinstance(body, Mapping) else None
        if not isinstance(listed, list):
            raise CallError(ErrorKind.MALFORMED, "the answer is no list of models; check base_url")
        each = (one for one in listed if isinstance(one, Mapping) and "name" in one)
        return [str(one["name"]).rpartition("/")[2] for one in each if _generates(one)]

    @property
    def list_path(self) -> str:
        """Where the list of models is."""
        return f"/{self._version}/models"

    def model_path(self, model: Model) -> str:
        """Where a model is; a name may stand with its collection, as in ``tunedModels/mine``."""
        name = model.wire_name
        whole = name if name.startswith(_COLLECTIONS) else f"models/{name}"
        return f"/{self._version}/{quote(whole)}"

    def credentials(self, key: Secret | None) -> dict[str, str]:
        """The header that holds the key."""
        return {"x-goog-api-key": key.reveal()} if key else {}


def _generates(model: Mapping[str, object]) -> bool:
    methods = model.get("supportedGenerationMethods")
    return not isinstance(methods, list) or _GENERATES in methods


CANNOT = frozenset(
    {
        Element.CACHE_MARK,
        Element.IMAGE_DETAIL,
        Element.PARALLEL_TOOL_CALLS,
        Element.STOPS_OVER_5,
        Element.STRICT,
        Element.TURN_NAME,
    }
)
EXTRAS = MappingProxyType(
    {GEMINI_DIALECT: None, OPENAI_DIALECT: frozenset({"frequency_penalty", "presence_penalty"})}
)
THOUGHTS = frozenset({GEMINI_DIALECT})

FORMAT = FormatSpec(
    make=GeminiFormat,
    options=Options,
    cannot=CANNOT,
    carries=frozenset({Element.CALL_PROOF, Element.GOOGLE_FILE}),
    extras=EXTRAS,
    thoughts=THOUGHTS,
)
