"""The breaker by its own rules, with the time as an argument."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.engine.breaker import (
    AT_LEAST,
    CONFIRM_S,
    FIRST_OPEN_S,
    IN_A_ROW,
    LONGEST_OPEN_S,
    WINDOW_S,
    Breaker,
    State,
    Ticket,
)


def enter(breaker: Breaker, now: float) -> Ticket:
    ticket = breaker.enter(now)
    assert ticket
    return ticket


def opened(now: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(IN_A_ROW):
        breaker.failed(enter(breaker, now), now, "server")
    assert breaker.state is State.OPEN
    return breaker


def test_it_opens_on_failures_in_a_row_only():
    breaker = Breaker()
    for n in range(10 * IN_A_ROW):
        if n % IN_A_ROW:
            breaker.failed(enter(breaker, n * 20), n * 20, "server")
        else:
            breaker.answered(enter(breaker, n * 20), n * 20)
    assert breaker.state is State.CLOSED
    breaker.failed(enter(breaker, 1e6), 1e6, "server")
    assert breaker.state is State.OPEN
    assert breaker.why == f"{IN_A_ROW} failures in a row: server"


@pytest.mark.parametrize(("spread_s", "state"), [(1.0, State.OPEN), (WINDOW_S, State.CLOSED)])
def test_it_opens_when_half_of_the_last_minute_failed(spread_s: float, state: State):
    breaker = Breaker()
    for n in range(AT_LEAST):
        now = n * spread_s
        end = breaker.failed if n % 2 else breaker.answered
        end(enter(breaker, now), now, *(["server"] if n % 2 else []))
    assert breaker.state is state


def test_exactly_one_probe_goes_and_decides():
    breaker = opened()
    assert breaker.enter(FIRST_OPEN_S - 0.1) is None
    probe = enter(breaker, FIRST_OPEN_S)
    assert probe.probe
    assert breaker.enter(FIRST_OPEN_S + 100) is None
    breaker.answered(probe, FIRST_OPEN_S + 100)
    assert breaker.state is State.CLOSED
    assert breaker.open_for(1_000) == FIRST_OPEN_S + 100
    assert [moved.state for moved in breaker.history] == [State.OPEN, State.CLOSED]


def test_each_failed_probe_doubles_the_wait_up_to_a_bound():
    breaker, now, waits = opened(), 0.0, []
    for _ in range(7):
        assert breaker.due is not None
        waits.append(breaker.due - now)
        now = breaker.due
        breaker.failed(enter(breaker, now), now, "server")
    assert waits == [5.0, 10.0, 20.0, 40.0, 80.0, LONGEST_OPEN_S, LONGEST_OPEN_S]


def test_a_probe_that_never_left_is_free_for_the_next_one():
    breaker = opened()
    breaker.left(enter(breaker, FIRST_OPEN_S), FIRST_OPEN_S)
    assert enter(breaker, FIRST_OPEN_S).probe


def test_being_told_to_slow_down_is_no_failure_and_lets_a_probe_through():
    breaker = Breaker()
    for _ in range(3 * IN_A_ROW):
        breaker.alive(enter(breaker, 0.0), 0.0)
    assert breaker.state is State.CLOSED
    breaker = opened()
    breaker.alive(enter(breaker, FIRST_OPEN_S), FIRST_OPEN_S)
    assert breaker.state is State.CLOSED


def test_what_was_asked_before_it_moved_says_nothing():
    breaker = Breaker()
    early = [enter(breaker, 0.0) for _ in range(3 * IN_A_ROW)]
    for ticket in early[:IN_A_ROW]:
        breaker.failed(ticket, 1.0, "server")
    breaker.answered(early[IN_A_ROW], 2.0)
    assert breaker.state is State.OPEN
    breaker.answered(enter(breaker, 1.0 + FIRST_OPEN_S), 7.0)
    for ticket in early[IN_A_ROW:]:
        breaker.failed(ticket, 8.0, "server")
    assert breaker.state is State.CLOSED


def test_a_refusal_that_would_last_is_confirmed_by_a_call_that_left_after_it():
    breaker = Breaker()
    many = [enter(breaker, 0.0) for _ in range(5)]
    assert [breaker.doubted(ticket, 0.0, "auth") for ticket in many] == [False] * 5
    assert breaker.enter(0.0) is None
    assert breaker.doubted(enter(breaker, CONFIRM_S), CONFIRM_S, "auth")
    breaker.shut(CONFIRM_S, "auth")
    assert breaker.enter(1e9) is None


def test_a_passing_refusal_is_forgotten():
    breaker = Breaker()
    breaker.doubted(enter(breaker, 0.0), 0.0, "auth")
    breaker.answered(enter(breaker, CONFIRM_S), 1.0)
    assert not breaker.doubted(enter(breaker, 2.0), 2.0, "auth")


def doubt(breaker: Breaker, ticket: Ticket, now: float) -> None:
    if breaker.doubted(ticket, now, "auth"):
        breaker.left(ticket, now)


ENDS = {
    "a": lambda breaker, ticket, now: breaker.answered(ticket, now),
    "f": lambda breaker, ticket, now: breaker.failed(ticket, now, "server"),
    "l": lambda breaker, ticket, now: breaker.left(ticket, now),
    "d": doubt,
}


@given(st.lists(st.tuples(st.sampled_from("aflds"), st.floats(0.0, 200.0)), max_size=300))
def test_there_is_never_more_than_one_probe_and_always_a_way_back(steps):
    breaker, now, out, probes = Breaker(), 0.0, [], 0
    for step, wait in steps:
        now += wait
        ticket = breaker.enter(now)
        if ticket:
            out.append(ticket)
            probes += ticket.probe
        assert sum(one.probe and breaker.holds(one) for one in out) <= 1
        if out and step != "s":
            ENDS[step](breaker, out.pop(0), now)
    while out:
        breaker.left(out.pop(), now)
    assert breaker.lets_through(now + LONGEST_OPEN_S)


def test_a_rows_last_failure_opens_it_where_nobody_was_answered_meanwhile():
    breaker = Breaker()
    assert not breaker.suspected(0.0, breaker.answers), "it has never answered"
    breaker.answered(enter(breaker, 0.0), 0.0)
    seen = breaker.answers
    assert not breaker.suspected(0.0, None), "the row failed only once"
    breaker.answered(enter(breaker, 0.0), 0.0)
    assert not breaker.suspected(0.0, seen), "another row was answered"
    assert breaker.suspected(0.0, breaker.answers)
    assert breaker.state is State.OPEN
    assert not breaker.suspected(0.0, breaker.answers), "it is open already"
