from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from airoute_cli.cli.app import app
from airoute_cli.cli.render.providers import as_text
from airoute_cli.engine.provider_check import ProviderReport


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


@pytest.mark.parametrize(
    ("listed", "told"), [(("a",), "; 1 model"), (("a", "b"), "; 2 models"), ((), "; 0 models")]
)
def test_models_are_counted(listed: tuple[str, ...], told: str) -> None:
    report = ProviderReport("here", "openai", "http://h", reachable=True, listed=listed)
    assert as_text(report, embedded=False, models=False).endswith(told)
