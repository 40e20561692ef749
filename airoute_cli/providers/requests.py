"""What the wire formats share in making requests and in reading JSON."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.profile import Provider
from airoute_cli.core.secret import Secret
from airoute_cli.providers.wording import clip

_SHOWN = 80
# OpenAI and most others, Anthropic, Azure, Mistral.
_REQUEST_IDS = ("x-request-id", "request-id", "apim-request-id", "mistral-correlation-id")


def url_of(provider: Provider, path: str) -> str:
    """The provider's base URL with a path behind it, and its query behind that."""
    return _joined(provider.base_url or "", path)


@lru_cache  # the same for every call of a provider
def _joined(base_url: str, path: str) -> str:
    base, mark, query = base_url.partition("?")
    return f"{base.rstrip('/')}{path}{mark}{query}"


def with_query(url: str, parameter: str) -> str:
    """``url`` with one more parameter, which is already escaped."""
    return f"{url}{'&' if '?' in url else '?'}{parameter}"


def headers_of(
    provider: Provider, credentials: Mapping[str, str], *, stream: bool
) -> dict[str, str]:
    """The headers of a JSON request; names are lower case, the provider's own win over ours."""
    return {
        "content-type": "application/json",
        "accept": "text/event-stream" if stream else "application/json",
        **credentials,
        **{name.lower(): value for name, value in provider.headers.items()},
    }


def bearer(key: Secret | None) -> dict[str, str]:
    """The header of a bearer key, none without a key."""
    return {"authorization": f"Bearer {key.reveal()}"} if key else {}


def request_id_in(headers: Mapping[str, str]) -> str | None:
    """What the provider calls the request, by which its support finds it; None if it is silent."""
    for name in _REQUEST_IDS:
        if told := headers.get(name):
            return told
    return None


def merged(ours: Any, given: Any) -> Any:
    """A parameter's value over ours: tables are merged, lists joined."""
    if isinstance(ours, Mapping) and isinstance(given, Mapping):
        return {**ours, **{name: merged(ours.get(name), given[name]) for name in given}}
    if isinstance(ours, list) and isinstance(given, list):
        return [*ours, *given]
    return given


def json_bytes(body: Mapping[str, Any]) -> bytes:
    """The body of a request. Raises CallError where a value has no JSON."""
    try:
        return orjson.dumps(body, default=_plain)
    except orjson.JSONEncodeError as error:
        raise CallError(
            ErrorKind.BAD_REQUEST, f"the request cannot be written as JSON: {error}"
        ) from None


def json_of(body: bytes) -> Any:
    """The JSON of an answer. Raises CallError(MALFORMED) with the beginning of what it is."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        shown = clip(body.decode(errors="replace"), _SHOWN) or "nothing at all"
        raise CallError(
            ErrorKind.MALFORMED, f"the answer is no JSON but: {shown}; check base_url"
        ) from None


def read_model_ids(body: Any, section: str = "data", key: str = "id") -> list[str]:
    """The names in a list of models, ``{section: [{key: …}]}``. Raises CallError(MALFORMED)."""
    entries = body.get(section) if isinstance(body, Mapping) else body
    if not isinstance(entries, list):
        raise CallError(ErrorKind.MALFORMED, "the answer is no list of models; check base_url")
    return [str(entry[key]) for entry in entries if isinstance(entry, Mapping) and key in entry]


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"no JSON for {type(value).__name__}")
