"""Real inference over HTTP: llama.cpp's own server, asked in the words of three APIs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from airoute_cli.core.completion import FinishReason
from airoute_cli.core.profile import Model, Provider
from airoute_cli.core.request import Message, Request, Text
from airoute_cli.core.secret import Secret
from airoute_cli.core.settings import Settings
from airoute_cli.engine.http_endpoint import FixedKey, HttpEndpoint
from airoute_cli.providers.registry import wire_format
from tests.e2e.conftest import read_lines

pytest_plugins = ("tests.embedded_fixtures",)

KEY = "made-up-llama-key"
PATHS = {"openai": "/v1", "openai-responses": "/v1", "anthropic": ""}
SERVER = Path(__file__).parents[1] / "servers/llama_http.py"
TABLES = """
[providers.{api}]
api = "{api}"
base_url = "{url}"
api_key_env = "{env}"
[models.{api}]
provider = "{api}"
name = "smol"
price = "free"
params = {{ temperature = 0, max_output_tokens = 16 }}
[[routes]]
name = "{api}"
models = ["{api}"]
when = {{ metadata.api = "{api}" }}
"""
SCHEMA = {
    "type": "object",
    "properties": {"mood": {"enum": ["angry", "calm"]}},
    "required": ["mood"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def root(weights: Path) -> Iterator[str]:
    """The root URL of the server, which answers with SmolLM2."""
    command = [sys.executable, str(SERVER), str(weights), KEY, "smol"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        url = process.stdout.readline().decode().strip()
        assert url, "the server did not start"
        yield url
        process.kill()


def asked(api: str, root: str) -> tuple[HttpEndpoint, Model]:
    provider = Provider(api, api, root + PATHS[api], timeout=120)
    endpoint = HttpEndpoint(wire_format(provider), FixedKey(Secret(KEY)))
    return endpoint, Model(api, provider, "smol")


@pytest.fixture
def profile(root, tmp_path, monkeypatch):
    monkeypatch.setenv("LLAMA_KEY", KEY)
    monkeypatch.setenv("WRONG_KEY", "made-up-wrong-key")
    text = "".join(
        TABLES.format(api=api, url=root + path, env="LLAMA_KEY") for api, path in PATHS.items()
    )
    wrong = text.partition("[models")[0].replace("openai]", "wrong]").replace("LLAMA", "WRONG")
    (tmp_path / "airoute.toml").write_text(text + wrong)


def test_a_batch_through_three_apis(airoute, profile, rows, tmp_path):
    long = "parcel " * 3_000
    given = [
        {"custom_id": f"{api}/{name}", "prompt": prompt, "metadata": {"api": api}}
        for api in PATHS
        for name, prompt in (("hi", "Where is my parcel?"), ("long", long))
    ]
    shape = {"type": "json_schema", "json_schema": {"name": "mood", "schema": SCHEMA}}
    body = {
        "messages": [{"role": "user", "content": "My invoice is wrong!"}],
        "response_format": shape,
        "max_tokens": 60,
        "metadata": {"api": "openai"},
    }
    given.append({"custom_id": "mood", "body": body})
    ran = airoute("batch", str(rows(given)), "-o", "run")
    assert ran.returncode == 3, ran.stderr
    results = {line["custom_id"]: line for line in read_lines(tmp_path / "run/results.jsonl")}
    assert results.keys() == {"mood", *(f"{api}/hi" for api in PATHS)}
    for line in results.values():
        told = line["airoute"]
        assert line["response"]["body"]["choices"][0]["message"]["content"].strip()
        assert (told["served_model"], len(told["attempts"])) == ("smol", 1)
        # The prompt and its template, those read from the server's cache included.
        assert 30 < told["usage"]["input_tokens"] < 60
        assert 0 < told["usage"]["output_tokens"] <= 60
        assert not told["usage"]["estimated"]
    mood = results["mood"]["response"]["body"]["choices"][0]["message"]["content"]
    assert json.loads(mood)["mood"] in {"angry", "calm"}
    failed = read_lines(tmp_path / "run/errors.jsonl")
    assert {e["custom_id"]: e["airoute"]["error"]["code"] for e in failed} == dict.fromkeys(
        (f"{api}/long" for api in PATHS), "context_window"
    )


@pytest.mark.parametrize("api", PATHS)
async def test_a_streamed_answer_comes_in_pieces(root: str, api: str) -> None:
    endpoint, model = asked(api, root)
    pieces: list[str] = []
    turn = Message("user", (Text("Tell me of the sea."),))
    request = Request((turn,), Settings(temperature=0.0, max_output_tokens=16))
    answer = await endpoint.stream(model, request, pieces.append)
    await endpoint.aclose()
    assert len(pieces) > 1
    assert "".join(pieces) == answer.text
    assert answer.usage
    assert (answer.usage.output_tokens, answer.served_model) == (16, "smol")
    if api != "openai-responses":  # there the server ends every answer as completed
        assert answer.finish_reason is FinishReason.LENGTH


def test_the_check_knows_them_all(airoute, profile):
    ran = airoute("providers", "check", "--json")
    assert ran.returncode == 6, ran.stderr
    told = {one["name"]: one for one in json.loads(ran.stdout)}
    assert all(told[api]["ok"] and told[api]["models"][0]["known"] for api in PATHS), told
    assert "made-up" not in ran.stdout
