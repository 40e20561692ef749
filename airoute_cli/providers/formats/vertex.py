"""The wire format of Gemini at Vertex AI: in a project and a region, with a token."""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote

from pydantic import Field

from airoute_cli.core.elements import Element
from airoute_cli.core.profile import Model, Provider
from airoute_cli.core.regions import ANYWHERE, region_of
from airoute_cli.core.secret import Secret
from airoute_cli.core.wire import FormatSpec, HttpRequest
from airoute_cli.providers.formats.gemini import CANNOT, EXTRAS, THOUGHTS, GeminiFormat
from airoute_cli.providers.options import FormatOptions
from airoute_cli.providers.requests import bearer

# Only this version has a list of models.
_LIST = "/v1beta1/publishers/google/models"


class Options(FormatOptions):
    """Whose models are asked, and by which version of the API."""

    project: str = Field(
        min_length=1, description="The id of the Google Cloud project that is asked and billed."
    )
    api_version: Literal["v1beta1", "v1"] = Field(
        default="v1beta1", description="The version of the Vertex AI API."
    )


class VertexFormat(GeminiFormat):
    """Implements WireFormat and PagedModels."""

    section = "publisherModels"

    def __init__(self, options: Options) -> None:
        super().__init__()
        self._root = f"/{options.api_version}"
        self._project = options.project

    @property
    def list_path(self) -> str:
        """The models that Google publishes; a project's own endpoints are not among them."""
        return _LIST

    def list_models(self, provider: Provider, key: Secret | None) -> HttpRequest | None:
        """A GET of the first page, which names the project that the request is counted for."""
        first = super().list_models(provider, key)
        if first is None:
            return None
        return first._replace(headers={**first.headers, "x-goog-user-project": self._project})

    def model_path(self, model: Model) -> str:
        """Where a model is: one of Google's, or ``publishers/…`` or ``endpoints/…`` as named."""
        name = model.wire_name
        if name.startswith("projects/"):
            return f"{self._root}/{quote(name)}"
        own = name.startswith(("publishers/", "endpoints/"))
        whole = name if own else f"publishers/google/models/{name}"
        place = f"projects/{quote(self._project)}/locations/{_location(model.provider)}"
        return f"{self._root}/{place}/{quote(whole)}"

    def credentials(self, key: Secret | None) -> dict[str, str]:
        """The header of an OAuth token."""
        return bearer(key)


def _location(provider: Provider) -> str:
    """What the host proves; where it proves nothing, as at a gateway, what the profile says."""
    return quote(region_of(provider.base_url) or provider.region or ANYWHERE, safe="")


FORMAT = FormatSpec(
    make=VertexFormat,
    options=Options,
    cannot=CANNOT,
    carries=frozenset({Element.CALL_PROOF, Element.GCS_MEDIA}),
    extras=EXTRAS,
    thoughts=THOUGHTS,
)
