from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from airoute_cli.core.errors import UsageError
from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.engine.audit_prove import prove
from airoute_cli.engine.audit_show import show_row, show_run
from airoute_cli.engine.audit_trail import AuditTrail, end_pass
from airoute_cli.engine.open_profile import open_profile
from airoute_cli.engine.stored_profile import keep_profile, stored_profile
from airoute_cli.routing.planner import Planner
from tests.engine.audited import PROFILE, SEAL, carry_out, forge, line_of, rewrite

RULE = """
[[policy.rules]]
name = "refunds-by-b"
when = { contains_any = ["refund"] }
require = { models = ["b"] }
[[policy.rules]]
name = "nothing-far"
forbid = { regions = ["us"] }
when = { regex = "never" }
"""
MADE_ID = "row-0404040404040404"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Rows 1 and 3 are refunds; row 4 has no id of its own, and the end of its call is lost."""
    path, source = tmp_path / "run", tmp_path / "airoute.toml"
    source.write_text(PROFILE + RULE)
    profile = open_profile(source, {})
    with RunFolder.create(path) as folder:
        chain = keep_profile(folder, profile)
        carry_out(folder, AuditTrail(folder.audit, chain, SEAL, 1), Planner(profile))
        end = end_pass(folder.audit, 1, "finished", {"in": 4})
        folder.write_manifest({"passes": 1, "state": "finished", "audit": end})
        folder.results.append(
            orjson.dumps({"custom_id": MADE_ID, "airoute": {"line": 4, "pass": 1, "model": "a",
                          "latency_ms": 3, "cost": {"usd": 0}, "attempts": [{}]}})
        )  # fmt: skip
    lines = {n: orjson.loads(line_of(path, n)) | {"custom_id": None} for n in (11, 12)}
    forge(path, {n: orjson.dumps(told) for n, told in lines.items()} | {13: None})
    return path


def faults(run: Path, rule: str = "refunds-by-b") -> list[tuple[int, str]]:
    return [(fault.line, fault.message) for fault in prove(run, rule).verdict.faults]


def test_rows_and_calls_of_a_rule_are_counted(run):
    proof = prove(run, "refunds-by-b")
    assert proof.holds
    assert (proof.rows, proof.decisions, proof.leaves) == (2, 2, [frozenset({"b"})])
    assert proof.calls == {("b", "127.0.0.1:1"): 2}


def test_a_rule_that_never_governed_proves_nothing_wrong(run):
    proof = prove(run, "nothing-far")
    assert (proof.holds, proof.rows, proof.calls.total()) == (True, 0, 0)


def test_a_run_that_had_lost_its_end_proves_nothing(run):
    with RunFolder.resume(run) as folder:
        before = {"records": 99, "head": "0" * 64}
        AuditTrail(folder.audit, stored_profile(folder), SEAL, 2, before=before)
        end = end_pass(folder.audit, 2, "finished", {"in": 4})
        folder.write_manifest({"passes": 2, "state": "finished", "audit": end})
    [(_, message)] = faults(run)
    assert message.startswith("when pass 2 began, the file did not hold record 99, with which")


@pytest.mark.parametrize("junk", [{"pass": [1]}, {"pass": None}, {"custom_id": {}}, {"model": []}])
@pytest.mark.parametrize("line", [2, 3, 4])
def test_a_record_that_cannot_be_read_is_a_fault_and_no_crash(run, line, junk):
    forge(run, {line: orjson.dumps(orjson.loads(line_of(run, line)) | junk)})
    prove(run, "refunds-by-b")
    show_run(run)


def test_an_unknown_rule_is_told_with_those_there_are(run):
    with pytest.raises(UsageError, match='no profile of this run has a rule "x"; there are: "ref'):
        prove(run, "x")


def test_a_call_outside_is_named(run):
    forge(run, {3: line_of(run, 3).replace(b'"model":"b"', b'"model":"a"')})
    assert faults(run) == [(3, "a call to a, and the rule leaves b")]


def test_a_call_that_went_to_another_host_is_named(run):
    forge(run, {4: line_of(run, 4).replace(b"127.0.0.1:1", b"far.example")})
    ((line, message),) = faults(run)
    assert (line, message.startswith("a call to b at far.example")) == (4, True)


def test_a_row_of_which_the_rule_was_taken_off_is_named(run):
    forge(run, {2: line_of(run, 2).replace(b'"rules":["refunds-by-b"],', b"")})
    assert [line for line, _ in faults(run)] == [2]
    assert "does not govern the row, and it is not so" in faults(run)[0][1]


def test_a_call_without_a_decision_is_named(run):
    forge(run, {2: None})
    assert faults(run)[0] == (2, "a call for a row of which no decision is recorded")


def test_a_broken_chain_proves_nothing(run):
    rewrite(run, {5: line_of(run, 5).replace(b'"pass":1', b'"pass":2')})
    assert not prove(run, "refunds-by-b").holds


def test_the_story_of_a_row(run):
    story = show_row(run, "r1")
    (decided,) = story.decisions
    assert decided.line == 2
    assert decided.plan
    assert [one.matched for one in decided.plan.rules] == [True, False]
    assert decided.plan.ruling.verdicts[0].reason == 'contains "refund"'
    ((call),) = story.calls
    assert (call.intent["model"], call.end["usd"]) == ("b", "0")
    assert story.end is None


@pytest.mark.parametrize("name", ["4", MADE_ID])
def test_a_row_without_an_id_is_found_by_its_line_and_by_the_id_it_was_given(run, name):
    story = show_row(run, name)
    assert [decided.told["line"] for decided in story.decisions] == [4]
    assert [call.end for call in story.calls] == [None]
    assert (story.end is not None) == (name == MADE_ID)


def test_a_row_that_is_not_there_is_told(run):
    with pytest.raises(UsageError, match='has no row "r9"'):
        show_row(run, "r9")


def test_the_story_of_a_run(run):
    story = show_run(run)
    assert [one["state"] for one in story.passes] == ["finished"]
    assert story.routes == {"refunds": 2, "rest": 2}
    assert story.rules == {"refunds-by-b": 2}
    assert (story.decisions, story.intents, story.ends) == (4, 4, {"answered": 3})
    assert story.ids == ["r1", "r2", "r3", "4"]
