from __future__ import annotations

import json
import re

import pytest

from tests.servers.scripted import models, status

KEY = "sk-never-shown"
PROFILE = """
[providers.here]
api = "openai"
base_url = "{url}"
api_key_env = "HERE_KEY"
[providers.away]
api = "openai"
base_url = "http://127.0.0.1:9/v1"
[providers.keyless]
api = "openai"
base_url = "{url}"
api_key_env = "NOT_SET"
[models.small]
provider = "here"
name = "small-1"
price = "free"
[models.large]
provider = "here"
name = "large-2"
price = "free"
[models.far]
provider = "away"
name = "far"
price = "free"
[models.tiny]
provider = "local"
name = "smollm2"
[[routes]]
name = "all"
models = ["small", "large", "far", "tiny"]
"""


@pytest.fixture
def here(provider_server, tmp_path, monkeypatch):
    monkeypatch.setenv("HERE_KEY", KEY)
    (tmp_path / "airoute.toml").write_text(PROFILE.format(url=provider_server.base_url))
    provider_server.list_models = lambda _: models("small-1", "large-1", "other")


def test_each_provider_is_told_with_what_is_wrong(airoute, here, provider_server):
    ran = airoute("providers", "check")
    assert ran.returncode == 6
    for told in (
        "reachable in ",
        "3 models",
        "✓ small (small-1): known",
        '✗ large (large-2): "large-2" is not among the models that here lists. Nearest: large-1',
        "✗ away: http://127.0.0.1:9/v1; not reachable",
        "refused the connection; check that the server runs",
        "✗ keyless: ",
        "key missing",
        "the variable NOT_SET is not set. Export it (export NOT_SET=…)",
        "local: inside this process",
        "airoute models pull",
    ):
        assert told in ran.stdout, told
    assert provider_server.count == 0
    assert KEY not in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr


def test_named_providers_alone_are_asked_and_called(airoute, here, provider_server):
    seen = []
    provider_server.list_models = lambda request: (
        seen.append(request.headers["authorization"]) or models("small-1", "large-2")
    )
    ran = airoute("providers", "check", "here", "--call", "--models")
    assert ran.returncode == 0, ran.stdout
    assert "key accepted" in ran.stdout
    assert "small (small-1): answered in " in ran.stdout
    assert "    - large-2" in ran.stdout
    assert seen == [f"Bearer {KEY}"]
    assert [request.body["model"] for request in provider_server.requests] == ["small-1", "large-2"]
    assert {request.body["max_tokens"] for request in provider_server.requests} == {16}


def test_machines_get_everything(airoute, here, provider_server):
    provider_server.list_models = lambda _: status(
        401, {"error": {"message": f"Incorrect API key: {KEY}"}}
    )
    ran = airoute("providers", "check", "here", "--json")
    assert ran.returncode == 6
    (told,) = json.loads(ran.stdout)
    assert (told["ok"], told["reachable"], told["key"]) == (False, True, "refused")
    assert told["problem"].endswith("Check the key in HERE_KEY, and what it is allowed to do.")
    assert [model["wire_name"] for model in told["models"]] == ["small-1", "large-2"]
    assert KEY not in ran.stdout + ran.stderr


def test_a_provider_that_there_is_not(airoute, here):
    ran = airoute("providers", "check", "her")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert 'has no provider "her". Did you mean "here"?' in ran.stderr


def test_an_api_without_a_list_is_knocked_at(airoute, provider_server, tmp_path, monkeypatch):
    provider_server.paths = re.compile("/model/.*")
    url = provider_server.base_url.removesuffix("/v1")
    text = PROFILE.partition("[providers.away]")[0].replace("openai", "bedrock").format(url=url)
    model = '[models.m]\nprovider = "here"\nname = "m:1"\nprice = "free"\n'
    route = '[[routes]]\nname = "all"\nmodels = ["m"]\n'
    (tmp_path / "airoute.toml").write_text(text + model + route)
    monkeypatch.setenv("HERE_KEY", KEY)
    ran = airoute("providers", "check")
    assert ran.returncode == 0, ran.stdout
    assert "no list of models" in ran.stdout
    assert "· m (m:1): not proved (--call asks it)" in ran.stdout
    refusal = {"x-amzn-ErrorType": "ResourceNotFoundException"}
    provider_server.script([status(404, {"message": "no such model"}, refusal)])
    called = airoute("providers", "check", "--call")
    assert called.returncode == 6
    assert "no such model." in called.stdout
