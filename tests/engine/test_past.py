from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.errors import ErrorKind, RunError
from airoute_cli.core.money import Usage
from airoute_cli.core.outcome import Attempt, Outcome, RowFailure, RowState
from airoute_cli.core.plan import Call, CallRole
from airoute_cli.core.profile import Model, Profile, Provider
from airoute_cli.core.request import Message, Request, Row, Text
from airoute_cli.edges.audit_key import Seal
from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.edges.run_folder.intents import read_intents
from airoute_cli.engine.audit_trail import AuditTrail
from airoute_cli.engine.counts import Counts
from airoute_cli.engine.past import Past
from airoute_cli.engine.recorder import Recorder
from airoute_cli.engine.stored_profile import ProfileChain
from airoute_cli.engine.tally import Tally

SEAL = Seal(b"key")
PROVIDER = Provider("here", "openai")
PROFILE = Profile("t", "t.toml", {"here": PROVIDER}, {"m": Model("m", PROVIDER, "m-1")}, ())
ENDS = {
    "completed": RowState.COMPLETED,
    "failed": RowState.FAILED,
    "stopped": RowState.PENDING,
    "killed": None,
}


class Carried(NamedTuple):
    """What one pass does with one row: so many calls, and then its end."""

    calls: int
    end: str


class Pass(NamedTuple):
    """The rows of a pass, and whether its kill leaves a torn line at the end of each log."""

    rows: dict[str, Carried]
    torn: bool


CARRIED = st.builds(Carried, st.integers(1, 4), st.sampled_from(sorted(ENDS)))
ROWS = st.dictionaries(st.sampled_from("abc"), CARRIED)
PASSES = st.lists(st.builds(Pass, ROWS, st.booleans()), min_size=1, max_size=5)


def _call(usd: Decimal | None) -> Call:
    return Call("m", CallRole.ANSWER, 10, 20, usd, usd)


def _row(name: str) -> Row:
    raw = b'{"prompt":"hi"}'
    return Row(
        name,
        1 + "abc".index(name),
        name.encode() * 16,
        Request((Message("user", (Text("hi"),)),)),
        raw,
    )


def _outcome(state: RowState, calls: int) -> Outcome:
    failed = Attempt("m", 1.0, 1.0, ErrorKind.SERVER, "500", usd=Decimal(0))
    if state is not RowState.COMPLETED:
        failure = RowFailure("server", "500")
        return Outcome(state, attempts=(failed,) * calls, failure=failure, usd=Decimal(0))
    answered = Attempt("m", 1.0, 1.0, usage=Usage(10, 5), usd=Decimal("0.5"))
    completion = Completion("hello", FinishReason.STOP)
    attempts = (*(failed,) * (calls - 1), answered)
    return Outcome(state, None, completion, "m", attempts, usd=Decimal("0.5"))


def _carry(recorder: Recorder, name: str, carried: Carried, usd: Decimal | None) -> None:
    row = _row(name)
    for attempt in range(1, carried.calls + 1):
        recorder.intend(row, _call(usd), attempt)
    state = ENDS[carried.end]
    if state is not None:
        recorder.record(row, _outcome(state, carried.calls), 0)


def _run_pass(path: Path, number: int, given: Pass, usd: Decimal | None) -> Tally:
    """Run one pass and kill it; what its own summary would have said of money."""
    folder = RunFolder.create(path) if number == 1 else RunFolder.resume(path)
    with folder, Past.read(folder, SEAL) as past:
        folder.write_manifest({"passes": number})
        trail = AuditTrail(folder.audit, ProfileChain(PROFILE), SEAL, number)
        recorder = Recorder(PROFILE, folder, Counts(), past.tally, trail, pass_number=number)
        for name, carried in given.rows.items():
            _carry(recorder, name, carried, usd)
        recorder.close()
        if given.torn:
            for log in (folder.audit, folder.results, folder.journal):
                with log.path.open("ab") as file:
                    file.write(b'{"custom_id":"a","ev')
        return past.tally


def _read(path: Path) -> tuple[Tally, int]:
    with RunFolder.resume(path) as folder, Past.read(folder, SEAL) as past:
        return past.tally, sum(1 for _ in read_intents(folder.audit.path))


@settings(deadline=None, max_examples=50)  # every pass opens and syncs a folder
@given(PASSES)
def test_every_call_is_settled_by_one_recorded_attempt_or_counted_as_interrupted(passes):
    usd = Decimal("0.125")
    killed = 0
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "run"
        for number, one in enumerate(passes, start=1):
            told = _run_pass(path, number, one, usd)
            killed += sum(row.calls for row in one.rows.values() if row.end == "killed")
            past, intents = _read(path)
            assert past.attempts + past.interrupted_calls == intents
            assert past.interrupted_calls == killed
            assert past.interrupted_usd == killed * usd
            assert (told.attempts, told.interrupted_calls, told.interrupted_usd) == (
                past.attempts,
                past.interrupted_calls,
                past.interrupted_usd,
            )


@pytest.mark.parametrize("log", ["results.jsonl", "journal.jsonl"])
@pytest.mark.parametrize("line", ["{}", "[]", '{"custom_id": "a", "airoute": {"digest": "zz"}}'])
def test_a_line_that_no_run_has_written_is_named(tmp_path, log, line):
    rows = {"a": Carried(1, "completed"), "b": Carried(1, "failed")}
    _run_pass(tmp_path / "run", 1, Pass(rows, torn=False), None)
    with (tmp_path / "run" / log).open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(RunError, match=rf"{log}:2 is not as a run writes it .*delete that line"):
        _read(tmp_path / "run")


def test_an_interrupted_call_without_a_price_is_of_unknown_cost(tmp_path):
    _run_pass(tmp_path / "run", 1, Pass({"a": Carried(2, "killed")}, torn=False), None)
    past, _ = _read(tmp_path / "run")
    assert (past.interrupted_calls, past.interrupted_unknown, past.interrupted_usd) == (2, 2, 0)


@pytest.mark.parametrize(("with_tries", "found"), [(True, 1), (False, None)])
def test_the_first_pass_that_tried_a_row_is_known_where_it_is_wanted(tmp_path, with_tries, found):
    for number in (1, 2):
        rows = {"a": Carried(1, "failed")}
        _run_pass(tmp_path / "run", number, Pass(rows, torn=False), None)
    with (
        RunFolder.resume(tmp_path / "run") as folder,
        Past.read(folder, SEAL, with_tries=with_tries) as past,
    ):
        assert past.first_tried(_row("a")) == found
        assert past.first_tried(_row("b")) is None


@pytest.mark.parametrize(
    ("kind", "found"),
    [(ErrorKind.NOT_FOUND, None), (ErrorKind.AUTH, 1), (ErrorKind.SERVER, 1), (None, 1)],
)
def test_what_was_turned_away_at_the_door_is_no_try(tmp_path, kind, found):
    path = tmp_path / "run"
    with RunFolder.create(path) as folder:
        folder.write_manifest({"passes": 1})
        trail = AuditTrail(folder.audit, ProfileChain(PROFILE), SEAL, 1)
        trail.intend(_row("a"), _call(None), 1)
        trail.ended(_row("a"), 1, Attempt("m", 1.0, 1.0, kind, "told"), None)
        folder.flush()
    with RunFolder.resume(path) as folder, Past.read(folder, SEAL, with_tries=True) as past:
        assert past.first_tried(_row("a")) == found


def test_under_another_key_every_row_counts_as_tried(tmp_path):
    _run_pass(tmp_path / "run", 1, Pass({"a": Carried(1, "failed")}, torn=False), None)
    with (
        RunFolder.resume(tmp_path / "run") as folder,
        Past.read(folder, Seal(b"another"), with_tries=True) as past,
    ):
        assert past.first_tried(_row("a")) == 1
        assert past.first_tried(_row("b")) == 1


def test_rows_that_complete_in_one_turn_are_written_together_and_count_when_they_are(tmp_path):
    counts, later = Counts(), []
    with RunFolder.create(tmp_path / "run") as folder, Past.read(folder, SEAL) as past:
        trail = AuditTrail(folder.audit, ProfileChain(PROFILE), SEAL, 1)
        recorder = Recorder(
            PROFILE, folder, counts, past.tally, trail, pass_number=1, soon=later.append
        )
        for name in "ab":
            _carry(recorder, name, Carried(1, "completed"), None)
        assert (folder.results.size, counts.done, recorder.calling, len(later)) == (0, 0, 2, 1)
        later.pop()()
        assert (counts.done, recorder.calling, past.tally.attempts) == (2, 0, 2)
        assert len(folder.results.path.read_bytes().splitlines()) == 2


def test_rows_that_the_disk_does_not_take_stay_pending(tmp_path, monkeypatch):
    counts, failures = Counts(), []
    with RunFolder.create(tmp_path / "run") as folder, Past.read(folder, SEAL) as past:
        trail = AuditTrail(folder.audit, ProfileChain(PROFILE), SEAL, 1)
        recorder = Recorder(
            PROFILE, folder, counts, past.tally, trail, pass_number=1, soon=lambda _: None
        )
        recorder.on_failure = failures.append
        for name in "ab":
            _carry(recorder, name, Carried(1, "completed"), None)
        monkeypatch.setattr(folder.results, "flush", _full)
        recorder.close()
        assert [str(one) for one in failures] == ["disk full"]
        assert (counts.states[RowState.PENDING], counts.done) == (2, 0)
        assert past.tally.interrupted_calls == 2


def _full() -> None:
    raise RunError("disk full")
