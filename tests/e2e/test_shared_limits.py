from __future__ import annotations

import subprocess
import sys
import time

from tests.e2e.conftest import PROFILE
from tests.servers.scripted import Recorded

LIMIT = 300


def test_two_runs_with_one_key_keep_its_limit_together(rows, provider_server, tmp_path, home):
    """By the server's own clock; one of them is killed in the middle, and a third goes on."""
    text = PROFILE.format(url=provider_server.base_url, timeout=30)
    text = text.replace("[models.small]", f"requests_per_minute = {LIMIT}\n[models.small]", 1)
    (tmp_path / "airoute.toml").write_text(text)

    def start(name: str) -> subprocess.Popen[bytes]:
        given = [{"custom_id": f"{name}-{n}", "prompt": f"{name} {n}"} for n in range(1_000)]
        command = ["batch", str(rows(given, f"{name}.jsonl")), "-o", f"run-{name}", "-q"]
        return subprocess.Popen([sys.executable, "-m", "airoute_cli", *command], cwd=tmp_path)

    first, second = start("first"), start("second")
    try:
        _until(lambda: _asked(provider_server.requests, "second") >= 15)
        second.kill()
        killed_at = provider_server.count
        third = start("third")
        try:
            _until(lambda: _asked(provider_server.requests, "third") >= 15)
        finally:
            third.kill()
            third.wait()
    finally:
        for process in (first, second):
            process.kill()
            process.wait()
    times = [request.time for request in provider_server.requests]
    assert killed_at < len(times) <= LIMIT
    # At the pace of one: two that do not know of each other would be twice as fast.
    seconds = times[-1] - times[0]
    assert len(times) <= LIMIT / 60 * seconds + LIMIT / 60
    assert all(_asked(provider_server.requests, name) >= 15 for name in ("first", "third"))
    files = list(home.rglob("limits.sqlite*"))
    assert files
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def _asked(requests: list[Recorded], name: str) -> int:
    return sum(request.prompt.startswith(name) for request in list(requests))


def _until(reached, deadline_s: float = 60) -> None:
    ends = time.monotonic() + deadline_s
    while not reached():
        assert time.monotonic() < ends
        time.sleep(0.02)
