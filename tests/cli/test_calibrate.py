from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from airoute_cli.cli.app import app
from airoute_cli.core.errors import UsageError

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def shop(tmp_path, monkeypatch):
    for name in ("graded.jsonl", "learned.toml"):
        shutil.copy(EXAMPLES / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*args: str):
    return CliRunner().invoke(app, ["calibrate", *args, "--profile", "learned.toml"])


def test_the_report_ends_with_the_verdict_and_the_file(shop):
    ran = run("graded.jsonl", "--route", "support", "--target-share", "40")
    assert ran.exit_code == 0, ran.output
    lines = ran.stdout.splitlines()
    assert lines[0] == "support: 360 graded prompts for small and large (360 lines)"
    assert [line.split("  ")[0] for line in lines if "0.500" in line] == ["by lot"]
    assert any(line.startswith("longest first ") for line in lines)
    assert any(line.startswith("learned (out of fold) ") for line in lines)
    verdict, chosen, written, takes = lines[-4:]
    assert verdict.startswith("verdict: route. ")
    assert verdict.endswith("recover 80% of the gap, where chance takes 80%.")
    assert chosen.startswith("chosen: 60.0% to small, 40.0% to large: quality ")
    assert written == f"written: {shop / 'support.learned.json'}"
    assert takes.endswith('learned = "support.learned.json", models = ["small", "large"]')
    made = json.loads((shop / "support.learned.json").read_text())
    assert made["evidence"]["verdict"] == "route"


def test_machines_get_every_figure(shop):
    ran = run("graded.jsonl", "--route", "support", "--json", "-o", "other.json")
    told = json.loads(ran.stdout)
    assert told["conclusion"]["verdict"] == "route"
    assert told["written"] == "other.json"
    assert set(told["figures"]["learned"]) == {"apgr", "cpt50", "cpt80"}
    assert len(told["curve"]) == 9
    assert (shop / "other.json").exists()


def test_what_does_not_pay_is_not_written_unless_it_is_wanted(shop):
    rows = [json.loads(line) for line in Path("graded.jsonl").read_text().splitlines()]
    for row in rows:
        row["scores"]["large"] = 0
    Path("worse.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + "no row\n")
    ran = run("worse.jsonl", "--route", "support")
    assert ran.exit_code == 6
    assert 'verdict: use one model. "small" is at least as good as "large"' in ran.stdout
    assert ran.stdout.endswith("--anyway writes the learned route all the same\n")
    assert ran.stderr.startswith("airoute: worse.jsonl:361: ")
    assert not Path("support.learned.json").exists()
    assert run("worse.jsonl", "--route", "support", "--anyway").exit_code == 6
    assert Path("support.learned.json").exists()


def test_a_cascade_is_told_its_key(shop):
    path = shop / "learned.toml"
    path.write_text(path.read_text().replace('"learned"', '"cascade"').replace("learned = ", "#"))
    ran = run("graded.jsonl", "--route", "support", "--target-share", "30")
    assert ran.exit_code == 0, ran.output
    assert "least confidence" in ran.stdout
    assert 'put it under [routes.accept] of "support": min_confidence = 0.' in ran.stdout


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--target-share", "20", "--target-cost", "1"), "Keep one of them."),
        (("--target-share", "120"), "is no percentage between 0 and 100."),
        (("--target-cost", "-1"), "is no amount of US dollars."),
        (("-o", "no/such/file.json"), "there is no folder no/such."),
    ],
)
def test_flags_that_make_no_sense_are_refused(shop, flags, sentence):
    ran = run("graded.jsonl", "--route", "support", *flags)
    assert isinstance(ran.exception, UsageError)
    assert sentence in str(ran.exception)
