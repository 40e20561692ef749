from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from airoute_cli.engine.audit_verify import verify
from tests.e2e.conftest import read_lines
from tests.servers.scripted import ok, slow, status

ROWS = 60


def _start(*args: str, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "airoute_cli", "batch", "rows.jsonl", "-o", "run", "-j", "4", *args],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_three_kills_and_every_row_ends_exactly_once(profile, rows, provider_server, tmp_path):
    rows(ROWS)
    provider_server.respond = lambda *_: slow(0.05)
    finished: dict[str, int] = {}
    for kill in range(3):
        process = _start(*(["--resume"] if kill else []), cwd=tmp_path)
        provider_server.wait_for(provider_server.count + 12)
        process.kill()
        process.communicate()
        results = (tmp_path / "run" / "results.jsonl").read_bytes()
        whole = results[: results.rfind(b"\n") + 1].splitlines()
        asked = provider_server.by_prompt
        for line in whole:
            name = json.loads(line)["custom_id"].replace("row-", "question ")
            finished.setdefault(name, asked[name])
    ended = _start("--resume", cwd=tmp_path)
    _, said = ended.communicate(timeout=60)
    assert ended.returncode == 0, said
    assert f"{ROWS} rows in = {ROWS} completed" in said
    ids = [line["custom_id"] for line in read_lines(tmp_path / "run" / "results.jsonl")]
    assert sorted(ids) == sorted(f"row-{n}" for n in range(ROWS))
    assert finished
    assert {name: provider_server.by_prompt[name] for name in finished} == finished
    records = read_lines(tmp_path / "run" / "audit.jsonl")
    intents = [record for record in records if record["event"] == "intent"]
    assert [record["event"] for record in records].count("resumed") == 3
    assert verify(tmp_path / "run").holds
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["attempts"]["total"] + summary["cost"]["interrupted_calls"] == len(intents)
    assert ROWS <= provider_server.count <= len(intents)


def test_a_torn_last_line_is_mended_and_its_row_asked_again(
    airoute, profile, rows, provider_server, tmp_path
):
    source = str(rows(5))
    airoute("batch", source, "-o", "run")
    results = tmp_path / "run" / "results.jsonl"
    results.write_bytes(results.read_bytes()[:-20])
    ran = airoute("batch", source, "-o", "run", "--resume")
    assert ran.returncode == 0, ran.stderr
    assert sorted(line["custom_id"] for line in read_lines(results)) == [
        f"row-{n}" for n in range(5)
    ]
    assert sorted(provider_server.by_prompt.values()) == [1, 1, 1, 1, 2]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 130)]
)
def test_a_signal_drains_and_the_rest_can_be_resumed(
    profile, rows, provider_server, tmp_path, number, code
):
    rows(ROWS)
    provider_server.respond = lambda *_: slow(0.2)
    process = _start(cwd=tmp_path)
    provider_server.wait_for(8)
    os.kill(process.pid, number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == code, said
    manifest = json.loads((tmp_path / "run" / "run.json").read_text())
    counts = manifest["rows"]
    assert counts["in"] == ROWS
    assert counts["completed"] + counts["pending"] == ROWS
    assert counts["completed"] == provider_server.count, "calls under way were finished, not cut"
    resumed = _start("--resume", cwd=tmp_path)
    _, said = resumed.communicate(timeout=60)
    assert resumed.returncode == 0, said
    assert set(provider_server.by_prompt.values()) == {1}


def test_a_second_process_is_refused(profile, rows, provider_server, tmp_path, airoute):
    rows(ROWS)
    provider_server.respond = lambda *_: slow(0.2)
    process = _start(cwd=tmp_path)
    provider_server.wait_for(1)
    second = airoute("batch", "rows.jsonl", "-o", "run", "--resume")
    process.kill()
    process.communicate()
    assert second.returncode == 1
    assert str(process.pid) in second.stderr


def test_a_call_that_a_kill_cut_off_is_told_for_ever(
    airoute, profile, rows, provider_server, tmp_path
):
    source = str(rows(1))
    run = tmp_path / "run"
    provider_server.respond = lambda *_: status(400)
    assert airoute("batch", source, "-o", "run").returncode == 3
    provider_server.respond = lambda *_: slow(60)
    process = _start("--resume", "--retry-errors", cwd=tmp_path)
    provider_server.wait_for(provider_server.count + 1)
    process.kill()
    process.communicate()
    provider_server.respond = lambda *_: ok("at last")
    for again in (["--retry-errors"], []):
        ran = airoute("batch", source, "-o", "run", "--resume", *again)
        assert ran.returncode == 0, ran.stderr
        assert "1 call under way when the run was cut off may be billed" in ran.stderr
        cost = json.loads((run / "summary.json").read_text())["cost"]
        assert cost["interrupted_calls"] == 1
        intents = [line for line in read_lines(run / "audit.jsonl") if line["event"] == "intent"]
        cut_off = [line for line in intents if line["pass"] == 2]
        assert cost["interrupted_usd"] == float(cut_off[0]["reserved_usd"]) > 0
    assert len(intents) == provider_server.count


def test_an_aborted_call_is_told_at_once_and_by_the_resume(
    airoute, profile, rows, provider_server, tmp_path
):
    rows(1)
    provider_server.respond = lambda *_: slow(60)
    process = _start(cwd=tmp_path)
    provider_server.wait_for(1)
    assert process.stderr is not None
    process.send_signal(signal.SIGINT)
    while "once more to abort" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "1 call under way when the run was cut off may be billed" in said
    provider_server.respond = lambda *_: ok("at last")
    ran = airoute("batch", "rows.jsonl", "-o", "run", "--resume")
    assert "1 call under way when the run was cut off may be billed" in ran.stderr
