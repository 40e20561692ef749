from __future__ import annotations

import re

from tests.e2e.conftest import read_lines
from tests.servers.scripted import ok, status

KEY = "made-up-azure-key"
PROFILE = """
[providers.azure]
api = "azure"
base_url = "{url}"
api_version = "2024-10-21"
api_key_env = ["AZURE_OPENAI_AD_TOKEN", "AZURE_OPENAI_API_KEY"]
[models.small]
provider = "azure"
name = "my gpt"
price = {{ input = 1.0, output = 2.0 }}
[[routes]]
name = "all"
models = ["small"]
"""
FILTERED = {
    "error": {
        "code": "content_filter",
        "message": "filtered",
        "innererror": {"code": "ResponsibleAIPolicyViolation"},
    }
}


def test_the_deployments_api_with_every_kind_of_answer(
    airoute, provider_server, rows, tmp_path, monkeypatch
):
    provider_server.paths = re.compile("/openai/deployments/my%20gpt/chat/completions")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    root = provider_server.base_url.removesuffix("/v1")
    (tmp_path / "airoute.toml").write_text(PROFILE.format(url=root))
    replies = {
        "plain": [ok("hi")],
        "limited": [status(429, {"error": {"code": "429"}}, {"retry-after-ms": "1"}), ok("later")],
        "blocked": [status(400, FILTERED)],
        "missing": [status(404, {"error": {"code": "DeploymentNotFound", "message": "none"}})],
    }
    provider_server.respond = lambda request, _: replies[request.prompt].pop(0)
    given = [{"custom_id": name, "prompt": name} for name in replies]
    ran = airoute("batch", str(rows(given)), "-o", "run")
    assert ran.returncode == 3, ran.stderr
    results = {line["custom_id"]: line for line in read_lines(tmp_path / "run/results.jsonl")}
    assert results.keys() == {"plain", "limited"}
    assert len(results["limited"]["airoute"]["attempts"]) == 2
    errors = read_lines(tmp_path / "run/errors.jsonl")
    assert {e["custom_id"]: e["airoute"]["error"]["code"] for e in errors} == {
        "blocked": "content_policy",
        "missing": "not_found",
    }
    assert provider_server.count == 5
    denied = {"error": {"code": "401", "message": f"bad key {KEY}"}}
    provider_server.respond = lambda *_: status(401, denied)
    refused = airoute("ask", "hi")
    assert (refused.returncode, provider_server.count) == (3, 6)
    assert "refuses the key in" in refused.stderr
    for request in provider_server.requests:
        assert request.path.endswith("?api-version=2024-10-21")
        assert request.headers["api-key"] == KEY
        assert "authorization" not in request.headers
    told = b"".join(path.read_bytes() for path in (tmp_path / "run").iterdir()).decode()
    assert KEY not in told + ran.stderr + refused.stderr


def test_a_token_wins_over_a_key(airoute, provider_server, tmp_path, monkeypatch):
    token = "eyJhbGciOiJub25l.eyJhdWQiOiJ4.c2ln"
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", token)
    profile = PROFILE.format(url=provider_server.base_url).replace("2024-10-21", "preview")
    (tmp_path / "airoute.toml").write_text(profile)
    ran = airoute("ask", "hi")
    assert (ran.returncode, ran.stdout) == (0, "You said: hi\n"), ran.stderr
    request = provider_server.requests[0]
    assert request.headers["authorization"] == f"Bearer {token}"
    assert "api-key" not in request.headers
    assert request.path == "/v1/chat/completions?api-version=preview"
