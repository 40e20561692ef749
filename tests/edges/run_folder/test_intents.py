from __future__ import annotations

from contextlib import closing
from decimal import Decimal

import pytest

from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.edges.run_folder.intents import EndedCalls, Intent, read_intents

INTENT = Intent(7, "a", b"\x01" * 32, "fast", 3, 2, Decimal("0.10"))


def test_an_intent_record():
    assert INTENT.told() == {
        "event": "intent",
        "line": 7,
        "custom_id": "a",
        "row": "01" * 32,
        "model": "fast",
        "pass": 3,
        "attempt": 2,
        "reserved_usd": "0.10",
    }
    assert INTENT._replace(reserved_usd=None).told()["reserved_usd"] is None


def test_intents_are_read_back_among_other_events(tmp_path):
    unpriced = INTENT._replace(reserved_usd=None, custom_id=None)
    with RunFolder.create(tmp_path / "run") as folder:
        assert list(read_intents(folder.audit.path)) == []
        folder.audit.add(INTENT.told())
        folder.audit.add({"event": "resumed"})
        folder.audit.add(unpriced.told())
        assert list(read_intents(folder.audit.path)) == [INTENT, unpriced]


@pytest.mark.parametrize(
    ("change", "settled"),
    [
        ({}, True),
        ({"attempt": 1}, True),
        ({"attempt": 3}, False),
        ({"pass_number": 2}, False),
        ({"pass_number": 4}, False),
        ({"line": 8}, False),
    ],
)
def test_a_call_is_settled_by_the_end_of_its_own_row_and_pass(change, settled):
    with closing(EndedCalls()) as ended:
        ended.add(3, 7, 2)
        ended.add(3, 8, 0)
        assert ended.settles(INTENT._replace(**change)) is settled
