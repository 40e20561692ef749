"""Rehearsals in the process: what they leave, and that the same seed gives the same run."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.profile import Provider
from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.engine.batch import BatchOptions, BatchReport
from airoute_cli.engine.faults import parse_faults
from airoute_cli.engine.job import Job
from airoute_cli.engine.open_profile import open_profile
from airoute_cli.engine.rehearsal import lost_rows, rehearse
from airoute_cli.engine.rehearsed_answer import example_of
from airoute_cli.engine.rehearsed_errors import refusal
from airoute_cli.engine.stop import StopReason
from airoute_cli.engine.stored_profile import keep_profile
from airoute_cli.providers.registry import format_names, format_spec, wire_format

PROFILE = """
[providers.a]
api = "openai"
base_url = "http://a.example/v1"
api_key_env = "A_KEY"
[providers.b]
api = "anthropic"
base_url = "http://b.example"
api_key_env = "B_KEY"
[models.first]
provider = "a"
name = "m"
price = { input = 1, output = 2 }
[models.second]
provider = "b"
name = "m"
price = { input = 3, output = 6 }
[[routes]]
name = "all"
models = ["first"]
"""
BOTH = 'fallback = ["second"]\n'


async def silent(_: Job) -> None:
    await asyncio.Event().wait()


class Stage:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: list[str] = []

    def run(
        self, faults: str, *, rows: int = 300, profile: str = PROFILE + BOTH, seed: int = 0
    ) -> BatchReport:
        self.folder = self.path / f"run-{len(list(self.path.iterdir()))}"
        (self.path / "p.toml").write_text(profile)
        given = (json.dumps({"custom_id": f"r{n}", "prompt": f"say {n}"}) for n in range(rows))
        (self.path / "rows.jsonl").write_text("\n".join(given))
        opened = open_profile(self.path / "p.toml", {})
        with RunFolder.create(self.folder) as folder:
            report = rehearse(
                BatchOptions(str(self.path / "rows.jsonl")),
                keep_profile(folder, opened),
                folder,
                parse_faults(faults, opened.models),
                seed=seed,
                watch=silent,
                note=self.told.append,
            )
            assert lost_rows(folder, report.summary) == 0
        return report

    def results(self) -> list[dict[str, Any]]:
        lines = (self.folder / "results.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_every_kind_of_fault_is_lived_through_and_no_row_is_lost(stage: Stage):
    faults = "429:5%,500:3%,hang:1%,cut:2%,close:1%,refused:1%,malformed:1%,empty:1%,slow:1%"
    report = stage.run(faults)
    summary = report.summary
    assert summary["rows"]["completed"] == 300
    assert summary["attempts"]["failed"].keys() >= {"rate_limit", "server", "timeout", "cut_stream"}
    assert summary["attempts"]["rows_with_retries"] > 20
    assert summary["cost"]["usd"] > 0
    assert summary["run"]["seconds"] > 300, "a hang lasts its whole timeout, on a virtual clock"
    assert {line["airoute"]["served_model"] for line in stage.results()} == {"m"}


def test_the_same_seed_gives_the_same_run(stage: Stage):
    def once(seed: int) -> Any:
        report = stage.run("429:10%,500:10%,cut:5%", seed=seed)
        order = [
            (line["custom_id"], len(line["airoute"]["attempts"]), line["airoute"]["elapsed_ms"])
            for line in stage.results()
        ]
        return order, report.summary["attempts"], report.summary["run"]["seconds"]

    first = once(1)
    assert once(1) == first
    assert once(2) != first


def test_a_key_revoked_meanwhile_sends_the_rest_to_the_fallback(stage: Stage):
    report = stage.run("first=401@101", rows=2_500)  # more than are under way at once
    assert report.summary["rows"]["completed"] == 2_500
    assert {share["model"]: share["rows"] for share in report.summary["shares"]}["first"] == 100
    assert stage.told[0].startswith("a refuses the key in A_KEY")
    assert report.summary["health"]["first"]["state"] == "shut"


def test_and_without_one_the_run_stops_with_the_rest_pending(stage: Stage):
    report = stage.run("401@101", profile=PROFILE)
    assert report.stop_reason is StopReason.UNAVAILABLE
    assert report.summary["rows"]["completed"] == 100
    assert report.summary["rows"]["pending"] == 200
    assert report.summary["rows"]["failed"] == 0


def test_a_budget_of_the_day_holds_without_a_ledger(stage: Stage):
    report = stage.run("cut:2%", profile=PROFILE + "[policy]\nbudget = { per_day = 0.05 }\n")
    assert report.stop_reason is StopReason.BUDGET
    assert 0.03 < report.summary["cost"]["usd"] + report.summary["cost"]["unsettled_usd"] <= 0.05
    assert report.summary["rows"]["pending"] > 0


def test_nothing_outlasts_it_but_its_folder(stage: Stage, tmp_path: Path, monkeypatch):
    state = tmp_path / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    stage.run("500:1%", rows=20)
    assert not state.exists()


@pytest.mark.parametrize(
    ("status", "kinds"),
    [
        (400, {ErrorKind.BAD_REQUEST}),
        (401, {ErrorKind.AUTH}),
        (403, {ErrorKind.AUTH}),
        (404, {ErrorKind.NOT_FOUND}),
        (429, {ErrorKind.RATE_LIMIT}),
        (500, {ErrorKind.SERVER}),
        (503, {ErrorKind.OVERLOADED}),
    ],
)
@pytest.mark.parametrize("name", format_names())
def test_refusals_are_what_each_wire_format_takes_them_for(name: str, status: int, kinds):
    spec = format_spec(name)
    assert spec
    if spec.make is None:
        pytest.skip("it has no wire")
    options = {"project": "p"} if name == "vertex" else {}
    error = wire_format(Provider("p", name, options=options)).decode_error(
        refusal(name, status, 2.0), 0.0
    )
    assert isinstance(error, CallError)
    assert error.kind in kinds
    assert error.retry_after == (2.0 if error.retryable else None)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "object", "properties": {"a": {"type": "integer"}}}, {"a": 1}),
        ({"enum": ["yes", "no"]}, "yes"),
        ({"type": ["string", "null"]}, "x"),
        ({"type": "array", "items": {"type": "boolean"}, "minItems": 2}, [True, True]),
        ({"$ref": "#/$defs/n", "$defs": {"n": {"type": "number", "maximum": 9}}}, 9),
        ({"anyOf": [{"const": 3}, {"type": "string"}]}, 3),
        ({"$ref": "#"}, None),
    ],
)
def test_an_answer_has_the_shape_that_was_asked_for(schema, value):
    assert example_of(schema) == value
