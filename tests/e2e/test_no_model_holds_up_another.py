from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

from tests.e2e.conftest import PROFILE

SLOW, FAST = 5_000, 100


def test_rows_of_a_limited_model_do_not_hold_up_those_behind_them(
    rows, provider_server, tmp_path, home
):
    """By the order at the server; then the run is stopped, and every row is accounted for."""
    text = PROFILE.format(url=provider_server.base_url, timeout=30)
    limit = 'name = "large-1"\nrequests_per_minute = 60\n'
    (tmp_path / "airoute.toml").write_text(text.replace('name = "large-1"\n', limit))
    given = [{"custom_id": f"slow-{n}", "prompt": f"refund {n}"} for n in range(SLOW)]
    given += [{"custom_id": f"fast-{n}", "prompt": f"hello {n}"} for n in range(FAST)]
    command = ["batch", str(rows(given)), "-o", "run", "-q"]
    run = subprocess.Popen([sys.executable, "-m", "airoute_cli", *command], cwd=tmp_path)
    try:
        ends = time.monotonic() + 60
        while _models(provider_server).count("small-1") < FAST and time.monotonic() < ends:
            time.sleep(0.05)
        run.send_signal(signal.SIGINT)
        run.wait(30)
    finally:
        run.kill()
        run.wait()
    asked = _models(provider_server)
    assert asked.count("small-1") == FAST
    assert asked.count("large-1") < 100
    told = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert told["conserved"]
    assert told["rows"]["in"] == SLOW + FAST
    assert told["rows"]["completed"] == len(asked)
    assert told["rows"]["pending"] == SLOW + FAST - len(asked)


def _models(server) -> list[str]:
    return [request.body["model"] for request in list(server.requests)]
