"""The example's cascades and ensemble, on the embedded model and a scripted strong one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.servers.scripted import ScriptedServer, ok

pytest_plugins = ("tests.embedded_fixtures",)

EXAMPLES = Path(__file__).parents[2] / "examples"
STRONG = "It is the strong model's sentence."


@pytest.fixture
def ran(tmp_path: Path, weights: Path, provider_server: ScriptedServer) -> dict[str, Any]:
    """What one run of the example left, each row by its id."""
    provider_server.respond = lambda _request, _n: ok(STRONG)
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    profile = tmp_path / "examples" / "steps.toml"
    text = profile.read_text().replace("smollm2-135m-instruct", str(weights))
    served = f'api = "openai"\nbase_url = "{provider_server.base_url}"\n'
    profile.write_text(text.replace('api = "openai"\n', served))
    environ = os.environ | {"OPENAI_API_KEY": "made-up", "HOME": str(tmp_path)}
    batch = ["batch", "examples/steps.jsonl", "-o", "run", "--profile", str(profile), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "airoute_cli", *batch],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "run" / "results.jsonl").read_text().splitlines()
    return {line["custom_id"]: line for line in map(json.loads, lines)}


def text_of(line: dict[str, Any]) -> str:
    return line["response"]["body"]["choices"][0]["message"]["content"]


def test_every_row_tells_its_way(ran: dict[str, Any], provider_server: ScriptedServer):
    data = ran["data-1"]["airoute"]
    assert data["route"] == "data"
    # A schema is the embedded model's grammar, so its answer fits.
    assert (data["model"], data["accepted"]) == ("small", True)
    assert set(json.loads(text_of(ran["data-1"]))) == {"order", "pieces"}

    mood = ran["mood-1"]["airoute"]
    assert mood["route"] == "yes-or-no"
    assert [step["model"] for step in mood["steps"]] == ["small"] * 3
    assert len(mood["attempts"]) == 3
    assert mood["combined"].endswith("of 3 agree")

    escalated = 0
    for name in ("sentence-1", "sentence-2"):
        told = ran[name]["airoute"]
        assert told["accepted"] is True
        if told["model"] == "strong":
            escalated += 1
            assert text_of(ran[name]) == STRONG
            assert [step["verdict"] for step in told["steps"]] == ["rejected", "accepted"]
            assert told["steps"][0]["check"] in {"verify", "not_truncated"}
            assert told["steps"][0]["reason"]
    assert escalated >= 1
    assert provider_server.count == escalated
    assert "steps" not in ran["rest-1"]["airoute"]
