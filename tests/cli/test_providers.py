from __future__ import annotations

import json

from typer.testing import CliRunner

from airoute_cli.cli.app import app


def test_the_services_are_listed() -> None:
    shown = CliRunner().invoke(app, ["providers"]).stdout
    assert (
        "openrouter: OpenRouter, speaks openai\n"
        "    https://openrouter.ai/api/v1; OPENROUTER_API_KEY\n"
    ) in shown
    assert "llama-cpp: a GGUF file inside this process" in shown


def test_machines_get_every_key() -> None:
    found = json.loads(CliRunner().invoke(app, ["providers", "--json"]).stdout)
    (openai,) = [entry for entry in found if entry["api"] == "openai"]
    assert openai["api_key_env"] == ["OPENAI_API_KEY"]
    assert openai["families"][0]["cannot"] == ["stop", "temperature", "top_p"]
