"""What a command loads before it does anything: each file more is time that everybody waits."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import atexit, gc, sys
from airoute_cli.__main__ import main
atexit.register(lambda: print(*sys.modules, f"frozen:{gc.get_freeze_count() > 0}", file=sys.stderr))
main()
"""
PROFILE = """
[providers.here]
api = "openai"
base_url = "http://127.0.0.1:9/v1"
[models.m]
provider = "here"
name = "m"
price = "free"
context_window = 8_000
[[routes]]
name = "rest"
models = ["m"]
when = { contains_any = ["hi"] }
"""


@pytest.fixture
def loaded(tmp_path):
    """The modules that a command loads."""
    (tmp_path / "airoute.toml").write_text(PROFILE)
    (tmp_path / "spy.py").write_text("plugin = None")
    installed = tmp_path / "spy-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: spy\nVersion: 1\n")
    (installed / "entry_points.txt").write_text("[pydantic]\nspy = spy:plugin\n")

    def run(*args: str) -> set[str]:
        command = [sys.executable, "-c", PROGRAM, *args]
        ran = subprocess.run(
            command, input="", capture_output=True, text=True, check=True, cwd=tmp_path
        )
        assert ran.stdout
        return set(ran.stderr.split())

    return run


def test_the_version_needs_no_command(loaded):
    names = loaded("--version")
    assert not {name for name in names if name.startswith("airoute_cli.cli.commands.")}
    assert "pydantic" not in names


def test_a_plan_needs_no_other_command_and_nothing_that_calls(loaded):
    names = loaded("try", "hi")
    commands = {name for name in names if name.startswith("airoute_cli.cli.commands.")}
    assert commands == {"airoute_cli.cli.commands.try_"}
    assert {name for name in names if "strategies." in name} == {
        f"airoute_cli.routing.strategies.{name}" for name in ("base", "cheapest", "single")
    }
    tables = {name.rpartition(".")[2] for name in names if "profile.tables." in name}
    assert tables == {"base", "conditions", "document", "models", "providers", "routes"}
    heavy = {"aiohttp", "asyncio", "jinja2", "jsonschema", "numpy", "phonenumbers", "rich", "ssl"}
    assert not names & {*heavy, "genai_prices", "httptools", "tomlkit"}
    assert not names & {"airoute_cli.core.outcome", "airoute_cli.routing.scan.finding"}


def test_no_plugin_of_pydantic_sees_the_profile(loaded):
    assert "spy" not in loaded("try", "hi")


def test_nothing_is_looked_through_for_cycles_at_the_end(loaded):
    assert "frozen:True" in loaded("--version")
