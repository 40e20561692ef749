from __future__ import annotations

import os
import tempfile
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airoute_cli.core.errors import RunError
from airoute_cli.edges.run_folder.audit_chain import Chain, Fault, read_links
from airoute_cli.edges.run_folder.audit_log import GENESIS, AuditLog, digest_of

RECORDS = st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(0, 9)), min_size=2)
STEPS = st.tuples(st.sampled_from(["add", "add_soon", "fail"]), st.integers(0, 9))
Lines = list[bytes]


def written(records: list[dict[str, int]]) -> tuple[Lines, str]:
    """The lines of a chain, and its head."""
    with tempfile.TemporaryDirectory() as name:
        log = AuditLog(Path(name) / "audit.jsonl")
        for record in records:
            log.add(record)
        log.close()
        return log.path.read_bytes().splitlines(), log.head


def faults(lines: Lines, head: str | None = None) -> list[Fault]:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "audit.jsonl"
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        chain = Chain(head)
        assert len(list(chain.follow(read_links(path)))) == len(lines)
        if not chain.faults and head and (chain.last is None or chain.last.digest != head):
            return [Fault(len(lines), "the end is another")]
        return chain.faults


def test_each_record_holds_the_digest_of_the_one_before():
    lines, head = written([{"a": 1}, {"b": 2}])
    first, second = map(orjson.loads, lines)
    assert first == {"n": 1, "prev": GENESIS, "a": 1}
    assert second == {"n": 2, "prev": digest_of(lines[0]), "b": 2}
    assert head == digest_of(lines[1])


def test_the_chain_goes_on_from_the_last_whole_record(tmp_path):
    path = tmp_path / "audit.jsonl"
    log = AuditLog(path)
    log.add({"a": 1})
    log.close()
    with path.open("ab") as file:
        file.write(b'{"n":2,"prev":"')
    log = AuditLog(path)
    assert (log.records, log.repaired) == (1, 15)
    log.add({"event": "resumed"})
    log.close()
    assert faults(path.read_bytes().splitlines(), log.head) == []


def test_a_log_that_ends_with_something_else_is_not_gone_on_with(tmp_path):
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b'{"event":"intent"}\n')
    with pytest.raises(RunError, match="is no record of the chain"):
        AuditLog(path)


@given(RECORDS)
def test_a_chain_that_nobody_touched_is_whole(records):
    lines, head = written(records)
    assert faults(lines) == []
    assert faults(lines, head) == []


@settings(deadline=None)
@given(RECORDS, st.data())
def test_a_changed_line_is_named(records, data):
    lines, head = written(records)
    number = data.draw(st.integers(0, len(lines) - 1))
    place = data.draw(st.integers(0, len(lines[number]) - 1))
    byte = data.draw(st.integers(32, 126).filter(lambda b: b != lines[number][place]))
    line = bytearray(lines[number])
    line[place] = byte
    lines[number] = bytes(line)
    assert [fault.line for fault in faults(lines, head)] == [number + 1]


@settings(deadline=None)
@given(RECORDS, st.data())
def test_a_dropped_line_is_named_by_what_stands_in_its_place(records, data):
    lines, head = written(records)
    number = data.draw(st.integers(0, len(lines) - 1))
    del lines[number]
    assert [fault.line for fault in faults(lines, head)] == [min(number + 1, len(lines))]


@settings(deadline=None)
@given(RECORDS, st.data())
def test_lines_that_changed_places_are_named(records, data):
    lines, head = written(records)
    first = data.draw(st.integers(0, len(lines) - 2))
    second = data.draw(st.integers(first + 1, len(lines) - 1))
    lines[first], lines[second] = lines[second], lines[first]
    assert faults(lines, head)[0].line == first + 1


@settings(deadline=None)
@given(RECORDS, st.data())
def test_a_line_that_was_put_in_is_named(records, data):
    lines, head = written(records)
    number = data.draw(st.integers(0, len(lines)))
    lines.insert(number, data.draw(st.sampled_from([b"{}", b"", b"[1]", lines[0]])))
    assert faults(lines, head)[0].line in {number + 1, number + 2}


@settings(deadline=None)
@given(RECORDS, st.data())
def test_a_chain_that_was_written_anew_has_another_head(records, data):
    _, head = written(records)
    number = data.draw(st.integers(0, len(records) - 1))
    forged = [*records[:number], {"forged": 1}, *records[number + 1 :]]
    lines, other = written(forged)
    assert other != head
    assert faults(lines) == []
    assert [fault.line for fault in faults(lines, head)] == [len(lines)]


@given(st.lists(STEPS))
def test_a_chain_is_whole_however_its_records_were_written(steps):
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        log = AuditLog(Path(name) / "audit.jsonl")
        log.add({"a": 0})
        for how, value in steps:
            if how != "fail":
                getattr(log, how)({"a": value})
                continue
            patch.setattr(os, "write", _no_space)
            with pytest.raises(RunError):
                log.add({"lost": value})
            patch.undo()
        log.flush()
        log.close()
        lines = log.path.read_bytes().splitlines()
        told = [orjson.loads(line).get("a") for line in lines]
        assert told == [0] + [value for how, value in steps if how != "fail"]
        assert faults(lines, log.head) == []


def _no_space(*_: object) -> int:
    raise OSError(28, "No space left on device")
