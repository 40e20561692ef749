"""The commands of the page about the policy say what the page says of them."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from airoute_cli.cli.app import app

EXAMPLES = Path(__file__).parents[2] / "examples"
PROFILE = "examples/policy.toml"


def commands() -> list[list[str]]:
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    lines = [shlex.split(line)[1:] for block in blocks for line in block.splitlines()]
    return [line for line in lines if PROFILE in line]


MAIL, CARD, EU, BATCH, CHECK, DIFF, GATE = commands()


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES.parent)
    for name in ("OPENAI_API_KEY", "OPENAI_EU_API_KEY"):
        monkeypatch.setenv(name, "made-up")


def run(command: list[str]) -> str:
    ran = CliRunner().invoke(app, command)
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def policy(command: list[str]) -> dict[str, object]:
    return json.loads(run([*command, "--json"]))["plan"]["policy"]


def test_an_address_is_masked_and_everybody_may_answer():
    told = policy(MAIL)
    assert told["eligible"] == ["anywhere", "europe", "here"]
    assert (told["findings"], told["rules"]) == ({"pii.email": 1}, ["personal-data"])
    assert told["redacted"] == ["pii.email"]
    assert "anna.keller" not in run(MAIL)


def test_a_card_number_stays_on_this_machine():
    assert policy(CARD)["eligible"] == ["here"]


def test_a_customer_of_the_eu_is_answered_there_or_here():
    told = policy(EU)
    assert told["eligible"] == ["europe", "here"]
    assert told["excluded"] == {
        "anywhere": 'policy "eu-stays-in-eu": its region is not known, wanted "eu"'
    }


def test_the_tickets_are_routed_under_the_rules():
    rows = json.loads(run([*BATCH, "--json"]))["rows"]
    assert rows["routed"] == rows["in"] == 72


def test_the_check_finds_nobody_left_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("airoute_cli.engine.check.missing_weights", lambda _: None)
    ran = CliRunner().invoke(app, CHECK)
    assert "no call outside" in ran.output
    assert "can end with nobody" not in ran.output
    # A row without a region slips past, as the page of the profile says how to mend.
    assert 'a row without metadata.region is not governed by it: {"prompt":"hello"}' in ran.output


def test_the_diff_shows_the_changes_that_the_page_names():
    told = run(DIFF)
    for name in ("strong", "[code]", "→ refunds", 'policy "contracts-stay-here"'):
        assert name in told
    gated = CliRunner().invoke(app, GATE)
    assert (gated.exit_code, gated.stdout) == (6, told)
