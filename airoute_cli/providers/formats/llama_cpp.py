"""What the embedded model is asked, and what its errors mean. Its chunks are OpenAI's."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from airoute_cli.core.elements import Element
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.profile import Model
from airoute_cli.core.request import OPENAI_DIALECT, Image, Request
from airoute_cli.core.wire import FormatSpec
from airoute_cli.providers.openai_body import chat_body
from airoute_cli.providers.options import FormatOptions
from airoute_cli.providers.wording import clip

# The same request shall give the same text on every run: greedy where nobody said otherwise, and
# where somebody set a temperature, the same dice. Reusing the beginning of an earlier prompt saves
# much time where rows share a long one, but rounds differently: a profile may ask for it.
_DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {"temperature": 0.0, "seed": 0, "cache_prompt": False}
)

FORMAT = FormatSpec(
    make=None,
    options=FormatOptions,
    cannot=frozenset(
        {
            Element.IMAGE_URL,
            Element.IMAGE_DATA,
            Element.DOCUMENT_URL,
            Element.DOCUMENT_DATA,
            Element.TOOL_RESULT_MEDIA,
            Element.CACHE_MARK,
            Element.TOOL_ERROR,
            Element.IMAGE_DETAIL,
        }
    ),
    extras=MappingProxyType({OPENAI_DIALECT: None}),
)

_MESSAGE_LIMIT = 300
_KINDS: Mapping[str, ErrorKind] = MappingProxyType(
    {
        "exceed_context_size_error": ErrorKind.CONTEXT_WINDOW,
        "invalid_request_error": ErrorKind.BAD_REQUEST,
        "not_supported_error": ErrorKind.BAD_REQUEST,
        "unavailable_error": ErrorKind.OVERLOADED,
    }
)


def encode(model: Model, request: Request) -> dict[str, Any]:
    """The body for the runtime; a schema in it constrains every token. Raises CallError."""
    if any(isinstance(part, Image) for message in request.messages for part in message.parts):
        raise CallError(
            ErrorKind.BAD_REQUEST,
            f"The embedded model {model.name!r} reads text only, and this request has an image.",
        )
    return {**_DEFAULTS, **chat_body(model, request, stream=True)}


def decode_error(error: Mapping[str, Any]) -> CallError:
    """The classified error for the ``error`` object of a chunk."""
    kind = _KINDS.get(str(error.get("type")), ErrorKind.SERVER)
    if kind is ErrorKind.CONTEXT_WINDOW:
        return CallError(kind, _too_long(error))
    said = clip(str(error.get("message") or "it does not say why"), _MESSAGE_LIMIT)
    return CallError(kind, f"The embedded model refused the request: {said}")


def _too_long(error: Mapping[str, Any]) -> str:
    tokens, window = error.get("n_prompt_tokens"), error.get("n_ctx")
    if not (isinstance(tokens, int) and isinstance(window, int)):
        return "The request is longer than the embedded model's context window."
    return (
        f"The request has {tokens:,} tokens; the embedded model's context window holds {window:,}."
    )
