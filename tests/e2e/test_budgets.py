"""Budgets from the command line: exit codes, resumes, kills, and processes that share a day."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from airoute_cli.edges.ledger import ledger_path
from tests.e2e.conftest import read_lines
from tests.servers.scripted import ok, slow

# One answer costs (10 * 0.5 + 20 * 2) / 1,000,000 USD; at worst, with 50 tokens out, some 0.000105.
COST = Decimal("0.000045")
USAGE = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
PROFILE = """
[profile]
name = "shop"
[policy]
{policy}
[providers.here]
api = "openai"
base_url = "{url}"
[models.small]
provider = "here"
name = "small-1"
price = {{ input = 0.5, output = 2.0 }}
params = {{ max_output_tokens = 50 }}
[[routes]]
name = "rest"
models = ["small"]
"""


@pytest.fixture
def write_profile(provider_server, tmp_path: Path):
    provider_server.respond = lambda *_: ok("fine", usage=USAGE)

    def write(policy: str) -> Path:
        path = tmp_path / "airoute.toml"
        path.write_text(PROFILE.format(url=provider_server.base_url, policy=policy))
        return path

    return write


def ledger() -> tuple[Decimal, Decimal]:
    """Settled and unsettled, as the ledger has it."""
    database = sqlite3.connect(ledger_path())
    rows = database.execute("SELECT usd, unsettled_usd FROM spent").fetchall()
    database.close()
    return sum((Decimal(a) for a, _ in rows), Decimal(0)), sum(
        (Decimal(b) for _, b in rows), Decimal(0)
    )


def test_a_run_stops_at_its_budget_and_goes_on_when_it_is_raised(
    airoute, write_profile, rows, provider_server, tmp_path
):
    write_profile("budget = { per_run = 0.001 }")
    source = str(rows(60))
    first = airoute("batch", source, "-o", "run")
    assert first.returncode == 4, first.stderr
    assert "stopped: [policy] budget per_run = $0.001 has no room: $0.000" in first.stderr
    assert "raise it, and go on with --resume --accept-profile" in first.stderr
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["conserved"]
    assert summary["rows"]["completed"] == provider_server.count
    assert summary["rows"]["pending"] == 60 - provider_server.count
    assert Decimal("0.0008") < COST * provider_server.count <= Decimal("0.001")
    assert "per_run = $0.001" in summary["run"]["stopped_because"]
    asked = provider_server.count
    again = airoute("batch", source, "-o", "run", "--resume")
    assert again.returncode == 4, again.stderr
    assert provider_server.count == asked
    write_profile("budget = { per_run = 1.0 }")
    last = airoute("batch", source, "-o", "run", "--resume", "--accept-profile")
    assert last.returncode == 0, last.stderr
    assert provider_server.count == 60
    assert ledger() == (COST * 60, 0)


def test_a_prompt_and_a_row_beyond_their_budget_are_told_and_not_asked(
    airoute, write_profile, rows, provider_server
):
    write_profile("budget = { per_day = 0.0001 }")
    asked = airoute("ask", "hello")
    assert asked.returncode == 4
    assert "[policy] budget per_day = $0.0001 has no room" in asked.stderr
    tried = airoute("try", "hello", "--run")
    assert tried.returncode == 4, tried.stderr
    write_profile('on_budget = "defer"\nbudget = { per_request = 0.0001, per_day = 1 }')
    ran = airoute("batch", str(rows(2)), "-o", "run", "--quiet")
    assert ran.returncode == 3
    failed = read_lines(Path(rows(2).parent) / "run" / "errors.jsonl")
    assert {line["airoute"]["error"]["code"] for line in failed} == {"budget"}
    assert "per_request = $0.0001" in failed[0]["airoute"]["error"]["message"]
    assert provider_server.count == 0


def test_after_kills_what_was_billed_lies_within_the_ledger_and_counts(
    airoute, write_profile, rows, provider_server, tmp_path
):
    write_profile("budget = { per_day = 1.0, per_run = 1.0 }")
    source = str(rows(80))
    provider_server.respond = lambda *_: slow(0.02, ok("fine", usage=USAGE))
    for kill in range(3):
        process = subprocess.Popen(
            [sys.executable, "-m", "airoute_cli", "batch", source, "-o", "run", "-j", "8"]
            + (["--resume"] if kill else []),
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        provider_server.wait_for(provider_server.count + 15)
        process.kill()
        process.wait()
    ran = airoute("batch", source, "-o", "run", "--resume")
    assert ran.returncode == 0, ran.stderr
    settled, unsettled = ledger()
    billed = COST * provider_server.count
    assert settled <= billed <= settled + unsettled
    assert Decimal(0) < unsettled < Decimal("0.004"), "a kill leaves little more than what had left"


def test_two_processes_share_what_a_day_may_cost(write_profile, rows, provider_server, tmp_path):
    write_profile('on_budget = "defer"\nbudget = { per_day = 0.003 }')
    source = str(rows(60))
    provider_server.respond = lambda *_: slow(0.02, ok("fine", usage=USAGE))
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "airoute_cli", "batch", source, "-o", name, "-j", "6"],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two")
    ]
    said = [process.communicate(timeout=60)[1] for process in both]
    assert {process.returncode for process in both} <= {0, 3}, said
    assert Decimal("0.00285") < COST * provider_server.count <= Decimal("0.003")
    assert ledger() == (COST * provider_server.count, 0)
    deferred = [read_lines(tmp_path / name / "deferred.jsonl") for name in ("one", "two")]
    assert sum(map(len, deferred)) == 120 - provider_server.count
