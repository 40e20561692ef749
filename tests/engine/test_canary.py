"""A model's first rows, and what is concluded from them."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.outcome import Outcome, RowFailure, RowState
from airoute_cli.core.profile import Model, Provider
from airoute_cli.engine.canary import Canary, Sick
from airoute_cli.engine.gate import GateClosedError, TurnedAwayError

MODELS = [Model(name, Provider("p", "openai"), name) for name in "ab"]


def ended(text: str = "yes", reason: FinishReason = FinishReason.STOP) -> Outcome:
    return Outcome(RowState.COMPLETED, completion=Completion(text, reason))


def failed(code: str) -> Outcome:
    return Outcome(RowState.FAILED, failure=RowFailure(code, f"it was {code}"))


WELL, CUT, BLANK = ended(), ended("ye", FinishReason.LENGTH), ended("")
LATER = Outcome(RowState.PENDING, failure=RowFailure("auth", "later"))


def leave(canary: Canary, outcome: Outcome | None = None, *also: str) -> None:
    if outcome:
        canary.judge(outcome, ["a", *also])
    canary.leave("a")


async def enters(canary: Canary, model: str = "a") -> bool:
    """Whether it comes in at once."""
    entering = asyncio.ensure_future(canary.enter(model))
    await asyncio.sleep(0)
    if not entering.done():
        entering.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await entering
        return False
    return entering.exception() is None


async def test_each_row_that_ends_lets_the_next_one_in_and_after_the_last_verdict_all():
    canary = Canary(MODELS, 3)
    assert [await enters(canary) for _ in range(4)] == [True, True, True, False]
    assert await enters(canary, "b")
    waiting = [asyncio.ensure_future(canary.enter("a")) for _ in range(10)]
    await asyncio.sleep(0)
    for came_in in (1, 2, 10):
        leave(canary, WELL)
        await asyncio.sleep(0)
        assert sum(one.done() for one in waiting) == came_in
    assert [await enters(canary) for _ in range(20)] == [True] * 20


async def test_who_leaves_without_a_verdict_makes_room_and_nothing_else():
    canary = Canary(MODELS, 2)
    for outcome in (None, LATER, None, LATER, WELL):
        assert [await enters(canary) for _ in range(2)] == [True, True]
        assert not await enters(canary)
        leave(canary, outcome)
        leave(canary)


@pytest.mark.parametrize(
    ("outcomes", "what"),
    [
        ([failed("bad_request")] * 3, "failed"),
        ([CUT] * 3, "truncated"),
        ([failed("truncated"), CUT, CUT], "truncated"),
        ([BLANK, failed("empty_answer"), BLANK], "empty"),
        ([failed("server"), failed("truncated"), failed("timeout")], "failed"),
        ([failed("schema_invalid")] * 3, "schema_invalid"),
        ([failed("schema_invalid"), failed("server"), failed("schema_invalid")], "failed"),
        ([failed("schema_invalid"), failed("schema_invalid"), WELL], None),
        ([failed("server"), CUT, CUT], None),
        ([failed("server"), failed("server"), WELL], None),
    ],
)
async def test_what_all_have_in_common_stops_the_run(outcomes: list[Outcome], what: str | None):
    canary, sick = Canary(MODELS, 3), list[Sick]()
    canary.on_sick(sick.append)
    for outcome in outcomes:
        await canary.enter("a")
        leave(canary, outcome)
    assert [one.what for one in sick] == ([what] if what else [])


async def test_an_end_that_another_model_gave_says_nothing_bad():
    canary, sick = Canary(MODELS, 4), list[Sick]()
    canary.on_sick(sick.append)
    for _ in range(4):
        await canary.enter("a")
        leave(canary, failed("server"), "b")
    assert [one.model for one in sick] == ["b"]


async def test_the_judge_of_an_answer_is_not_blamed_for_it():
    canary, sick = Canary(MODELS, 2), list[Sick]()
    canary.on_sick(sick.append)
    for _ in range(2):
        canary.judge(CUT._replace(model="a"), ["a", "b"])
    assert [one.model for one in sick] == ["a"]


async def test_whoever_waits_is_sent_away():
    canary = Canary(MODELS, 1)
    await canary.enter("a")
    first = asyncio.ensure_future(canary.enter("a"))
    await asyncio.sleep(0)
    canary.turn_away("a")
    with pytest.raises(TurnedAwayError):
        await first
    second = asyncio.ensure_future(canary.enter("a"))
    await asyncio.sleep(0)
    canary.close()
    with pytest.raises(GateClosedError):
        await second
    with pytest.raises(GateClosedError):
        await canary.enter("a")


async def test_one_that_is_let_in_and_cancelled_at_once_makes_room_again():
    canary = Canary(MODELS, 1)
    await canary.enter("a")
    waiting = asyncio.ensure_future(canary.enter("a"))
    await asyncio.sleep(0)
    canary.leave("a")
    waiting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await waiting
    assert await enters(canary)


async def test_it_can_be_switched_off():
    canary = Canary(MODELS, 0)
    for _ in range(100):
        await canary.enter("a")
        leave(canary, failed("server"))
    assert await enters(canary)
