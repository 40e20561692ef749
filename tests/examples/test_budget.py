"""The commands of the page about budgets say what the page says of them."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from airoute_cli.cli.app import app

EXAMPLES = Path(__file__).parents[2] / "examples"


def commands() -> list[list[str]]:
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(
        r"^## What it may cost\n.*?^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL
    )
    return [shlex.split(line)[1:] for line in block.splitlines()]


CHECK, TRY, BATCH, COSTS = commands()


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES.parent)
    monkeypatch.setenv("OPENAI_API_KEY", "made-up")
    monkeypatch.setattr("airoute_cli.engine.check.missing_weights", lambda _: None)


def test_every_budget_admits_rows_of_every_route():
    ran = CliRunner().invoke(app, CHECK)
    assert "smallest row" not in ran.output


def test_the_others_do_what_the_page_says():
    tried = CliRunner().invoke(app, [*TRY, "--json"])
    assert json.loads(tried.stdout)["plan"]["route"] == "everything-else"
    estimated = CliRunner().invoke(app, [*BATCH, "--json"])
    assert json.loads(estimated.stdout)["rows"]["routed"] == 72
    assert CliRunner().invoke(app, COSTS).stdout == "Nothing was spent.\n"
