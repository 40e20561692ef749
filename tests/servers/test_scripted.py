"""The scripted provider is what the other tests stand on, so it is tested too."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.servers import scripted
from tests.servers.scripted import ScriptedServer


def _ask(base_url: str, prompt: str = "hi") -> dict[str, object]:
    body = {"model": "m", "messages": [{"role": "user", "content": prompt}]}
    request = urllib.request.Request(f"{base_url}/chat/completions", json.dumps(body).encode())
    with urllib.request.urlopen(request) as answer:
        return dict(json.load(answer))


def test_it_counts_and_remembers(provider_server: ScriptedServer) -> None:
    for prompt in ("a", "b", "a"):
        _ask(provider_server.base_url, prompt)
    assert provider_server.count == 3
    assert provider_server.by_prompt == {"a": 2, "b": 1}
    assert provider_server.requests[1].prompt == "b"


def test_the_script_comes_first_and_then_the_rule(provider_server: ScriptedServer) -> None:
    provider_server.script([scripted.ok("first"), scripted.ok("second")])
    provider_server.respond = lambda request, n: scripted.ok(f"{request.prompt} {n}")
    told = [_ask(provider_server.base_url)["choices"] for _ in range(3)]
    texts = [choices[0]["message"]["content"] for choices in told]  # type: ignore[index]
    assert texts == ["first", "second", "hi 3"]


def test_it_lists_its_models(provider_server: ScriptedServer) -> None:
    with urllib.request.urlopen(f"{provider_server.base_url}/models") as answer:
        assert json.load(answer)["data"][0]["id"] == "scripted"
    assert provider_server.count == 0


def test_waiting_for_requests_that_do_not_come(provider_server: ScriptedServer) -> None:
    with pytest.raises(AssertionError, match="0 of 1 requests"):
        provider_server.wait_for(1, timeout_s=0.01)


def test_as_a_program(tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    command = [sys.executable, scripted.__file__, "--port", "0", "--log", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout
            url = program.stdout.readline().strip()
            _ask(url, "one")
            _ask(url, "two")
        finally:
            program.terminate()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["prompt"] for line in lines] == ["one", "two"]
    assert lines[0]["body"]["model"] == "m"
