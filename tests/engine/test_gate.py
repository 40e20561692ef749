from __future__ import annotations

import asyncio

import pytest

from airoute_cli.core.profile import Limits, Model, Provider
from airoute_cli.engine.gate import Gate, GateClosedError, TurnedAwayError


def _model(name: str, *, provider: Limits = Limits(), own: Limits = Limits()) -> Model:
    return Model(name, Provider(f"p-{name}", "openai", limits=provider), name, limits=own)


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_concurrency_of_the_run_the_provider_and_the_model_hold_at_once():
    model = _model("a", provider=Limits(max_concurrency=3), own=Limits(max_concurrency=2))
    gate = Gate([model], Limits(max_concurrency=10))
    calls = [asyncio.create_task(gate.acquire("a", 1)) for _ in range(4)]
    await _settle()
    assert [call.done() for call in calls] == [True, True, False, False]
    calls[0].result().release()
    await _settle()
    assert [call.done() for call in calls] == [True, True, True, False]
    gate.shut()
    with pytest.raises(GateClosedError):
        await calls[3]


async def test_a_model_that_waits_holds_up_no_other():
    gate = Gate([_model("a", own=Limits(max_concurrency=1)), _model("b")], Limits())
    await gate.acquire("a", 1)
    waiting = asyncio.create_task(gate.acquire("a", 1))
    free = asyncio.create_task(gate.acquire("b", 1))
    await _settle()
    assert (waiting.done(), free.done()) == (False, True)
    gate.shut()
    with pytest.raises(GateClosedError):
        await waiting


async def test_a_paused_model_waits_for_the_end_of_its_pause():
    now = 0.0
    gate = Gate([_model("a")], Limits(), clock=lambda: now)
    gate.pause("a", 5.0)
    call = asyncio.create_task(gate.acquire("a", 1))
    await _settle()
    assert not call.done()
    now = 5.0
    gate.pump()
    (await call).release()
    gate.shut()


async def test_a_cancelled_call_leaves_its_place_to_the_next():
    gate = Gate([_model("a", own=Limits(max_concurrency=1))], Limits())
    first = await gate.acquire("a", 1)
    gone = asyncio.create_task(gate.acquire("a", 1))
    next_one = asyncio.create_task(gate.acquire("a", 1))
    await _settle()
    gone.cancel()
    await _settle()
    first.release()
    (await next_one).release()
    gate.shut()


async def test_a_retry_goes_before_those_who_were_not_let_out_yet():
    gate = Gate([_model("a", own=Limits(max_concurrency=1))], Limits())
    lease = await gate.acquire("a", 1)
    order: list[str] = []

    async def call(name: str, *, again: bool) -> None:
        held = await gate.acquire("a", 1, again=again)
        order.append(name)
        held.release()

    calls = [
        asyncio.create_task(call(name, again=name.startswith("again")))
        for name in ("first", "second", "again 1", "again 2")
    ]
    await _settle()
    assert gate.waiting("a") == 4
    lease.release()
    await asyncio.gather(*calls)
    assert order == ["again 1", "again 2", "first", "second"]
    gate.shut()


async def test_whoever_waits_for_a_model_can_be_turned_away():
    gate = Gate([_model("a", own=Limits(max_concurrency=1)), _model("b")], Limits())
    lease = await gate.acquire("a", 1)
    calls = [asyncio.create_task(gate.acquire("a", 1, again=again)) for again in (False, True)]
    await _settle()
    gate.turn_away("a")
    for call in calls:
        with pytest.raises(TurnedAwayError):
            await call
    lease.release()
    (await gate.acquire("a", 1)).release()
    gate.shut()


async def test_a_shut_gate_ends_waits_and_sleeps_at_once():
    gate = Gate([_model("a")], Limits())
    sleeping = asyncio.create_task(gate.sleep(3_600))
    await _settle()
    gate.shut()
    with pytest.raises(GateClosedError):
        await sleeping
    with pytest.raises(GateClosedError):
        await gate.acquire("a", 1)


async def test_whoever_asks_is_told_of_calls_that_waited_and_may_go_out():
    told = []
    gate = Gate([_model("m")], Limits(max_concurrency=1))
    gate.when_granted(lambda: told.append(gate.waiting_in_all()))
    first = await gate.acquire("m", 1)
    second = asyncio.create_task(gate.acquire("m", 1))
    await asyncio.sleep(0)
    assert (gate.waiting_in_all(), told) == (1, [])
    first.release(0)
    assert told == [0]
    (await second).release(0)
