from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import airoute_cli
from tests.e2e.conftest import read_lines
from tests.servers.scripted import status

# All that a new wire format takes.
MADE_UP = '''
"""A wire format that nobody speaks."""

from pydantic import Field

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.elements import Element
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.wire import FormatSpec, HttpRequest
from airoute_cli.providers.options import FormatOptions
from airoute_cli.providers.requests import bearer, headers_of, json_bytes, json_of, url_of
from airoute_cli.providers.whole_answer import WholeAnswer


class Options(FormatOptions):
    shout: bool = Field(default=False, description="Whether it is asked in capitals.")


class MadeUp:
    def __init__(self, options):
        self._shout = options.shout

    def encode(self, model, request, key, *, stream):
        said = request.messages[-1].text
        body = {"who": model.wire_name, "what": said.upper() if self._shout else said}
        headers = headers_of(model.provider, bearer(key), stream=stream)
        return HttpRequest(url_of(model.provider, "/say"), headers, json_bytes(body))

    def decode(self, reply):
        return Completion(json_of(reply.body)["said"], FinishReason.STOP)

    def decode_stream(self, headers):
        return WholeAnswer(self.decode, headers)

    def decode_error(self, reply, now):
        return CallError(ErrorKind.BAD_REQUEST, "it would not say", status=reply.status)

    def limits(self, headers, now):
        return None

    def list_models(self, provider, key):
        return None

    def decode_models(self, reply):
        return ()


FORMAT = FormatSpec(make=MadeUp, options=Options, cannot=frozenset({Element.SEED}))
'''
PROFILE = """
[providers.new]
api = "made-up"
base_url = "{url}"
api_key_env = "MADE_UP"
shout = true
[models.m]
provider = "new"
name = "m-1"
price = "free"
[[routes]]
name = "all"
models = ["m"]
"""


def test_a_wire_format_takes_one_file(provider_server, rows, tmp_path, monkeypatch):
    package = tmp_path / "lib" / "airoute_cli"
    shutil.copytree(
        Path(airoute_cli.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__")
    )
    (package / "providers" / "formats" / "made_up.py").write_text(MADE_UP)
    url = provider_server.base_url.removesuffix("/v1")
    (tmp_path / "airoute.toml").write_text(PROFILE.format(url=url))
    monkeypatch.setenv("MADE_UP", "k-1")
    provider_server.paths = re.compile("/say")
    provider_server.respond = lambda request, _: (
        status(418) if request.body["what"] == "NO" else status(200, {"said": "yes"})
    )
    given = [
        {"custom_id": "a", "prompt": "hi"},
        {"custom_id": "b", "prompt": "no"},
        {"custom_id": "c", "prompt": "hi", "seed": 1},
    ]

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "airoute_cli", *args],
            env={**os.environ, "PYTHONPATH": str(tmp_path / "lib")},
            cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip

    ran = run("batch", str(rows(given)), "-o", "run")
    assert ran.returncode == 3, ran.stderr
    (line,) = read_lines(tmp_path / "run" / "results.jsonl")
    assert (line["custom_id"], line["response"]["body"]["choices"][0]["message"]["content"]) == (
        "a",
        "yes",
    )
    (failed,) = read_lines(tmp_path / "run" / "errors.jsonl")
    assert failed["airoute"]["error"]["message"] == "it would not say"
    (refused,) = read_lines(tmp_path / "run" / "refused.jsonl")
    assert "seed" in json.dumps(refused)
    assert provider_server.count == 2
    assert {request.body["what"] for request in provider_server.requests} == {"HI", "NO"}
    assert provider_server.requests[0].headers["authorization"] == "Bearer k-1"
    assert "made-up" in run("providers").stdout
    assert "Whether it is asked in capitals." in run("profile", "keys").stdout
