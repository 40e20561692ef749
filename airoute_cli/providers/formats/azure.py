"""The wire format of Azure OpenAI: chat completions, at a deployment of one's own."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import quote, urlsplit

from pydantic import Field

from airoute_cli.core.profile import Model, Provider
from airoute_cli.core.secret import Secret
from airoute_cli.core.wire import FormatSpec
from airoute_cli.providers.formats.openai import FORMAT as OPENAI
from airoute_cli.providers.formats.openai import OpenAIFormat
from airoute_cli.providers.formats.openai import Options as OpenAIOptions
from airoute_cli.providers.requests import bearer, url_of

# The deployments API is versioned by dates, the v1 API is not (or by a word, as in `preview`).
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}")
# A token of Entra ID is a JSON Web Token; the keys of a resource never have dots.
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")


class Options(OpenAIOptions):
    """Which of Azure's two APIs is asked, and how the key is shown."""

    max_tokens_name: Literal["max_tokens", "max_completion_tokens"] = Field(
        default="max_completion_tokens",
        description="What the cap on output tokens is called; `max_tokens` for old deployments.",
    )
    api_version: str | None = Field(
        default=None,
        description="The `api-version` of the query. With a date, as in `2024-10-21`, and the root "
        "of the resource as `base_url` the deployments API is asked, with the model's `name` as "
        "the deployment; without it the v1 API.",
    )
    auth: Literal["auto", "api-key", "bearer"] = Field(
        default="auto",
        description="The header that holds the key: `api-key`, or `Authorization: Bearer` for a "
        "token of Entra ID. `auto` sees which of the two it is.",
    )


class AzureFormat(OpenAIFormat):
    """Implements WireFormat. A model's name on the wire is the name of its deployment."""

    def __init__(self, options: Options | None = None) -> None:
        options = options or Options()
        super().__init__(options)
        self._version = options.api_version
        self._auth = options.auth

    def chat_url(self, model: Model, *, stream: bool) -> str:  # noqa: ARG002 - the same for both
        """The v1 API or a deployment below the resource's root, else below what is given."""
        folder = f"/openai/deployments/{quote(model.wire_name, safe='')}" if self._dated else None
        return self._url(model.provider, folder or "/openai/v1", "/chat/completions")

    def models_url(self, provider: Provider) -> str:
        """As for a chat; the models of the resource are not its deployments."""
        return self._url(provider, "/openai" if self._dated else "/openai/v1", "/models")

    def credentials(self, key: Secret | None) -> dict[str, str]:
        """A token goes out as a bearer's, a key under Azure's own name."""
        if key is None:
            return {}
        token = _TOKEN.fullmatch(key.reveal()) is not None
        as_bearer = self._auth == "bearer" or (self._auth == "auto" and token)
        return bearer(key) if as_bearer else {"api-key": key.reveal()}

    @property
    def _dated(self) -> bool:
        return _DATED.match(self._version or "") is not None

    def _url(self, provider: Provider, folder: str, path: str) -> str:
        given = urlsplit(provider.base_url or "")
        at_root = not given.path.strip("/")
        url = url_of(provider, folder + path if at_root else path)
        if self._version is None or "api-version=" in given.query:
            return url
        return f"{url}{'&' if given.query else '?'}api-version={quote(self._version, safe='')}"


FORMAT = FormatSpec(make=AzureFormat, options=Options, cannot=OPENAI.cannot, extras=OPENAI.extras)
