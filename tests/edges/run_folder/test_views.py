from __future__ import annotations

import tempfile
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airoute_cli.core.outcome import RowFailure, RowState
from airoute_cli.core.request import Row
from airoute_cli.edges.rows.parse import read_line
from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.edges.run_folder.journal import journal_line
from airoute_cli.edges.run_folder.views import VIEWS, write_views

IDS = "abcdef"
ENDS = [state for state in RowState if state is not RowState.COMPLETED]


def row(custom_id: str) -> Row:
    read = read_line(orjson.dumps({"custom_id": custom_id, "prompt": f"p {custom_id}"}), 1)
    assert isinstance(read, Row)
    return read


def end(folder: RunFolder, custom_id: str, state: RowState) -> None:
    if state is RowState.COMPLETED:
        done = {"custom_id": custom_id, "airoute": {"digest": row(custom_id).digest.hex()}}
        folder.results.append(orjson.dumps(done))
    else:
        failure = RowFailure("code", "message")
        folder.journal.append(journal_line(row(custom_id), state, failure, {}))


def view(folder: RunFolder, name: str) -> list[str]:
    path = folder.path / name
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")
    assert lines.pop() == b""
    return [orjson.loads(line)["custom_id"] for line in lines]


@settings(max_examples=40)
@given(
    ends=st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(list(RowState))), max_size=20),
    more=st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(list(RowState))), max_size=5),
)
def test_views_hold_each_row_by_its_last_end_and_never_a_completed_one(ends, more):
    with tempfile.TemporaryDirectory() as path, RunFolder.create(Path(path)) as folder:
        for count in (len(ends), len(ends) + len(more)):  # a run, and then a resumed one
            told = (ends + more)[:count]
            for custom_id, state in told if count == len(ends) else more:
                end(folder, custom_id, state)
            counts = write_views(folder)
            completed = {custom_id for custom_id, state in told if state is RowState.COMPLETED}
            last: dict[str, RowState] = {}
            for custom_id, state in told:
                if state is not RowState.COMPLETED:
                    last.pop(custom_id, None)
                    last[custom_id] = state
            for name, state in VIEWS.items():
                expected = [i for i in last if last[i] is state and i not in completed]
                assert view(folder, name) == expected
                assert counts[name] == len(expected)
                assert (folder.path / name).exists() == bool(expected)


def test_a_view_is_private_and_can_be_fed_in_again(tmp_path):
    with RunFolder.create(tmp_path / "run") as folder:
        for state in ENDS:
            end(folder, f"id-{state}", state)
        assert write_views(folder) == dict.fromkeys(VIEWS, 1)
    for name, state in VIEWS.items():
        path = folder.path / name
        line = path.read_bytes()
        assert path.stat().st_mode & 0o777 == 0o600
        again = read_line(line.rstrip(b"\n"), 1)
        assert isinstance(again, Row)
        assert (again.custom_id, again.digest) == (f"id-{state}", row(f"id-{state}").digest)
        assert orjson.loads(line)["airoute"]["state"] == state
    assert not list(folder.path.glob(".*"))


def test_a_view_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    with RunFolder.create(tmp_path / "run") as folder:
        end(folder, "a", RowState.FAILED)
        write_views(folder)
        before = (folder.path / "errors.jsonl").read_bytes()
        end(folder, "b", RowState.FAILED)

        def fail(_: bytes) -> bytes:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("airoute_cli.edges.run_folder.views.view_line", fail)
        with pytest.raises(Exception, match=r"^disk full while writing .*/errors\.jsonl; every"):
            write_views(folder)
        assert (folder.path / "errors.jsonl").read_bytes() == before
        assert not list(folder.path.glob(".*"))
