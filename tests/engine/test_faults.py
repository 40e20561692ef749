"""Whatever three models do, every row ends, in time, and nothing waits for ever."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.outcome import RowState
from airoute_cli.core.profile import OnUnavailable, RunSettings
from airoute_cli.engine.doors import SECOND_OPINION_S
from tests.engine.bench import Behaviour, Bench, kind, states

FAULTS = (
    kind(ErrorKind.SERVER),
    kind(ErrorKind.OVERLOADED),
    kind(ErrorKind.OVERLOADED, 529, 2.0),
    kind(ErrorKind.RATE_LIMIT, 429, 1.0),
    kind(ErrorKind.RATE_LIMIT, 429),
    kind(ErrorKind.RATE_LIMIT, 429, 86_400.0),
    kind(ErrorKind.CONNECTION),
    kind(ErrorKind.CUT),
    kind(ErrorKind.MALFORMED),
    kind(ErrorKind.EMPTY),
    kind(ErrorKind.AUTH, 401),
    kind(ErrorKind.AUTH, 403),
    kind(ErrorKind.QUOTA, 402),
    kind(ErrorKind.NOT_FOUND, 404),
    kind(ErrorKind.CONTEXT_WINDOW, 400),
    kind(ErrorKind.BAD_REQUEST, 400),
)
HANG, WELL = 1e9, 1.5
ROWS, ROW_TIMEOUT, MOST = 60, 900.0, 7

# What a model does from a moment on: how often, and what.
PHASES = st.lists(
    st.tuples(
        st.floats(0.0, 600.0),
        st.sampled_from([0.0, 0.05, 0.3, 1.0]),
        st.sampled_from([*FAULTS, HANG]),
    ),
    max_size=4,
)


def behaviour(phases: list[tuple[float, float, CallError | float]], seed: int) -> Behaviour:
    drawn = random.Random(seed)

    def does(now: float, _: int) -> CallError | float:
        begun = [phase for phase in sorted(phases, key=lambda one: one[0]) if phase[0] <= now]
        if begun and drawn.random() < begun[-1][1]:
            return begun[-1][2]
        return WELL * drawn.lognormvariate(0.0, 0.5)

    return does


@settings(max_examples=60)
@given(st.tuples(PHASES, PHASES, PHASES), st.sampled_from(OnUnavailable), st.sampled_from([0, 5]))
def test_every_row_ends_once_in_time_and_within_its_attempts(phases, wants, canary):
    behaviours = {
        name: behaviour(each, n) for n, (name, each) in enumerate(zip("abc", phases, strict=True))
    }
    bench = Bench(
        behaviours,
        models=("a",),
        fallback=("b",),
        on_unavailable=wants,
        settings=RunSettings(ROW_TIMEOUT, MOST, canary),
    )
    outcomes = bench.run(rows=ROWS, at_once=8, under_way=20)
    assert sum(states(outcomes).values()) == ROWS
    calls = Counter(attempt.model for outcome in outcomes for attempt in outcome.attempts)
    assert calls == bench.wire.asked
    for outcome in outcomes:
        assert len(outcome.attempts) <= MOST
        # The row's time begins with its first call: neither waiting at the canary counts, nor at
        # the gate of a model from which it was sent away before it was called.
        first = outcome.attempts[0] if outcome.attempts else None
        if canary == 0 and first and first.model == "a":
            spent = outcome.elapsed_ms / 1_000 - first.waited_s
            assert spent <= ROW_TIMEOUT + SECOND_OPINION_S
        if outcome.state is RowState.COMPLETED:
            assert outcome.attempts[-1].error is None
        else:
            assert outcome.failure
    if wants is not OnUnavailable.DEGRADE:
        assert bench.wire.asked["c"] == 0


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.kind}-{fault.status}")
def test_a_single_fault_of_any_kind_never_holds_up_the_other_rows(fault: CallError):
    bench = Bench({"a": lambda _now, n: fault if n == 5 else 1.0})
    ended = states(bench.run(rows=40))
    assert ended[RowState.COMPLETED] >= 39
    assert bench.ended_at < 60.0
