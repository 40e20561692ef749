from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

import pytest

from airoute_cli.core.errors import RunError, UsageError
from airoute_cli.edges.run_folder.append_log import AppendLog
from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.edges.run_folder.lock import FolderLock


@pytest.fixture
def run_path(tmp_path: Path) -> Path:
    path = tmp_path / "run"
    path.mkdir()
    return path


def test_a_new_folder_is_private_and_can_be_resumed(run_path):
    path = run_path / "runs" / "night"
    with RunFolder.create(path) as folder:
        assert path.stat().st_mode & 0o777 == 0o700
        assert folder.read_manifest() == {}
        folder.write_manifest({"state": "running"})
        folder.results.append(b'{"custom_id":"a"}')
    with RunFolder.resume(path) as folder:
        assert folder.read_manifest() == {"state": "running"}
        assert folder.results.read_line_at(0) == b'{"custom_id":"a"}'
        assert folder.taken_over_from is None
    for entry in path.iterdir():
        assert entry.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_is_not_empty_is_refused_and_left_as_it_was(run_path):
    (run_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError) as refused:
        RunFolder.create(run_path)
    assert str(refused.value) == (
        f"{run_path} is not empty; add --resume to go on with it, or choose another folder"
    )
    assert [entry.name for entry in run_path.iterdir()] == ["notes.txt"]


def test_a_run_that_was_killed_before_its_first_row_can_be_started_again(run_path):
    with RunFolder.create(run_path) as folder:
        folder.write_json("profile.json", {})
        (run_path / ".run.json.tmp").write_bytes(b"{")
    RunFolder.create(run_path).close()


def test_one_that_has_a_row_cannot(run_path):
    with RunFolder.create(run_path) as folder:
        folder.results.append(b"{}")
    with pytest.raises(UsageError, match="is not empty"):
        RunFolder.create(run_path)


def test_two_runs_cannot_be_in_one_folder(run_path):
    with RunFolder.create(run_path) as folder:
        with pytest.raises(RunError, match="is in use by process"):
            RunFolder.create(run_path)
        folder.write_manifest({})
        with pytest.raises(RunError, match="is in use by process"):
            RunFolder.resume(run_path)


def test_a_run_that_began_and_ended_meanwhile_is_not_written_over(run_path, monkeypatch):
    def lock_late(path: Path) -> FolderLock:
        (path / "run.json").write_text("{}")
        return FolderLock(path)

    monkeypatch.setattr("airoute_cli.edges.run_folder.folder.FolderLock", lock_late)
    with pytest.raises(UsageError, match="is not empty"):
        RunFolder.create(run_path)
    FolderLock(run_path).release()


def test_there_must_be_a_run_to_resume(run_path):
    for path in (run_path, run_path / "none"):
        with pytest.raises(UsageError) as refused:
            RunFolder.resume(path)
        assert str(refused.value) == (
            f"there is no run to go on with in {path}: it holds no run.json; "
            "leave --resume out to start one"
        )


def test_a_place_that_cannot_be_used_is_told_in_words(run_path):
    file = run_path / "file"
    file.touch()
    for path in (file, file / "run"):
        with pytest.raises(UsageError, match=r"/file(/run)? is a file, not a folder; choose"):
            RunFolder.create(path)
    with pytest.raises(UsageError, match=r"^cannot use /proc/none/run as a run folder: No such"):
        RunFolder.create(Path("/proc/none/run"))


def test_a_torn_line_is_cut_off_on_resume(run_path):
    with RunFolder.create(run_path) as folder:
        folder.write_manifest({})
        folder.journal.append(b"{}")
    with (run_path / "journal.jsonl").open("ab") as file:
        file.write(b'{"custom_id": "b')
    with RunFolder.resume(run_path) as folder:
        assert (folder.journal.repaired, folder.results.repaired) == (16, 0)
    assert (run_path / "journal.jsonl").read_bytes() == b"{}\n"


def test_json_and_text_are_written_whole(run_path):
    with RunFolder.create(run_path) as folder:
        folder.write_json("a.json", {"usd": Decimal("0.10"), "table": MappingProxyType({"k": 1})})
        assert folder.read_json("a.json") == {"usd": "0.10", "table": {"k": 1}}
        folder.write_text("a.md", "é\n")
        assert (run_path / "a.md").read_text("utf-8") == "é\n"
        assert not list(run_path.glob(".*"))
        with pytest.raises(
            RunError, match=r"b\.json is missing, without which the run can neither go"
        ):
            folder.read_json("b.json")
        (run_path / "b.json").write_text('{\n"a"')
        with pytest.raises(RunError, match=r"b\.json is damaged at line 2: unexpected end of data"):
            folder.read_json("b.json")
        (run_path / "c.json").mkdir()
        with pytest.raises(RunError, match=r"^cannot read .*/c\.json: Is a directory$"):
            folder.read_json("c.json")
        with pytest.raises(RunError, match=r"^cannot write .*/c\.json: Is a directory; everything"):
            folder.write_json("c.json", {})


def test_intents_reach_the_disk_before_what_came_of_them(run_path, monkeypatch):
    synced = []
    monkeypatch.setattr(AppendLog, "sync", lambda log: synced.append(log.path.name))
    with RunFolder.create(run_path) as folder:
        folder.sync_all()
    assert synced == ["audit.jsonl", "results.jsonl", "journal.jsonl"]
