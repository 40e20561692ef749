"""Limits that several processes keep together, over simulated minutes; each gate is a process."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airoute_cli.core.blocks import Block
from airoute_cli.core.profile import Limits, Model, Provider
from airoute_cli.edges.limits_file import LimitsFile
from airoute_cli.edges.paths import state_folder
from airoute_cli.engine.gate import Gate
from airoute_cli.engine.shared_limits import SharedLimits
from airoute_cli.engine.virtual_time import run
from tests.engine.test_gate_holds import Seen

KEY = {"KEY": "a-key"}


def _model(limits: Limits, own: Limits = Limits(), *, shared: bool = True) -> Model:
    provider = Provider(
        "p", "openai", "https://here/v1", ("KEY",), limits=limits, shared_limits=shared
    )
    return Model("m", provider, "m", limits=own)


async def _at_once(work: Callable[[], Block | None]) -> Block | None:
    """Instead of a thread, which no simulated clock waits for."""
    await asyncio.sleep(0.001)
    return work()


class Process:
    """The gate and the shares of one process."""

    def __init__(self, model: Model, environ: dict[str, str] = KEY) -> None:
        self.now = asyncio.get_running_loop().time
        self.told: list[str] = []
        self.shared = SharedLimits(environ, self.now, self.told.append, _at_once)
        self.gate = Gate([model], Limits(), self.now, self.shared)
        self.granted = 0

    async def call(
        self, seen: Seen, seconds: float, reserved: int = 1, used: int | None = None
    ) -> None:
        lease = await self.gate.acquire("m", reserved)
        self.granted += 1
        seen.calls.append((self.now(), "p", "m", reserved if used is None else used))
        await asyncio.sleep(seconds)
        lease.release(reserved if used is None else used, refused=False)


async def _for(seconds: float, *work: Coroutine[Any, Any, None]) -> None:
    tasks = [asyncio.ensure_future(one) for one in work]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _busy(process: Process, seen: Seen, **call: Any) -> None:
    while True:
        await process.call(seen, 0.5, **call)


@pytest.mark.parametrize(("limit", "processes"), [(60, 2), (600, 3), (6_000, 2)])
def test_together_they_use_the_limit_in_full_and_share_it_evenly(limit, processes):
    seen = Seen()

    async def main() -> list[Process]:
        those = [Process(_model(Limits(limit))) for _ in range(processes)]
        workers = max(4, limit // 60)
        await _for(180, *(_busy(one, seen) for one in those for _ in range(workers)))
        return those

    those = run(main)
    assert seen.fullest(lambda _: 1) <= limit
    assert len(seen.calls) >= 0.97 * limit * 3
    most, least = max(one.granted for one in those), min(one.granted for one in those)
    assert least >= 0.7 * most


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10**6),
    requests=st.none() | st.integers(5, 2_000),
    tokens=st.none() | st.integers(2_000, 90_000),
    own=st.none() | st.integers(5, 500),
)
def test_no_window_holds_more_than_the_limit_whatever_they_do(seed, requests, tokens, own):
    seen, dice = Seen(), random.Random(seed)
    (state_folder() / "limits.sqlite").unlink(missing_ok=True)

    async def some(process: Process) -> None:
        while True:
            await asyncio.sleep(dice.choice([0, 0, 0.1, 5]))
            reserved = dice.choice([1, 50, 900, 3_000])
            await process.call(seen, dice.uniform(0, 20), reserved, dice.randint(1, reserved))

    async def main() -> None:
        model = _model(Limits(requests, tokens), Limits(own))
        those = [Process(model) for _ in range(3)]
        await _for(40, *(some(one) for one in those for _ in range(20)))
        await asyncio.gather(*(one.shared.aclose() for one in those[:2]))  # the third dies
        last = Process(model)
        await _for(100, *(some(last) for _ in range(20)))

    run(main)
    if requests or own:
        assert seen.fullest(lambda _: 1) <= min(one for one in (requests, own) if one)
    if tokens:
        assert seen.fullest(lambda call: min(call[3], tokens)) <= tokens


def test_what_was_reserved_and_not_used_is_there_for_all():
    seen = Seen()

    async def main() -> None:
        those = [Process(_model(Limits(None, 60_000))) for _ in range(2)]
        busy = (_busy(one, seen, reserved=100, used=10) for one in those for _ in range(40))
        await _for(120, *busy)

    run(main)
    assert seen.fullest(lambda call: call[3]) <= 60_000
    assert len(seen.calls) >= 3 * 2 * 60_000 / 100  # as many again as the reservations allow


def test_a_large_call_is_not_passed_for_ever_by_small_ones_of_another_process():
    seen = Seen()

    async def main() -> float:
        small, large = (Process(_model(Limits(None, 6_000))) for _ in range(2))
        busy = [asyncio.ensure_future(_busy(small, seen, reserved=50)) for _ in range(50)]
        await asyncio.sleep(60)
        await large.call(seen, 0, reserved=5_000)
        took = large.now() - 60
        for task in busy:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)
        return took

    assert run(main) <= 65


@pytest.mark.parametrize(
    ("model", "environ"),
    [
        (_model(Limits(60)), {"KEY": "another-key"}),
        (_model(Limits(60), shared=False), KEY),
    ],
)
def test_another_key_has_limits_of_its_own(model, environ):
    async def main() -> float:
        await _for(10, _busy(Process(_model(Limits(60))), Seen()))
        one = Process(model, environ)
        started = one.now()
        await one.call(Seen(), 0)
        return one.now() - started

    assert run(main) < 0.1


def test_a_process_that_ends_gives_back_what_it_has_not_used():
    async def main() -> float:
        for _ in range(20):
            one = Process(_model(Limits(600)))
            await one.call(Seen(), 0)
            await one.shared.aclose()
        return one.now()

    assert run(main) <= 2.5  # 20 calls at the pace of 10 a second


def test_where_the_file_cannot_be_used_each_process_keeps_the_limit_for_itself(home):
    (home / ".state").write_text("a file where a folder should be")
    seen = Seen()

    async def main() -> list[str]:
        one = Process(_model(Limits(600)))
        await _for(60, *(_busy(one, seen) for _ in range(20)))
        return one.told

    (told,) = run(main)
    assert "limits are not shared with other processes" in told
    assert 590 <= len(seen.calls) <= 600


def test_a_file_that_breaks_meanwhile_is_told_once_and_the_limit_still_kept(monkeypatch):
    seen = Seen()

    async def main() -> list[str]:
        one = Process(_model(Limits(600, 90_000)))
        busy = [asyncio.ensure_future(_busy(one, seen, reserved=9)) for _ in range(20)]
        await asyncio.sleep(30)
        monkeypatch.setattr("airoute_cli.edges.limits_file._FORGET", "no SQL")
        await _for(90)
        for task in busy:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)
        return one.told

    assert len(run(main)) == 1
    assert len(seen.calls) >= 1_100


def test_the_file_is_the_owners_alone_and_a_damaged_one_is_made_anew(home):
    path = state_folder() / "limits.sqlite"
    for _ in range(2):
        LimitsFile(0.0).close()
        assert path.stat().st_mode & 0o777 == 0o600
        path.write_bytes(b"this is no database, and it is long enough to be looked at" * 50)
    LimitsFile(0.0).close()
