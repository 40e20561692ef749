"""The commands of the page about the learned route, one after another, and what they lead to."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from airoute_cli.cli.app import app

EXAMPLES = Path(__file__).parents[2] / "examples"
PROFILE = "examples/learned.toml"


def commands() -> list[list[str]]:
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    lines = [shlex.split(line)[1:] for block in blocks for line in block.splitlines()]
    return [line for line in lines if PROFILE in line]


CALIBRATE, STEPS, QUESTION = commands()


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_route_is_learned_and_sends_what_needs_steps_to_the_large_model(shop: Path):
    before = CliRunner().invoke(app, ["profile", "check", "--profile", PROFILE])
    assert "there is no file" in str(before.exception)
    ran = CliRunner().invoke(app, CALIBRATE)
    assert ran.exit_code == 0, ran.output
    assert "verdict: route." in ran.stdout
    for command, model in ((STEPS, "large"), (QUESTION, "small")):
        told = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
        assert told["plan"]["calls"][0]["model"] == model
        assert "learned: score " in told["plan"]["reason"]


def test_no_file_of_a_learned_route_holds_a_prompt(shop: Path):
    assert CliRunner().invoke(app, CALIBRATE).exit_code == 0
    made = (shop / "examples" / "support.learned.json").read_text()
    lines = (EXAMPLES / "graded.jsonl").read_text().splitlines()
    assert not [line for line in lines if json.loads(line)["prompt"] in made]
    words = {word for line in lines for word in re.findall(r"[A-Z][a-z]{4,}", line)}
    assert not [word for word in words if word in made]
