"""Budgets from the command line: exit codes, resumes, kills, and processes that share a day."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from airoute_cli.cli.app import app
from airoute_cli.edges.ledger import ledger_path
from airoute_cli.engine.audit_verify import verify
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
    again = f"go on with: airoute batch {source} -o run --resume --accept-profile --profile "
    assert again + str(tmp_path / "airoute.toml") in first.stderr
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


def test_costs_are_told_side_by_side_by_model_route_day_tier_and_run(
    airoute, write_profile, rows, provider_server, tmp_path
):
    """Also: a tier with a budget of its own, whose rows are degraded when it has no room."""
    path = write_profile(
        'on_budget = "degrade"\n[policy.tiers.free]\nbudget = { per_day = 0.00001 }'
    )
    free = '[models.here]\nprovider = "here"\nname = "here-1"\nprice = "free"\n[[routes]]'
    path.write_text(path.read_text().replace("[[routes]]", free))
    reported = {"cost": 0.00004, **USAGE}
    provider_server.respond = lambda *_: ok("fine", usage=reported)
    source = rows(
        [
            {
                "custom_id": f"{tier}-{n}",
                "prompt": f"q {n}",
                "metadata": {"tier": tier} if tier else {},
            }
            for tier in ("pro", "Free", "")
            for n in range(2)
        ]
    )
    ran = airoute("batch", str(source), "-o", "run")
    assert ran.returncode == 0, ran.stderr
    cost = json.loads((tmp_path / "run" / "summary.json").read_text())["cost"]
    assert (cost["usd"], cost["reported_usd"]) == (0.00018, 0.00024)
    assert cost["estimated_usd"] > 0
    assert "$0.000180 by the price table; $0.00" in ran.stderr
    assert "$0.000240 as the providers report" in ran.stderr
    verified = CliRunner().invoke(app, ["audit", "verify", str(tmp_path / "run")])
    assert verified.exit_code == 0, verified.output
    shown = CliRunner().invoke(app, ["audit", "show", str(tmp_path / "run"), "Free-0"])
    assert shown.exit_code == 0, shown.output
    page = (tmp_path / "run" / "summary.md").read_text()
    assert "| estimated USD | charged by the price table | reported by providers |" in page
    told = {
        line["custom_id"]: line["airoute"] for line in read_lines(tmp_path / "run/results.jsonl")
    }
    assert told["Free-0"]["degraded"]
    assert (told["Free-0"]["model"], told["Free-0"]["tier"]) == ("here", "Free")
    assert "degraded" not in told["pro-0"]
    assert verify(tmp_path / "run").holds
    story = CliRunner().invoke(app, ["audit", "show", str(tmp_path / "run"), "Free-0"]).stdout
    assert ", as a budget had no room for the plan\nend         completed by here" in story
    assert told["pro-0"]["cost"]["reported_usd"] == 0.00004

    def costs(*args: str) -> dict[str, tuple[int, float, float]]:
        ran = CliRunner().invoke(app, ["costs", "--json", *args])
        assert ran.exit_code == 0, ran.output
        found = json.loads(ran.stdout)
        by = found["by"]
        assert sum(line["usd"] for line in found["costs"]) == pytest.approx(found["total"]["usd"])
        return {
            line[by]: (line["rows"], line["usd"], line["reported_usd"]) for line in found["costs"]
        }

    assert costs() == {"here": (2, 0.0, 0.00008), "small": (4, 0.00018, 0.00016)}
    assert costs("--by", "route") == {"rest": (6, 0.00018, 0.00024)}
    assert costs("--by", "tier") == {
        "": (2, 0.00009, 0.00008),
        "Free": (2, 0.0, 0.00008),
        "pro": (2, 0.00009, 0.00008),
    }
    assert costs("--by", "run") == {str((tmp_path / "run").resolve()): (6, 0.00018, 0.00024)}
    (day,) = costs("--by", "day")
    assert costs("--by", "day", "--since", day)
    assert costs("--since", "2999-01-01") == {}
    table = CliRunner().invoke(app, ["costs", "--by", "tier"]).stdout
    assert "…" not in table  # a figure that is cut is a wrong one
    first = {line.split()[0] for line in table.splitlines()}
    assert {"tier", "(none)", "Free", "pro", "total"} <= first
    wrong = CliRunner().invoke(app, ["costs", "--since", "yesterday"])
    assert "write it as in 2026-01-31" in str(wrong.exception)


def test_a_price_that_nobody_knows_is_refused_or_told_to_be_under_no_budget(
    airoute, write_profile, rows, provider_server
):
    path = write_profile('unknown_price = "allow"\nbudget = { per_run = 0.00001 }')
    path.write_text(path.read_text().replace("price = { input = 0.5, output = 2.0 }", ""))
    ran = airoute("batch", str(rows(2)), "-o", "run")
    assert ran.returncode == 0, ran.stderr
    assert "no budget holds for 'small': nobody knows what it costs" in ran.stderr
    path.write_text(path.read_text().replace('unknown_price = "allow"', ""))
    refused = airoute("batch", str(rows(2)), "-o", "other")
    assert refused.returncode == 2
    assert "the price of 'small' is unknown, and unknown is never zero" in refused.stderr
