"""What a model said of a row is on the disk before its answer is: a kill -9 costs no label."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from airoute_cli.engine.audit_verify import verify
from tests.engine.labelled import a_profile, label, results, write_rows
from tests.servers.scripted import ScriptedServer, hang, ok

PROMPTS = ["my money back", "where is it?", "money, please"]


def _labels(audit: Path) -> int:
    return audit.read_bytes().count(b'"of":"') if audit.exists() else 0


def test_a_label_outlasts_a_kill(airoute, tmp_path):
    with ScriptedServer() as sorter, ScriptedServer() as worker:
        sorter.respond = label
        worker.respond = lambda _request, _n: hang()
        a_profile(tmp_path, sorter, worker)
        rows, folder = write_rows(tmp_path, PROMPTS), tmp_path / "run"
        command = [sys.executable, "-m", "airoute_cli", "batch", str(rows), "-o", "run", "-q"]
        run = subprocess.Popen(command, cwd=tmp_path)
        try:
            worker.wait_for(len(PROMPTS))
            ends = time.monotonic() + 10
            while _labels(folder / "audit.jsonl") < len(PROMPTS) and time.monotonic() < ends:
                time.sleep(0.05)
        finally:
            run.send_signal(signal.SIGKILL)
            run.wait()
        assert sorter.count == len(PROMPTS)
        worker.respond = lambda _request, _n: ok()
        again = airoute("batch", str(rows), "-o", "run", "--resume")
        assert again.returncode == 0, again.stderr
        assert sorter.count == len(PROMPTS), "none is asked about again"
        told = results(folder)
        assert [told[f"r{n}"]["route"] for n in (1, 2, 3)] == ["refunds", "rest", "refunds"]
        assert all(one["label"]["said"] and not one["label"]["asked"] for one in told.values())
        assert "tasks 0 asked for, 3 known from the same text, 0 by default" in again.stderr
        assert verify(folder).holds
