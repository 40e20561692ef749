from __future__ import annotations

from contextlib import closing
from decimal import Decimal

import orjson
import pytest

from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.edges.run_folder.intents import EndedCalls, Intent, intent_line, read_intents

INTENT = Intent("a", b"\x01" * 16, "fast", 3, 2, Decimal("0.10"))


def test_an_intent_line():
    assert orjson.loads(intent_line(INTENT)) == {
        "event": "intent",
        "custom_id": "a",
        "digest": "01" * 16,
        "model": "fast",
        "pass": 3,
        "attempt": 2,
        "reserved_usd": "0.10",
    }
    assert orjson.loads(intent_line(INTENT._replace(reserved_usd=None)))["reserved_usd"] is None


def test_intents_are_read_back_among_other_events(tmp_path):
    unpriced = INTENT._replace(reserved_usd=None)
    with RunFolder.create(tmp_path / "run") as folder:
        assert list(read_intents(folder.audit.path)) == []
        folder.audit.append(intent_line(INTENT))
        folder.audit.append(b'{"event":"resumed"}')
        folder.audit.append(intent_line(unpriced))
        assert list(read_intents(folder.audit.path)) == [INTENT, unpriced]


@pytest.mark.parametrize(
    ("change", "settled"),
    [
        ({}, True),
        ({"attempt": 1}, True),
        ({"attempt": 3}, False),
        ({"pass_number": 2}, False),
        ({"pass_number": 4}, False),
        ({"custom_id": "b"}, False),
    ],
)
def test_a_call_is_settled_by_the_end_of_its_own_row_and_pass(change, settled):
    with closing(EndedCalls()) as ended:
        ended.add("a", 3, 2)
        ended.add("b", 3, 0)
        assert ended.settles(INTENT._replace(**change)) is settled
