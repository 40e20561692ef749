from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.outcome import RowFailure, RowState
from airoute_cli.core.request import BadRow, Row
from airoute_cli.edges.rows.parse import read_line
from airoute_cli.edges.run_folder.journal import journal_line, row_in, view_line

FAILURE = RowFailure("timeout", "no answer in 300 s")
CHARACTERS = st.characters(exclude_categories=["Cs"])
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(CHARACTERS),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(CHARACTERS), inner, max_size=3)
    ),
    max_leaves=4,
)


def line_for(raw: bytes, told: dict[str, object] | None = None) -> bytes:
    return journal_line(read_line(raw, 4), RowState.FAILED, FAILURE, told or {})


def test_a_journal_line():
    raw = b'{"custom_id": "a", "prompt":"x", "big": 123456789012345678901234567890}'
    row = read_line(raw, 4)
    line = line_for(raw, {"attempts": 3, "usd": 0.5})
    assert line == (
        b'{"custom_id":"a","digest":"%s","line":4,"state":"failed",'
        b'"error":{"code":"timeout","message":"no answer in 300 s"},'
        b'"airoute":{"attempts":3,"usd":0.5},"row":%s}' % (row.digest.hex().encode(), raw)
    )
    assert view_line(line) == raw[:-1] + (
        b',"airoute":{"custom_id":"a","line":4,"state":"failed",'
        b'"error":{"code":"timeout","message":"no answer in 300 s"},"attempts":3}}'
    )


def test_a_line_that_was_no_row_is_kept_as_text():
    line = line_for(b'{"prompt": "\xff', {})
    assert orjson.loads(view_line(line)) == {
        "custom_id": "line-4",
        "raw": '{"prompt": "\\xff',
        "airoute": {
            "custom_id": "line-4",
            "line": 4,
            "state": "failed",
            "error": {"code": "timeout", "message": "no answer in 300 s"},
        },
    }


def test_a_row_without_a_failure():
    line = journal_line(read_line(b'{"prompt":"x"}', 1), RowState.DEFERRED, None, {})
    assert orjson.loads(line)["error"] is None


@pytest.mark.parametrize("raw", [b"{}", b"{ }", b' {"prompt": ""}\t'])
def test_unusable_objects_stay_objects(raw):
    shown = orjson.loads(view_line(line_for(raw)))
    assert shown.pop("airoute")["line"] == 4
    assert shown == orjson.loads(raw)


@given(
    content=st.dictionaries(st.text(CHARACTERS), JSON),
    told=st.dictionaries(st.text(CHARACTERS), JSON),
)
def test_the_row_comes_out_of_its_journal_line_byte_by_byte(content, told):
    raw = orjson.dumps(content)
    line = line_for(raw, {**told, "row": {"prompt": "no"}, "x": ',"row":{'})
    assert b"\n" not in line
    assert row_in(line) == raw


@given(text=st.text(CHARACTERS, min_size=1).filter(str.strip), has_id=st.booleans())
def test_a_row_can_be_fed_in_again_any_number_of_times(text, has_id):
    raw = orjson.dumps(
        {"prompt": text, "temperature": 1.50} | ({"custom_id": text} if has_id else {})
    )
    first = read_line(raw, 1)
    assert isinstance(first, Row)
    shown = raw
    for _ in range(3):
        shown = view_line(journal_line(read_line(shown, 9), RowState.FAILED, FAILURE, {}))
        again = read_line(shown, 9)
        assert isinstance(again, Row)
        assert (again.custom_id, again.digest) == (first.custom_id, first.digest)
        assert shown.startswith(raw[:-1] + b',"airoute":')
        assert shown.count(b'"airoute":') == 1 + raw.count(b'"airoute":')


def test_a_mark_that_does_not_stand_at_the_end_is_taken_out_too():
    shown = orjson.loads(view_line(line_for(b'{"airoute": {"x": 1}, "prompt": "x"}')))
    assert shown["airoute"]["state"] == "failed"
    assert shown["prompt"] == "x"


@given(raw=st.binary(max_size=40).filter(lambda raw: b"\n" not in raw))
def test_any_bytes_can_be_kept(raw):
    bad = BadRow("line-1", 1, bytes(16), raw, "invalid_json", "…")
    line = journal_line(bad, RowState.FAILED, FAILURE, {})
    assert b"\n" not in line
    assert orjson.loads(view_line(line))["airoute"]["custom_id"] == "line-1"
