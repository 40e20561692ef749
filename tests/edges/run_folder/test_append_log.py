from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.errors import RunError
from airoute_cli.edges.run_folder.append_log import AppendLog, read_records, whole_lines

LINES = st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"")), max_size=8)


def lines_of(path: Path) -> list[bytes]:
    return [line[:-1] for _, line in whole_lines(path)]


@given(lines=LINES, data=st.data())
def test_a_kill_at_any_byte_costs_at_most_the_line_that_was_being_written(lines, data):
    whole = b"".join(line + b"\n" for line in lines)
    cut = data.draw(st.integers(0, len(whole)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "results.jsonl"
        path.write_bytes(whole[:cut])
        kept = lines[: whole[:cut].count(b"\n")]
        assert lines_of(path) == kept
        log = AppendLog(path)
        assert log.repaired == cut - log.size
        assert path.read_bytes() == b"".join(line + b"\n" for line in kept)
        offset = log.append(b"next")
        assert log.read_line_at(offset) == b"next"
        log.close()
        assert lines_of(path) == [*kept, b"next"]


def test_a_torn_line_longer_than_a_block_is_cut_off(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"one\n" + b"x" * 300_000)
    log = AppendLog(path)
    log.close()
    assert (log.repaired, path.read_bytes()) == (300_000, b"one\n")
    path.write_bytes(b"x" * 300_000)
    log = AppendLog(path)
    log.close()
    assert (log.repaired, path.read_bytes()) == (300_000, b"")


def test_lines_stand_where_append_says(tmp_path):
    log = AppendLog(tmp_path / "log")
    lines = [b"a", b"", b"y" * 200_000, b"z"]
    offsets = [log.append(line) for line in lines]
    assert [log.read_line_at(offset) for offset in offsets] == lines
    assert (log.path.stat().st_mode & 0o777, log.repaired) == (0o600, 0)
    log.close()
    log.close()


def test_a_short_write_is_carried_on(tmp_path, monkeypatch):
    log = AppendLog(tmp_path / "log")
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:3]))
    log.append(b"a long line")
    monkeypatch.undo()
    log.close()
    assert lines_of(log.path) == [b"a long line"]


def test_it_is_dirty_until_it_is_synced(tmp_path):
    log = AppendLog(tmp_path / "log")
    assert not log.dirty
    log.append(b"x")
    assert log.dirty
    log.sync()
    assert not log.dirty
    log.close()


def test_a_sync_that_fails_is_tried_again(tmp_path, monkeypatch):
    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    log = AppendLog(tmp_path / "log")
    log.append(b"x")
    monkeypatch.setattr(os, "fdatasync", fail)
    with pytest.raises(RunError, match=r"cannot write .*/log: Input/output error; everything"):
        log.sync()
    assert log.dirty
    log.close()


# It runs in a process of its own, because a file size limit holds for the whole process.
FILLS_UP = """
import resource, signal, sys
from pathlib import Path
from airoute_cli.core.errors import RunError
from airoute_cli.edges.run_folder.append_log import AppendLog
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
log = AppendLog(Path(sys.argv[1]))
log.append(b"a" * 600)
try:
    log.append(b"b" * 600)
except RunError as error:
    print(error)
log.append(b"c" * 300)
"""


def test_a_file_that_can_grow_no_more_ends_with_a_whole_line(tmp_path):
    path = tmp_path / "log"
    done = subprocess.run(
        [sys.executable, "-c", FILLS_UP, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == (
        "the file grew past the size limit set here (ulimit -f) while writing "
        f"{path}; everything finished so far is saved; raise the limit and run again with "
        "--resume\n"
    )
    assert lines_of(path) == [b"a" * 600, b"c" * 300]


def test_a_full_disk_is_told_in_words(tmp_path, monkeypatch):
    path = tmp_path / "log"
    path.symlink_to("/dev/full")
    monkeypatch.setattr(os, "ftruncate", lambda *_: None)  # a device has no length
    log = AppendLog(path)
    with pytest.raises(RunError) as error:
        log.append(b"x")
    assert str(error.value) == (
        f"disk full while writing {path}; everything finished so far is saved; free some space "
        "and run again with --resume"
    )
    assert not log.dirty
    log.close()


def test_a_log_that_cannot_be_opened_is_told_in_words(tmp_path):
    (tmp_path / "log").mkdir()
    with pytest.raises(RunError, match=r"^cannot open .*/log: Is a directory$"):
        AppendLog(tmp_path / "log")


def test_records_have_their_places_and_a_damaged_one_is_named(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b'{"a": 1}\n{"a": 2}\n{"a"')
    assert [tuple(record) for record in read_records(path)] == [
        ({"a": 1}, 0, 9),
        ({"a": 2}, 9, 9),
    ]
    path.write_bytes(b'{"a": 1}\n{"a"\n')
    with pytest.raises(RunError, match=r"/log:2 is damaged \(unexpected end of data at column 5\)"):
        list(read_records(path))
    assert list(read_records(tmp_path / "none")) == []


@given(LINES, st.data())
def test_lines_that_are_held_stand_where_it_was_said_once_they_are_written(lines, data):
    with tempfile.TemporaryDirectory() as folder:
        log = AppendLog(Path(folder) / "log")
        offsets = []
        for line in lines:
            append = data.draw(st.sampled_from([log.append, log.append_soon]))
            offsets.append(append(line))
        log.flush()
        assert [log.read_line_at(offset) for offset in offsets] == lines
        assert (lines_of(log.path), log.size) == (lines, log.path.stat().st_size)
        log.close()


def test_held_lines_take_one_write_together_with_what_comes_behind(tmp_path, monkeypatch):
    log, write, writes = AppendLog(tmp_path / "log"), os.write, []
    monkeypatch.setattr(os, "write", lambda fd, data: writes.append(data) or write(fd, data))
    log.append_soon(b"a")
    log.append_soon(b"b")
    assert (writes, log.dirty, log.size) == ([], False, 0)
    log.append(b"c")
    log.flush()
    assert writes == [b"a\nb\nc\n"]
    log.close()


def test_held_lines_that_the_disk_does_not_take_are_kept_for_later(tmp_path, monkeypatch):
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    log = AppendLog(tmp_path / "log")
    log.append_soon(b"a")
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(RunError, match="disk full"):
        log.append(b"told of as not written")
    with pytest.raises(RunError, match="disk full"):
        log.flush()
    monkeypatch.undo()
    assert log.append(b"b") == 2
    assert lines_of(log.path) == [b"a", b"b"]
    log.close()
