"""Rows whose task a model finds: who is asked how often, what it costs, and where it stands."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from airoute_cli.core.budget import Account, By
from airoute_cli.core.request import Row
from airoute_cli.edges.audit_key import user_seal
from airoute_cli.edges.ledger_reading import read_costs
from airoute_cli.edges.rows.parse import read_line
from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.engine.audit_prove import prove
from airoute_cli.engine.audit_verify import verify
from airoute_cli.engine.diff import compare
from airoute_cli.engine.dry_run import BatchOptions, estimate
from airoute_cli.engine.job import Job
from airoute_cli.engine.open_profile import open_profile
from airoute_cli.engine.past import Past
from airoute_cli.engine.policy_check import policy_findings
from airoute_cli.engine.stop import StopReason
from airoute_cli.routing.classify.labelling import asking_of
from airoute_cli.routing.planner import Planner
from tests.engine.labelled import a_profile, label, results, run, write_rows
from tests.servers.scripted import ScriptedServer, hang, ok, status

MAIL = "anna.keller@example.com"
PRIVATE = """
[[policy.rules]]
name = "personal"
when = { detects = ["pii"] }
require = { private = true }
"""
MASKED = """
[[policy.rules]]
name = "masked"
when = { detects = ["pii"] }
redact = ["pii.email"]
"""


@pytest.fixture
def sorter() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        server.respond = label
        yield server


@pytest.fixture
def worker() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


def test_a_row_is_labelled_by_one_call_and_then_routed(tmp_path, sorter, worker):
    folder = tmp_path / "run"
    rows = write_rows(tmp_path, ["my money back", "where is it?", "my money back"])
    report, _ = run(a_profile(tmp_path, sorter, worker), rows, folder)
    told = results(folder)
    assert {name: one["route"] for name, one in told.items()} == {
        "r1": "refunds", "r2": "rest", "r3": "refunds"
    }  # fmt: skip
    assert sorter.count == 2, "the same text is asked about once, while it is under way too"
    first = told["r1"]
    assert first["label"] == {
        "task": "refund", "model": "cheap", "asked": True, "said": "refund", "confidence": 0.9,
        "by": "stated",
    }  # fmt: skip
    assert [one.get("role") for one in first["attempts"]] == ["classifier", None]
    assert first["cost"]["usd"] == pytest.approx(sum(one["usd"] for one in first["attempts"]))
    assert first["elapsed_ms"] >= sum(one["latency_ms"] for one in first["attempts"]) - 1
    assert told["r3"]["label"]["asked"] is False
    assert len(told["r3"]["attempts"]) == 1
    labels = report.summary["labels"]
    assert (labels["asked"], labels["known"], labels["default"], labels["calls"]) == (2, 1, 0, 2)
    assert report.summary["attempts"]["rows_with_another_model"] == 0
    audit = (folder / "audit.jsonl").read_text()
    assert "money" not in audit
    assert verify(folder).holds


def test_a_resume_knows_what_was_said_before(tmp_path, sorter, worker):
    folder, profile = tmp_path / "run", a_profile(tmp_path, sorter, worker)
    rows = write_rows(tmp_path, ["my money back", "where is it?"])
    worker.respond = lambda _request, _n: status(400)
    run(profile, rows, folder)
    assert sorter.count == 2
    worker.respond = lambda _request, _n: ok()
    rows = write_rows(tmp_path, ["my money back", "where is it?", "where is it?"])
    run(profile, rows, folder, retry_errors=True)
    told = results(folder)
    assert sorter.count == 2
    assert [told[name]["route"] for name in ("r1", "r2", "r3")] == ["refunds", "rest", "rest"]
    assert not any(one["label"]["asked"] for one in told.values())
    assert verify(folder).holds


BROKEN = {
    "none of the labels": lambda _r, _n: ok("I like it"),
    "bad_request": lambda _r, _n: status(400),
    "auth": lambda _r, _n: status(401),
    "below min_confidence": lambda _r, _n: ok('{"label": "refund", "confidence": 0.1}'),
    "cut at its token limit": lambda _r, _n: ok('{"label": "ref', finish_reason="length"),
}


@pytest.mark.parametrize("why", BROKEN)
def test_whatever_becomes_of_the_call_the_row_is_answered(tmp_path, sorter, worker, why):
    sorter.respond = BROKEN[why]
    folder = tmp_path / "run"
    rows = write_rows(tmp_path, ["my money back", "money, please"])
    report, _ = run(a_profile(tmp_path, sorter, worker), rows, folder)
    told = results(folder)
    assert [one["route"] for one in told.values()] == ["rest", "rest"]
    assert all(one["label"]["task"] == "other" for one in told.values())
    assert any(why in one["label"]["why"] for one in told.values())
    assert report.summary["labels"]["default"] == 2
    assert verify(folder).holds


def test_a_classifier_that_is_down_is_left_alone_after_a_few_tries(tmp_path, sorter, worker):
    sorter.respond = lambda _request, _n: status(401)
    folder = tmp_path / "run"
    rows = write_rows(tmp_path, [f"money {n}" for n in range(200)])
    report, _ = run(a_profile(tmp_path, sorter, worker), rows, folder)
    assert report.summary["rows"]["completed"] == 200
    assert sorter.count < 70, "those that were under way when it was found out, and no more"
    whys = {one["label"]["why"] for one in results(folder).values()}
    assert "cheap cannot be asked now" in whys


def test_a_run_ends_where_nobody_is_left_but_the_classifier(tmp_path, sorter, worker):
    worker.respond = lambda _request, _n: status(401)
    folder = tmp_path / "run"
    rows = write_rows(tmp_path, [f"money {n}" if n % 2 else f"where {n}" for n in range(2_000)])
    profile = a_profile(tmp_path, sorter, worker)
    # Slow enough for the key to be found refused long before all rows have their label.
    limited = 'name = "cheap-1"\nrequests_per_minute = 3_000'
    profile.write_text(profile.read_text().replace('name = "cheap-1"', limited))
    report, _ = run(profile, rows, folder)
    assert report.stop_reason is StopReason.UNAVAILABLE
    assert sorter.count < 1_000, "no labels for rows that nobody can answer"
    assert report.summary["rows"]["pending"] == 2_000


def test_who_may_not_see_a_row_is_not_asked_about_it(tmp_path, sorter, worker):
    folder = tmp_path / "run"
    rows = write_rows(tmp_path, [f"my money back, {MAIL}", "my money back"])
    run(a_profile(tmp_path, sorter, worker, PRIVATE), rows, folder)
    assert sorter.count == 1
    assert MAIL not in sorter.requests[0].raw.decode()
    told = results(folder)
    assert (told["r1"]["route"], told["r2"]["route"]) == ("rest", "refunds")
    assert 'may not see the row: policy "personal"' in told["r1"]["label"]["why"]
    proof = prove(folder, "personal")
    assert proof.holds
    assert {model for model, _ in proof.calls} == {"plain"}
    assert verify(folder).holds


def test_what_is_redacted_is_hidden_from_the_classifier_too(tmp_path, sorter, worker):
    folder = tmp_path / "run"
    long = "x" * 5_990 + f" {MAIL} " + "y" * 5_000
    rows = write_rows(tmp_path, [f"my money back, {MAIL}", long])
    run(a_profile(tmp_path, sorter, worker, MASKED), rows, folder)
    assert sorter.count == 2
    for request in sorter.requests:
        assert "anna" not in request.raw.decode()
    assert "<EMAIL_1>" in next(one.prompt for one in sorter.requests if "money" in one.prompt)
    proof = prove(folder, "masked")
    assert proof.holds
    assert proof.calls.total() == 4, "the classifier's calls count"


def usd(value: str, budget: str) -> str:
    return f"[policy]\nbudget = {{ {budget} = {value} }}\n"


def test_a_budget_counts_the_call_with_the_plan(tmp_path, sorter, worker):
    profile = a_profile(tmp_path, sorter, worker)
    rows = write_rows(tmp_path, ["my money back"])
    worst = estimate(BatchOptions(str(rows)), open_profile(profile, {}))
    both = Decimal(str(worst["total"]["worst_usd"]))
    alone = both - Decimal(str(worst["labels"]["worst_usd"]))
    assert 0 < alone < both
    # Room for the plan, and not for the call before it: the row is answered by the default.
    for number, room in enumerate((both - Decimal("0.000001"), alone)):
        path = a_profile(tmp_path, sorter, worker, usd(f"{room}", "per_request"))
        run(path, rows, tmp_path / f"run{number}")
        (told,) = results(tmp_path / f"run{number}").values()
        assert told["label"]["why"] == "a budget has no room for the call"
    assert sorter.count == 0
    run(a_profile(tmp_path, sorter, worker, usd("1.0", "per_request")), rows, tmp_path / "last")
    assert sorter.count == 1


def test_what_the_call_cost_counts_for_the_plan_behind_it(tmp_path, sorter, worker):
    """The refund route is dearer than the default: the row may not spend so much any more."""
    rows = write_rows(tmp_path, ["my money back"])
    profile = open_profile(a_profile(tmp_path, sorter, worker), {})
    asking, row = asking_of(profile), read_line(rows.read_bytes(), 1)
    assert asking
    assert isinstance(row, Row)
    plan = Planner(profile).plan(row, {}, label=asking.certain("refund"))
    assert plan.worst_usd
    room = plan.worst_usd + Decimal("0.00001")
    path = a_profile(tmp_path, sorter, worker, usd(f"{room}", "per_request"))
    report, _ = run(path, rows, tmp_path / "run")
    assert (sorter.count, worker.count) == (1, 0)
    assert report.summary["rows"]["failed"] == 1
    (failed,) = map(json.loads, (tmp_path / "run" / "errors.jsonl").read_text().splitlines())
    assert "already spent" in failed["airoute"]["error"]["message"]
    assert [one["role"] for one in failed["airoute"]["attempts"]] == ["classifier"]
    assert report.summary["cost"]["usd"] > 0


def test_the_ledger_and_a_resume_count_the_call_under_its_own_name(tmp_path, sorter, worker):
    folder, profile = tmp_path / "run", a_profile(tmp_path, sorter, worker)
    rows = write_rows(tmp_path, ["my money back"])
    first, _ = run(profile, rows, folder)
    again, _ = run(profile, rows, folder)
    assert again.summary["cost"] == first.summary["cost"]
    assert again.summary["labels"] == first.summary["labels"]
    by_route = _costs()
    assert set(by_route) == {"(classifier)", "refunds"}
    total = sum(by_route.values())
    assert float(total) == pytest.approx(first.summary["cost"]["usd"])


def test_a_routes_budget_does_not_pay_for_the_call_after_a_resume_either(tmp_path, sorter, worker):
    folder = tmp_path / "run"
    run(a_profile(tmp_path, sorter, worker), write_rows(tmp_path, ["my money back"]), folder)
    with RunFolder.resume(folder) as opened, Past.read(opened, user_seal()) as past:
        assert set(past.tally.spent) == {
            Account("", "(classifier)", "cheap"),
            Account("", "refunds", "strong"),
        }


def test_rows_whose_label_leads_to_a_limited_model_do_not_hold_up_the_others(
    tmp_path, sorter, worker
):
    limit = 'name = "strong-1"\nrequests_per_minute = 60'
    path = a_profile(tmp_path, sorter, worker)
    path.write_text(path.read_text().replace('name = "strong-1"', limit))
    many, few = 600, 30
    prompts = [f"money {n}" for n in range(many)] + [f"where {n}" for n in range(few)]
    folder, rows = tmp_path / "run", write_rows(tmp_path, prompts)

    def asked(model: str) -> int:
        return sum(one.body["model"] == model for one in worker.requests)

    under_way: list[int] = []

    async def watch(job: Job) -> None:
        ends = time.monotonic() + 30
        while asked("plain-1") < few and time.monotonic() < ends:  # noqa: ASYNC110 - of a thread
            await asyncio.sleep(0.05)
        under_way.append(job.calling)
        job.stop()

    report, _ = run(path, rows, folder, watch=watch)
    told = report.summary
    assert asked("plain-1") == few
    assert under_way[0] < 300, "a row that waits with its label is under way no more"
    assert asked("strong-1") < 100
    assert told["conserved"]
    assert told["rows"]["pending"] == many - asked("strong-1")
    assert told["labels"]["calls"] == sorter.count == many + few
    assert told["cost"]["interrupted_calls"] == 0
    # What was done for the rows that wait is known to a resume as well.
    with RunFolder.resume(folder) as opened, Past.read(opened, user_seal()) as past:
        assert (past.tally.label_calls, past.tally.interrupted_calls) == (sorter.count, 0)
    with_strong = [one for one in results(folder).values() if one["model"] == "strong"]
    assert all(one["attempts"][0]["role"] == "classifier" for one in with_strong)
    assert verify(folder).holds


def test_a_comparison_tells_who_is_asked_for_the_task_and_where_that_is(tmp_path, sorter, worker):
    rows = write_rows(tmp_path, ["my money back", "where is it?"])
    new = open_profile(a_profile(tmp_path, sorter, worker), {})
    old = replace(new, routes=new.routes[1:])
    told = compare(BatchOptions(str(rows)), old, new)
    assert (told["changed"]["classifier"], told["changed"]["privacy"]) == (2, 2)
    (group,) = (one for one in told["groups"] if one["aspect"] == "classifier")
    assert (group["old"], group["new"]) == ("not asked", "cheap")
    assert told["cost"]["new"]["worst_usd"] > told["cost"]["old"]["worst_usd"]
    assert sorter.count == 0


def test_a_check_proves_the_calls_for_labels_inside_the_rules(tmp_path, sorter, worker):
    profile = open_profile(a_profile(tmp_path, sorter, worker, PRIVATE), {})
    (proved,) = (str(one) for one in policy_findings(profile) if "no call outside" in str(one))
    # Two rows for the rule alone and for each of two routes, each by the routes and for three
    # models by hand, and each of these without a label yet and by each of the three.
    assert "96 plans for 6 rows" in proved


def _costs() -> dict[str, Decimal]:
    return {route: spent.usd for (_, route), spent in read_costs(By.ROUTE).spent.items()}


def test_the_rows_time_begins_with_the_call(tmp_path, sorter, worker):
    sorter.respond = lambda _request, _n: hang()
    folder = tmp_path / "run"
    rows = write_rows(tmp_path, ["my money back"])
    report, _ = run(a_profile(tmp_path, sorter, worker, "[run]\nrow_timeout = 0.3\n"), rows, folder)
    assert report.summary["rows"]["failed"] == 1
    assert worker.count == 0
