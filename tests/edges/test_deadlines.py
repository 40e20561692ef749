"""Deadlines by one timer: each block ends at its own time, and like ``asyncio.timeout``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.edges.deadlines import Deadlines
from airoute_cli.engine import virtual_time

T = TypeVar("T")

# Seconds of virtual time.
_MOMENTS = st.integers(0, 12)
_LENGTHS = st.integers(1, 6)


def in_virtual_time(main: Callable[[Deadlines], Coroutine[Any, Any, T]]) -> T:
    """What ``main`` gives, run where waiting takes no time."""
    return virtual_time.run(lambda: main(Deadlines()))


@given(st.lists(st.tuples(_MOMENTS, _LENGTHS, _LENGTHS), min_size=1, max_size=12))
def test_each_block_ends_when_its_work_is_done_or_its_time_is_over(
    blocks: list[tuple[int, int, int]],
) -> None:
    async def one(deadlines: Deadlines, at: int, length: int, work: float) -> tuple[bool, float]:
        await asyncio.sleep(at)
        limit = deadlines.within(length)
        try:
            with limit:
                await asyncio.sleep(work)
        except TimeoutError:
            assert limit.expired
        return limit.expired, asyncio.get_running_loop().time() - at

    async def main(deadlines: Deadlines) -> list[tuple[bool, float]]:
        # Half a second more, so that nothing ends at the very moment at which its time is over.
        work = [one(deadlines, at, length, took + 0.5) for at, length, took in blocks]
        return await asyncio.gather(*work)

    for (_, length, took), (expired, lasted) in zip(blocks, in_virtual_time(main), strict=True):
        assert expired == (took + 0.5 > length)
        assert lasted == pytest.approx(min(took + 0.5, length), abs=0.002)


@pytest.mark.parametrize(("outer_s", "inner_s"), [(1, 5), (5, 1)])
def test_of_two_blocks_the_shorter_one_ends(outer_s: int, inner_s: int) -> None:
    async def main(deadlines: Deadlines) -> tuple[bool, bool, float]:
        outer, inner = deadlines.within(outer_s), deadlines.within(inner_s)
        with pytest.raises(TimeoutError), outer, inner:
            await asyncio.sleep(60)
        return outer.expired, inner.expired, asyncio.get_running_loop().time()

    outer_expired, inner_expired, lasted = in_virtual_time(main)
    assert (outer_expired, inner_expired) == (outer_s < inner_s, inner_s < outer_s)
    assert lasted == pytest.approx(1, abs=0.002)


def test_whoever_cancels_a_task_gets_no_timeout_and_it_can_be_cancelled_again() -> None:
    async def main(deadlines: Deadlines) -> bool:
        async def work() -> None:
            with deadlines.within(60):
                await asyncio.sleep(60)

        task = asyncio.create_task(work())
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return task.cancelled()

    assert in_virtual_time(main)


def test_a_timeout_leaves_no_request_to_cancel_behind() -> None:
    async def main(deadlines: Deadlines) -> int:
        with pytest.raises(TimeoutError), deadlines.within(1):
            await asyncio.sleep(60)
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert in_virtual_time(main) == 0


def test_an_error_of_the_block_itself_comes_out_as_it_is() -> None:
    async def main(deadlines: Deadlines) -> None:
        with deadlines.within(1):
            await asyncio.sleep(0)
            raise TimeoutError("another's")

    with pytest.raises(TimeoutError, match="another's"):
        in_virtual_time(main)


def test_no_timer_is_left_behind_when_no_block_is_open() -> None:
    async def main(deadlines: Deadlines) -> None:
        for seconds in (1, 2, 2, 3.5):
            with deadlines.within(seconds):
                await asyncio.sleep(0.5)
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="nothing will ever happen"):
        in_virtual_time(main)


def test_blocks_of_one_length_share_a_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main(deadlines: Deadlines) -> int:
        async def work() -> None:
            with deadlines.within(30):
                await gate.wait()

        loop, gate, timers = asyncio.get_running_loop(), asyncio.Event(), 0
        call_at = loop.call_at

        def counted(*given: Any) -> asyncio.TimerHandle:
            nonlocal timers
            timers += 1
            return call_at(*given)

        monkeypatch.setattr(loop, "call_at", counted)
        tasks = [asyncio.create_task(work()) for _ in range(100)]
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(*tasks)
        return timers

    assert in_virtual_time(main) == 1
