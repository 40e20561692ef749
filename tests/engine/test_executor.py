"""Rows against models that fail, in virtual time: who is asked, how often, and how the row ends."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.outcome import Outcome, RowState
from airoute_cli.core.profile import OnUnavailable, RunSettings
from airoute_cli.engine import virtual_time
from airoute_cli.engine.breaker import FIRST_OPEN_S, IN_A_ROW
from airoute_cli.engine.doors import PROBES_OF_THE_SILENT
from tests.engine.bench import Bench, always, kind, states, well


def test_an_attempt_has_a_total_deadline():
    bench = Bench({"a": lambda _now, n: 1e9 if n == 1 else None}, timeout=7.0)
    (outcome,) = bench.run()
    assert outcome.state is RowState.COMPLETED
    first = outcome.attempts[0]
    assert (first.error, round(first.latency_ms)) == (ErrorKind.TIMEOUT, 7_100)
    assert first.message == "a gave no whole answer within 7 s"


def test_a_row_has_a_deadline_over_all_its_attempts():
    bench = Bench(
        {"a": lambda *_: 1e9}, timeout=30.0, settings=RunSettings(canary=0, row_timeout=70.0)
    )
    (outcome,) = bench.run()
    assert outcome.state is RowState.FAILED
    assert outcome.failure
    assert outcome.failure.code == "timeout"
    assert "the row's time was over (row_timeout = 70 s)" in outcome.failure.message
    assert bench.ended_at == pytest.approx(70.0)
    assert len(outcome.attempts) == 3


def test_waiting_for_the_first_call_is_not_the_rows_own_time():
    bench = Bench({"a": lambda *_: 6.0}, settings=RunSettings(canary=0, row_timeout=10.0))
    assert states(bench.run(rows=20, at_once=1)) == {RowState.COMPLETED: 20}
    assert bench.ended_at == pytest.approx(120.0)


def test_retries_and_fallbacks_share_one_count_of_attempts():
    limited = always(kind(ErrorKind.RATE_LIMIT))
    bench = Bench(
        {"a": limited, "b": limited},
        models=("a", "b"),
        settings=RunSettings(canary=0, max_attempts=13),
    )
    (outcome,) = bench.run()
    assert outcome.state is RowState.FAILED
    assert bench.wire.asked == {"a": 10, "b": 3}
    assert outcome.failure
    assert "max_attempts = 13" in outcome.failure.message


def test_an_outage_is_routed_around_and_found_to_be_over_by_one_probe():
    down = kind(ErrorKind.SERVER)
    bench = Bench(
        {"a": lambda now, _: down if now < 12.0 else 1.0, "b": lambda *_: 1.0}, fallback=("b",)
    )
    outcomes = bench.run(rows=200, under_way=8)
    assert states(outcomes) == {RowState.COMPLETED: 200}
    failed = [at for name, at in bench.wire.times if name == "a" and at < 12.0]
    assert IN_A_ROW <= len(failed) <= IN_A_ROW + 4, "those under way, and one probe at 5 s"
    assert sum(at > 1.0 for at in failed) <= 3
    assert bench.wire.asked["a"] > 100, "it is asked again once it is back"
    assert bench.doors.why_not("a").code == "unavailable"


def test_an_outage_without_another_model_is_waited_out():
    down = kind(ErrorKind.OVERLOADED)
    bench = Bench({"a": lambda now, n: None if n <= 3 or now > 300.0 else down})
    assert states(bench.run(rows=50)) == {RowState.COMPLETED: 50}
    assert bench.wire.asked["a"] < 50 + IN_A_ROW + 4 + 10
    assert 300.0 < bench.ended_at < 600.0


@pytest.mark.parametrize("name", [ErrorKind.SERVER, ErrorKind.CUT, ErrorKind.CONNECTION])
def test_an_outage_fails_no_row_even_where_one_row_meets_it_alone(name: ErrorKind):
    down = kind(name)
    bench = Bench({"a": lambda now, _: down if 10.0 < now < 100.0 else 1.0})
    assert states(bench.run(rows=50, at_once=1, under_way=1)) == {RowState.COMPLETED: 50}


def test_a_row_that_the_model_always_fails_at_fails_though_the_model_is_well():
    poison = kind(ErrorKind.SERVER)
    bench = Bench({"a": lambda _now, n: poison if n > 10 else 1.0})
    outcomes = bench.run(rows=11, at_once=1, under_way=1)
    assert states(outcomes)[RowState.COMPLETED] == 10
    assert outcomes[-1].state is not RowState.COMPLETED


@pytest.mark.parametrize(
    ("wants", "state"),
    [
        (OnUnavailable.PENDING, RowState.PENDING),
        (OnUnavailable.DEGRADE, RowState.PENDING),
        (OnUnavailable.DEFER, RowState.DEFERRED),
        (OnUnavailable.HANDOFF, RowState.HANDED_OFF),
        (OnUnavailable.FAIL, RowState.FAILED),
    ],
)
def test_an_outage_that_outlasts_the_row_leaves_it_as_the_route_says(
    wants: OnUnavailable, state: RowState
):
    down = kind(ErrorKind.SERVER)
    bench = Bench(
        {"a": lambda _now, n: None if n == 1 else down},
        on_unavailable=wants,
        settings=RunSettings(canary=0, row_timeout=600.0),
    )
    ended = states(bench.run(rows=30))
    assert ended == {RowState.COMPLETED: 1, state: 29}
    assert 600.0 <= bench.ended_at < 700.0


@pytest.mark.parametrize("error", [kind(ErrorKind.AUTH, 401), kind(ErrorKind.QUOTA, 429)])
def test_what_lasts_is_asked_about_once_more_and_fails_no_row(error: CallError):
    bench = Bench({"a": lambda _now, n: None if n <= 10 else error})
    outcomes = bench.run(rows=500)
    assert states(outcomes) == {RowState.COMPLETED: 10, RowState.PENDING: 490}
    assert bench.wire.asked["a"] <= 10 + 4 + 1
    assert len(bench.told) == 1
    assert "MY_KEY" in bench.told[0]
    assert bench.told[0].endswith("then go on with --resume")


@pytest.mark.parametrize("error", [kind(ErrorKind.AUTH, 401), kind(ErrorKind.QUOTA, 429)])
def test_what_is_confirmed_of_one_model_needs_no_proof_from_others_with_the_same_key(
    error: CallError,
):
    names = "abcdef"
    bench = Bench({name: always(error) for name in names}, fallback=tuple(names[1:]))
    assert states(bench.run(rows=50, at_once=1)) == {RowState.PENDING: 50}
    # One is asked a second time, and it speaks for all.
    assert sorted(bench.wire.asked.values()) == [1] * 5 + [2]
    assert len(bench.told) == 1


def test_a_model_that_has_answered_is_asked_again_whatever_was_confirmed_of_another():
    refused = kind(ErrorKind.AUTH, 401)
    bench = Bench(
        {
            "a": always(refused),
            "b": lambda now, _: refused if 20.0 <= now < 20.3 else 1.0,
        },
        fallback=("b",),
    )
    assert states(bench.run(rows=200)) == {RowState.COMPLETED: 200}


def test_a_refusal_that_passes_costs_no_row():
    refused = kind(ErrorKind.AUTH, 401)
    bench = Bench({"a": lambda now, _: refused if 5.0 <= now < 5.3 else 0.1})
    assert states(bench.run(rows=500)) == {RowState.COMPLETED: 500}
    assert bench.told == []


def test_a_model_is_missing_when_three_rows_say_so():
    missing = always(kind(ErrorKind.NOT_FOUND, 404))
    bench = Bench({"a": missing})
    assert states(bench.run(rows=40)) == {RowState.PENDING: 40}
    assert bench.wire.asked["a"] <= 3 + 4
    assert len(bench.told) == 1
    assert "[models.a]" in bench.told[0]


def test_one_row_that_is_told_so_among_others_fails_alone():
    missing = kind(ErrorKind.NOT_FOUND, 404)
    bench = Bench({"a": lambda _now, n: missing if n % 20 == 7 else None})
    assert states(bench.run(rows=100)) == {RowState.COMPLETED: 95, RowState.FAILED: 5}


def test_a_fallback_takes_the_rows_of_a_model_that_is_shut():
    bench = Bench({"a": always(kind(ErrorKind.AUTH, 401)), "b": well}, fallback=("b",))
    assert states(bench.run(rows=100)) == {RowState.COMPLETED: 100}
    assert bench.wire.asked["a"] <= 5


def test_with_degrade_any_model_stands_in_and_without_it_none():
    revoked = always(kind(ErrorKind.AUTH, 401))
    for wants, ended in (
        (OnUnavailable.DEGRADE, {RowState.COMPLETED: 20}),
        (OnUnavailable.PENDING, {RowState.PENDING: 20}),
    ):
        bench = Bench({"a": revoked, "b": well}, on_unavailable=wants)
        assert states(bench.run(rows=20)) == ended


def test_a_model_that_never_answers_is_given_up():
    bench = Bench({"a": always(kind(ErrorKind.CONNECTION))})
    ended = states(bench.run(rows=60))
    assert ended[RowState.PENDING] >= 50
    assert ended[RowState.COMPLETED] == 0
    assert "has not answered one of" in bench.told[0]
    assert bench.ended_at <= FIRST_OPEN_S * 2 ** (PROBES_OF_THE_SILENT + 1)


@pytest.mark.parametrize("name", [ErrorKind.BAD_REQUEST, ErrorKind.CONTENT_POLICY])
def test_a_fault_of_the_row_goes_to_nobody_else(name: ErrorKind):
    bench = Bench({"a": always(kind(name, 400)), "b": well}, fallback=("b",))
    assert states(bench.run(rows=3)) == {RowState.FAILED: 3}
    assert bench.wire.asked == {"a": 3}


@pytest.mark.parametrize(
    ("windows", "asked"),
    [
        ({"a": 8_000, "b": 4_000, "c": 32_000}, {"a": 1, "c": 1}),
        ({"a": 8_000, "b": 8_000, "c": 8_000}, {"a": 1}),
        ({"b": 4_000, "c": 32_000}, {"a": 1, "b": 1}),
    ],
)
def test_too_long_a_prompt_goes_to_a_larger_window(windows, asked):
    bench = Bench(
        {"a": always(kind(ErrorKind.CONTEXT_WINDOW, 400)), "b": well, "c": well},
        fallback=("b", "c"),
        windows=windows,
    )
    bench.run()
    assert bench.wire.asked == asked


def test_one_prompt_is_not_asked_about_twice():
    bench = Bench({"a": always(kind(ErrorKind.AUTH, 401)), "b": well}, fallback=("b",), lone=True)
    assert states(bench.run()) == {RowState.COMPLETED: 1}
    assert bench.wire.asked == {"a": 1, "b": 1}
    assert bench.ended_at == 0.0


def test_the_rows_under_way_are_left_pending_when_the_run_ends():
    bench = Bench({"a": always(kind(ErrorKind.SERVER))})

    async def stopped() -> list[Outcome]:
        running = asyncio.create_task(bench._run(20, 4))
        await asyncio.sleep(2.0)
        bench.doors.close()
        return await running

    assert states(virtual_time.run(stopped))[RowState.PENDING] > 10


def test_the_canary_holds_the_rows_back_until_the_first_have_ended():
    bench = Bench({"a": lambda *_: 1.0}, settings=RunSettings(canary=5))
    assert states(bench.run(rows=100, at_once=50)) == {RowState.COMPLETED: 100}
    at = Counter(round(at) for _, at in bench.wire.times)
    assert at == {0: 5, 1: 50, 2: 45}
    assert bench.sick == []


def test_the_canary_counts_final_ends_only():
    down = kind(ErrorKind.SERVER)
    bench = Bench({"a": lambda _now, n: down if n <= 5 else None}, settings=RunSettings(canary=5))
    assert states(bench.run(rows=30, at_once=5)) == {RowState.COMPLETED: 30}
    assert bench.sick == []


def test_the_canary_sees_that_every_row_fails():
    bench = Bench({"a": always(kind(ErrorKind.BAD_REQUEST, 400))}, settings=RunSettings(canary=5))
    bench.run(rows=8)
    assert [(sick.model, sick.rows, sick.what) for sick in bench.sick][:1] == [("a", 5, "failed")]


def test_rows_at_the_canary_go_to_the_next_model_when_the_first_is_out():
    bench = Bench(
        {"a": always(kind(ErrorKind.AUTH, 401)), "b": well},
        fallback=("b",),
        settings=RunSettings(canary=2),
    )
    assert states(bench.run(rows=50)) == {RowState.COMPLETED: 50}
    assert bench.sick == []
