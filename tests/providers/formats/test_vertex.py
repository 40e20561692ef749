from __future__ import annotations

import json
from dataclasses import replace

import pytest

from airoute_cli.core.profile import Model, Provider
from airoute_cli.core.secret import Secret
from airoute_cli.core.wire import HttpReply
from airoute_cli.providers.formats.gemini import FORMAT as GEMINI
from airoute_cli.providers.formats.vertex import FORMAT
from airoute_cli.providers.registry import wire_format
from tests.providers.rich import RICH

PROVIDER = Provider(
    "v", "vertex", "https://europe-west4-aiplatform.googleapis.com", options={"project": "my-p"}
)
PLACE = "projects/my-p/locations/europe-west4"
GOOGLES = "/publishers/google/models/gemini-2.5-pro"


@pytest.mark.parametrize(
    ("base_url", "region", "location"),
    [
        ("https://europe-west4-aiplatform.googleapis.com", None, "europe-west4"),
        ("https://aiplatform.eu.rep.googleapis.com", "europe-west4", "eu"),
        ("https://aiplatform.googleapis.com", "eu", "global"),
        ("http://127.0.0.1:9", "us-central1", "us-central1"),
        ("http://127.0.0.1:9", None, "global"),
    ],
)
def test_the_host_proves_the_location(base_url: str, region: str | None, location: str) -> None:
    provider = replace(PROVIDER, base_url=base_url, region=region)
    sent = wire_format(provider).encode(
        Model("m", provider, "gemini-2.5-pro"), RICH, Secret("ya29.t"), stream=False
    )
    at = f"{base_url}/v1beta1/projects/my-p/locations/{location}"
    assert sent.url == f"{at}{GOOGLES}:generateContent"
    assert sent.headers["authorization"] == "Bearer ya29.t"
    assert "x-goog-api-key" not in sent.headers
    gemini = Provider("g", "gemini", base_url)
    same = wire_format(gemini).encode(
        Model("m", gemini, "gemini-2.5-pro"), RICH, None, stream=False
    )
    assert sent.body == same.body


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("gemini-2.5-pro", f"{PLACE}{GOOGLES}"),
        (
            "publishers/meta/models/x",
            f"{PLACE}/publishers/meta/models/x",
        ),
        ("endpoints/12", f"{PLACE}/endpoints/12"),
        (
            "projects/q/locations/us-east1/endpoints/12",
            "projects/q/locations/us-east1/endpoints/12",
        ),
    ],
)
def test_the_names_of_models(name: str, path: str) -> None:
    provider = replace(PROVIDER, options={"project": "my-p", "api_version": "v1"})
    sent = wire_format(provider).encode(Model("m", provider, name), RICH, None, stream=True)
    assert sent.url == f"{PROVIDER.base_url}/v1/{path}:streamGenerateContent?alt=sse"


def test_the_list_of_models() -> None:
    wire = wire_format(PROVIDER)
    first = wire.list_models(PROVIDER, Secret("t"))
    assert first
    assert first.url == f"{PROVIDER.base_url}/v1beta1/publishers/google/models?pageSize=1000"
    assert first.headers["x-goog-user-project"] == "my-p"
    models = [{"name": GOOGLES[1:], "versionId": "default"}]
    page = HttpReply(
        200, {}, json.dumps({"publisherModels": models, "nextPageToken": "n"}).encode()
    )
    assert wire.decode_models(page) == ["gemini-2.5-pro"]
    more = wire.more_models(PROVIDER, Secret("t"), page)  # type: ignore[attr-defined]
    assert (more.url, more.headers) == (f"{first.url}&pageToken=n", first.headers)


def test_it_reads_google_clouds_files_and_gemini_its_own() -> None:
    assert FORMAT.carries == {"gcs_media", "call_proof"}
    assert GEMINI.carries == {"google_file", "call_proof"}
