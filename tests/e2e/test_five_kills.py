"""Rows over three failing models, killed five times and resumed: every row once, every cent known.

``AIROUTE_TEST_ROWS=20000`` makes a long run of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pytest

from airoute_cli.engine.room import ROWS_UNDER_WAY
from tests.e2e.conftest import read_lines
from tests.servers.scripted import (
    Recorded,
    Reply,
    ScriptedServer,
    close,
    cut,
    hang,
    ok,
    slow,
    status,
)

ROWS = int(os.environ.get("AIROUTE_TEST_ROWS", "1500"))
KILLS = 5
MODELS = ("one", "two", "three")
PER_MINUTE = 2_400
AT_ONCE = 24

PROFILE = """
[run]
canary = 10
[providers.here]
api = "openai"
base_url = "{url}"
timeout = 1.5
max_concurrency = {at_once}
""" + "".join(
    f"""
[models.{name}]
provider = "here"
name = "{name}"
price = {{{{ input = {price}, output = {price} }}}}
requests_per_minute = {PER_MINUTE}
[[routes]]
name = "{name}"
models = ["{name}"]
fallback = {json.dumps([other for other in MODELS if other != name])}
when = {{{{ metadata.kind = "{name}" }}}}
"""
    for name, price in zip(MODELS, (1, 2, 4), strict=True)
)
PRICE = dict(zip(MODELS, map(Decimal, (1, 2, 4)), strict=True))
USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
LIMITED = {"error": {"message": "too many requests", "type": "requests"}}

# Of a thousand calls so many; the rest are answered. The second value: whether the work is billed.
FAULTS: tuple[tuple[int, Reply, bool], ...] = (
    (10, status(429, LIMITED, {"retry-after": "0.2"}), False),
    (10, status(429, LIMITED), False),
    (30, status(500), False),
    (4, hang(), True),
    (15, cut(200), True),
    (10, close(), False),
    (15, status(200, b"<html>bad gateway</html>"), True),
    (10, status(200, {"choices": []}), True),
)
ANSWER = slow(0.02, ok(usage=USAGE))


class Provider:
    """What the server did, by its own books."""

    def __init__(self, server: ScriptedServer) -> None:
        self.asked: Counter[str] = Counter()
        self.times: defaultdict[str, list[float]] = defaultdict(list)
        self.billed = Decimal(0)
        server.respond = self.respond

    def respond(self, request: Recorded, _: int) -> Reply:
        model, prompt = request.body["model"], request.prompt
        self.asked[prompt] += 1
        self.times[model].append(request.time)
        drawn = f"{prompt} {self.asked[prompt]}".encode()
        left = int.from_bytes(hashlib.blake2b(drawn, digest_size=4).digest()) % 1_000
        reply, bills = ANSWER, True
        for share, fault, fault_bills in FAULTS:
            if 0 <= left < share:
                reply, bills = fault, fault_bills
            left -= share
        if bills:
            self.billed += PRICE[model] * USAGE["total_tokens"] / 1_000_000
        return reply


def most_within(times: Iterable[float], seconds: float) -> int:
    """The most that came within so many seconds."""
    window: deque[float] = deque()
    most = 0
    for time in times:
        window.append(time)
        while window[0] <= time - seconds:
            window.popleft()
        most = max(most, len(window))
    return most


def start(cwd: Path, *args: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "airoute_cli", "batch", "rows.jsonl", "-o", "run", *args]
    return subprocess.Popen(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.fixture
def given(provider_server: ScriptedServer, tmp_path: Path) -> Path:
    profile = PROFILE.format(url=provider_server.base_url, at_once=AT_ONCE)
    (tmp_path / "airoute.toml").write_text(profile)
    rows = (
        {"custom_id": f"row-{n}", "prompt": f"question {n}", "metadata": {"kind": MODELS[n % 3]}}
        for n in range(ROWS)
    )
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


@pytest.mark.timeout(300 + ROWS / 20)  # the limits hold the long run up, as they should
def test_five_kills(provider_server: ScriptedServer, given: Path):
    provider = Provider(provider_server)
    results = given / "run" / "results.jsonl"
    finished: dict[str, int] = {}
    for kill in range(KILLS):
        process = start(given, *(["--resume"] if kill else []))
        provider_server.wait_for(ROWS * (kill + 1) // (KILLS + 1), timeout_s=120 + ROWS / 20)
        process.kill()
        process.communicate()
        whole = results.read_bytes().rpartition(b"\n")[0].splitlines()
        for line in whole:
            prompt = json.loads(line)["custom_id"].replace("row-", "question ")
            finished.setdefault(prompt, provider.asked[prompt])
    last = start(given, "--resume")
    _, said = last.communicate(timeout=300 + ROWS / 20)
    assert last.returncode == 0, said

    ids = Counter(line["custom_id"] for line in read_lines(results))
    assert len(ids) == ROWS
    assert set(ids.values()) == {1}
    assert len(finished) > ROWS // 2
    assert {prompt: provider.asked[prompt] for prompt in finished} == finished, "asked again"

    summary = json.loads((given / "run" / "summary.json").read_text())
    cost = summary["cost"]
    settled = Decimal(str(cost["usd"]))
    unsettled = Decimal(str(cost["unsettled_usd"])) + Decimal(str(cost["interrupted_usd"]))
    assert settled <= provider.billed <= settled + unsettled
    # Earlier attempts of a row that a kill cut off count with it, as its end tells of them all;
    # so the bound is that of the rows under way.
    assert 0 < cost["interrupted_calls"] <= KILLS * ROWS_UNDER_WAY
    assert provider_server.count <= summary["attempts"]["total"] + cost["interrupted_calls"]

    for model in MODELS:
        assert most_within(provider.times[model], 60.0) <= PER_MINUTE
        assert most_within(provider.times[model], 5.0) <= PER_MINUTE / 60 * 5 * 1.15
    told = {
        "rows": ROWS,
        "calls": provider_server.count,
        "errors": summary["attempts"]["failed"],
        "settled": float(settled),
        "billed": float(provider.billed),
        "unsettled": float(unsettled),
        "interrupted_calls": cost["interrupted_calls"],
        "most in 60 s": {name: most_within(provider.times[name], 60.0) for name in MODELS},
        "seconds": summary["run"]["seconds"],
    }
    print(json.dumps(told))  # noqa: T201 - shown with -s, for the long run
