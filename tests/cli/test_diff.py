"""``airoute diff`` on the examples: what it says, its exit codes, and that it stays offline."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from airoute_cli.cli.app import app

EXAMPLES = Path(__file__).parents[2] / "examples"
OLD, NEW = str(EXAMPLES / "policy.toml"), str(EXAMPLES / "policy-next.toml")
TICKETS = str(EXAMPLES / "tickets.jsonl")


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)


def diff(*args: str) -> tuple[int, str]:
    ran = CliRunner().invoke(app, ["diff", *args])
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
    return ran.exit_code, ran.output


def test_the_examples_differ_as_their_page_says():
    code, text = diff(OLD, NEW, "-i", TICKETS)
    assert code == 0
    assert re.search(r"^ +\d+  everything-else → refunds  ticket-001, ", text, re.MULTILINE)
    assert re.search(r"^ +\d+  anywhere → strong  \[code\]  ticket-", text, re.MULTILINE)
    assert 'no longer europe (policy "contracts-stay-here")' in text
    assert "now also strong (a new model)" in text
    assert "not private → private" in text
    total = re.search(r"^72 rows in = (\d+) as before \+ (\d+) changed$", text, re.MULTILINE)
    assert total
    assert sum(map(int, total.groups())) == 72


@pytest.mark.parametrize(
    ("new", "flags", "code"),
    [(NEW, ["--exit-code"], 6), (NEW, [], 0), (OLD, ["--exit-code"], 0), (OLD, [], 0)],
)
def test_the_exit_code_tells_a_change_where_it_is_asked_to(new: str, flags: list[str], code: int):
    assert diff(OLD, new, "-i", TICKETS, *flags)[0] == code


def test_json_holds_what_is_drawn():
    code, text = diff(OLD, NEW, "-i", TICKETS, "--json", "--limit", "10")
    told = json.loads(text)
    assert (code, told["rows"]["in"]) == (0, 10)
    assert told["old"]["path"].endswith("policy.toml")
    assert {group["aspect"] for group in told["groups"]} <= told["changed"].keys()
    for group in told["groups"]:
        assert len(group["ids"]) == min(group["rows"], 5)


def test_rows_that_cannot_be_compared_are_told(tmp_path: Path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"prompt": "hello"}\nnot json\n')
    code, text = diff(OLD, OLD, "-i", str(rows), "--exit-code")
    assert code == 3
    assert "invalid_json: line 2: not valid JSON" in text
    assert text.endswith("2 rows in = 1 as before + 0 changed + 1 unusable\n")
    assert diff(OLD, OLD, "-i", str(rows), "--exit-code", "--lines")[0] == 0
