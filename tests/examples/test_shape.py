"""The example of a template and a schema, on the embedded model."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from airoute_cli.cli.app import app
from airoute_cli.engine.open_profile import open_profile
from airoute_cli.routing.output.json_schema import fault_of

pytest_plugins = ("tests.embedded_fixtures",)

EXAMPLES = Path(__file__).parents[2] / "examples"
PROFILE = "examples/shape.toml"


def commands() -> list[list[str]]:
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    lines = [shlex.split(line)[1:] for block in blocks for line in block.splitlines()]
    return [line for line in lines if PROFILE in line]


TRY, BATCH = commands()


def test_try_shows_the_prompt(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(EXAMPLES.parent)
    ran = CliRunner().invoke(app, TRY)
    assert ran.exit_code == 0, ran.output
    assert "Make a card of this ticket of a pro customer.\n\nMy helmet is too small" in ran.output
    assert "(repair)" in ran.output


def test_every_card_fits(tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch):
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    profile = tmp_path / PROFILE
    profile.write_text(profile.read_text().replace("smollm2-135m-instruct", str(weights)))
    monkeypatch.chdir(tmp_path)
    ran = CliRunner().invoke(app, BATCH)
    schema = open_profile(profile, {}).routes[0].schema
    assert schema
    lines = (tmp_path / "runs/cards/results.jsonl").read_text().splitlines()
    done = [json.loads(line) for line in lines]
    for line in done:
        text = line["response"]["body"]["choices"][0]["message"]["content"]
        assert fault_of(json.loads(text), schema.schema) is None
        assert line["airoute"]["output"]["schema"] == "native"
        assert line["airoute"]["template"]["name"] == "ticket-card"
    # An answer may run into its limit, and then it is no card.
    assert (ran.exit_code, len(done) == 5) in {(0, True), (3, False)}, ran.output
    assert {line["airoute"]["template"]["variant"] for line in done} <= {"text", "tasks.translate"}
    assert len(done) >= 3
