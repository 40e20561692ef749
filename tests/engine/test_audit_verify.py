from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airoute_cli.core.errors import UsageError
from airoute_cli.edges.run_folder.audit_log import digest_of
from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.engine.audit_show import show_row, show_run
from airoute_cli.engine.audit_trail import AuditTrail, end_pass
from airoute_cli.engine.audit_verify import verify
from airoute_cli.engine.open_profile import open_profile
from airoute_cli.engine.stored_profile import accept_profile, keep_profile, stored_profile
from airoute_cli.routing.planner import Planner
from tests.engine.audited import PROFILE, SEAL, carry_out, forge, line_of, rewrite


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of two passes, the second one under another profile."""
    path = tmp_path / "run"
    source = tmp_path / "airoute.toml"
    source.write_text(PROFILE)
    profile = open_profile(source, {})
    with RunFolder.create(path) as folder:
        chain = keep_profile(folder, profile)
        folder.write_manifest({"passes": 1, "state": "running"})
        carry_out(folder, AuditTrail(folder.audit, chain, SEAL, 1), Planner(profile))
        end = end_pass(folder.audit, 1, "interrupted", {"in": 4})
        folder.write_manifest({"passes": 1, "state": "interrupted", "audit": end})
    source.write_text(PROFILE.replace('["refund"]', '["hello"]'))
    profile = open_profile(source, {})
    with RunFolder.resume(path) as folder:
        chain = accept_profile(folder, profile)
        folder.write_manifest({"passes": 2, "state": "running", "audit": end})
        carry_out(folder, AuditTrail(folder.audit, chain, SEAL, 2), Planner(profile))
        end = end_pass(folder.audit, 2, "finished", {"in": 4})
        folder.write_manifest({"passes": 2, "state": "finished", "audit": end})
    return path


def said(run: Path, head: str | None = None) -> list[tuple[int, str]]:
    return [(fault.line, fault.message) for fault in verify(run, head).faults]


def test_a_run_of_two_profiles_holds(run):
    verdict = verify(run)
    assert (verdict.faults, verdict.records, verdict.decisions) == ([], 28, 8)
    assert verdict.notes == []


def test_the_head_of_an_earlier_pass_is_found(run):
    verdict = verify(run, digest_of(line_of(run, 14)))
    assert (verdict.holds, verdict.head_line) == (True, 14)


def test_an_end_that_was_cut_off_is_told(run):
    rewrite(run, {28: None})
    assert said(run) == [
        (
            27,
            (
                "the file ends with it, and run.json says that there are 28 records: "
                "its end was cut off"
            ),
        )
    ]


@pytest.mark.parametrize(
    "change",
    [
        {28: None},
        dict.fromkeys(range(3, 29)),
        dict.fromkeys(range(1, 29)),
        {5: line_of},  # a chain written anew
    ],
)
def test_what_was_cut_off_is_not_forgotten_when_the_run_goes_on(run, change):
    lines = {n: each(run, n).replace(b"r2", b"r9") if each else None for n, each in change.items()}
    rewrite(run, lines, relink=True)
    before = orjson.loads((run / "run.json").read_bytes())["audit"]
    with RunFolder.resume(run) as folder:
        trail = AuditTrail(folder.audit, stored_profile(folder), SEAL, 3, before=before)
        assert trail.lost == before
        end = end_pass(folder.audit, 3, "finished", {"in": 4})
        folder.write_manifest({"passes": 3, "state": "finished", "audit": end})
    told = "when pass 3 began, the file did not hold record 28, with which the run had ended"
    assert any(told in message for _, message in said(run))
    assert show_run(run).passes[-1]["lost"] == before


@pytest.mark.parametrize("killed", [False, True])
def test_a_run_that_goes_on_in_order_has_lost_nothing(run, killed):
    before = orjson.loads((run / "run.json").read_bytes())["audit"]
    for number in (3, 4) if killed else (3,):
        with RunFolder.resume(run) as folder:
            trail = AuditTrail(folder.audit, stored_profile(folder), SEAL, number, before=before)
            assert trail.lost is None


@pytest.mark.parametrize("audit", [None, {}, [], {"records": "28", "head": "x"}, {"records": 28}])
def test_a_manifest_that_holds_no_head_is_told(run, audit):
    manifest = orjson.loads((run / "run.json").read_bytes()) | {"audit": audit}
    (run / "run.json").write_bytes(orjson.dumps(manifest))
    assert said(run) == [(28, "run.json does not hold the head with which the run ended")]


def test_a_changed_last_line_is_told(run):
    rewrite(run, {28: line_of(run, 28).replace(b"finished", b"finishes")})
    ((line, message),) = said(run)
    assert (line, message.startswith("it is not the record")) == (28, True)


def test_a_chain_that_was_written_anew_is_told_by_its_head(run):
    head = verify(run).head
    forge(run, {28: line_of(run, 28).replace(b"finished", b"finishes")})
    assert verify(run).holds
    ((_, message),) = said(run, head)
    assert "written anew" in message


def test_a_forged_decision_does_not_come_out_again(run):
    forge(run, {2: line_of(run, 2).replace(b'"route":"refunds"', b'"route":"rest"')})
    assert said(run) == [(2, "made again, the decision differs in route")]


def test_a_changed_price_is_told(run):
    kept = run / "profile.json"
    kept.write_bytes(kept.read_bytes().replace(b'"input": "1.0"', b'"input": "0.5"'))
    assert said(run)[0][1].startswith("pass 1 began with another profile or other prices")


def test_a_run_that_was_killed_says_that_its_end_is_open(run):
    manifest = orjson.loads((run / "run.json").read_bytes())
    first = {"records": 14, "head": digest_of(line_of(run, 14))}
    (run / "run.json").write_bytes(orjson.dumps(manifest | {"state": "running", "audit": first}))
    verdict = verify(run)
    assert verdict.holds
    assert "has not ended in order" in verdict.notes[0]
    rewrite(run, dict.fromkeys(range(10, 29)))
    assert not verify(run).holds


def test_without_records_nothing_holds(run):
    (run / "audit.jsonl").unlink()
    assert said(run) == [(1, "there is no record in it")]


def test_a_folder_without_a_run_is_told(tmp_path):
    with pytest.raises(UsageError, match="there is no run in"):
        verify(tmp_path)


def test_of_a_file_in_which_nothing_is_right_ten_faults_are_told(run):
    rewrite(run, {n: line_of(run, n).replace(b'"n":', b'"n":9') for n in range(1, 29)})
    assert len(said(run)) == 10


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 28), st.integers(0, 30), JUNK, st.booleans())
def test_whatever_a_record_is_made_into_is_judged_and_never_a_crash(run, number, at, junk, anew):
    """``anew``: the chain is written anew, so that only what the records say can be wrong."""
    audit, manifest = (run / "audit.jsonl").read_bytes(), (run / "run.json").read_bytes()
    told = orjson.loads(line_of(run, number))
    key = list(told)[at % len(told)]
    changed = orjson.dumps(told[key]) != orjson.dumps(junk)  # 1 is True only to Python
    told[key] = junk
    try:
        (forge if anew else rewrite)(run, {number: orjson.dumps(told)})
        verdict = verify(run)
        show_run(run)
        with suppress(UsageError):
            show_row(run, "r1")
    finally:
        (run / "audit.jsonl").write_bytes(audit)
        (run / "run.json").write_bytes(manifest)
    assert anew or verdict.holds is not changed
