from __future__ import annotations

import json
import statistics
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.engine.counts import Counts
from airoute_cli.engine.summary import money_sentence, summarise
from airoute_cli.engine.tally import Percentiles, Tally


def _told(usd, *, error: str | None = None, unsettled: object = "none") -> dict:
    attempt = {"model": "m", "usd": usd, "latency_ms": 10.0}
    if error:
        attempt |= {"error": error}
    if unsettled != "none":
        attempt["unsettled_usd"] = unsettled
    usage = {
        "input_tokens": 10,
        "output_tokens": 5,
        "cached_input_tokens": 0,
        "reasoning_tokens": 0,
        "estimated": False,
    }
    return {
        "route": "r",
        "model": None if error else "m",
        "usage": None if error else usage,
        "cost": {"usd": usd, "price": "profile", "as_of": None, "reported_usd": None},
        "latency_ms": None if error else 10.0,
        "elapsed_ms": 25.0,
        "attempts": [attempt],
    }


@given(st.lists(st.decimals("0", "9", places=9), max_size=30))
def test_a_sum_read_back_from_the_files_is_the_same(costs):
    fresh, read_back = Tally(), Tally()
    for usd in costs:
        fresh.add(_told(usd))
        read_back.add(json.loads(json.dumps(_told(float(usd)))))
    assert fresh.usd == read_back.usd == sum(costs, Decimal(0))


def test_unknown_is_never_zero():
    tally = Tally()
    tally.add(_told(None))
    assert (tally.usd, tally.unpriced) == (0, 1)
    tally.add(_told(0, error="timeout", unsettled=0.25))
    tally.add(_told(0, error="timeout", unsettled=None))
    assert tally.unsettled_attempts == 2
    assert (tally.unsettled_usd, tally.unsettled_unknown) == (Decimal("0.25"), 1)
    assert tally.errors == {"timeout": 2}


def test_what_a_row_waited_is_no_latency_of_its_model():
    tally = Tally()
    judged = _told(1)
    tally.add(
        judged | {"attempts": [*judged["attempts"], {**judged["attempts"][0], "latency_ms": 1}]}
    )
    assert tally.latency.at(0.5) == pytest.approx(10.0, rel=0.03)
    assert tally.shares["r", "m"].latency.at(0.5) == tally.latency.at(0.5)
    assert tally.elapsed.at(0.5) == pytest.approx(25.0, rel=0.03)


def test_samples_and_escalations_are_no_retries():
    tally, one = Tally(), _told(1)
    failed = _told(1, error="timeout")["attempts"]
    tally.add(one | {"strategy": "ensemble", "steps": [{}] * 3, "attempts": one["attempts"] * 3})
    tally.add(one | {"strategy": "cascade", "steps": [{}] * 2, "attempts": one["attempts"] * 2})
    assert (tally.retried_rows, tally.escalated_rows) == (0, 1)
    tally.add(one | {"attempts": failed + one["attempts"]})
    assert (tally.retried_rows, tally.escalated_rows) == (1, 1)


@given(st.lists(st.floats(0.01, 1e6), min_size=50, max_size=200))
def test_percentiles_are_within_a_step(values):
    histogram = Percentiles()
    for value in values:
        histogram.add(value)
    median = statistics.median_low(values)
    assert histogram.at(0.5) == pytest.approx(median, rel=0.06, abs=0.06)


@pytest.mark.parametrize(
    ("reserved", "told"),
    [
        (Decimal(0), "2 calls under way when the run was cut off cost nothing"),
        (Decimal(2), "2 calls under way when the run was cut off may be billed (at most $4"),
        (None, "2 calls under way when the run was cut off may be billed ("),
    ],
)
def test_calls_that_a_kill_cut_off_are_told_whatever_they_cost(reserved, told):
    tally = Tally()
    for _ in range(2):
        tally.interrupt(reserved)
    assert told in money_sentence(summarise({}, Counts(), tally, {})["cost"])
