from __future__ import annotations

from decimal import Decimal

import orjson

from airoute_cli.core.outcome import RowFailure, RowState
from airoute_cli.edges.rows.parse import read_line
from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.edges.run_folder.intents import intent_line, open_intents
from airoute_cli.edges.run_folder.journal import journal_line


def test_an_intent_line():
    assert orjson.loads(intent_line("a", b"\x01" * 16, "fast", 2, Decimal("0.10"))) == {
        "event": "intent",
        "custom_id": "a",
        "digest": "01" * 16,
        "model": "fast",
        "attempt": 2,
        "reserved_usd": "0.10",
    }
    assert orjson.loads(intent_line("a", b"", "fast", 1, None))["reserved_usd"] is None


def test_calls_without_an_end_are_counted(tmp_path):
    with RunFolder.create(tmp_path / "run") as folder:
        assert open_intents(folder) == 0
        for custom_id in ("done", "failed", "open", "open", "open too"):
            folder.audit.append(intent_line(custom_id, b"", "fast", 1, None))
        folder.audit.append(b'{"event":"resumed"}')
        folder.results.append(b'{"custom_id":"done"}')
        bad = read_line(b'{"custom_id": "failed", "prompt": ""}', 1)
        failure = RowFailure("empty_prompt", "prompt is empty")
        folder.journal.append(journal_line(bad, RowState.FAILED, failure, {}))
        assert open_intents(folder) == 3
