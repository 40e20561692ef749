"""The figures of an evaluation, against plain recomputations."""

from __future__ import annotations

import statistics
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.engine.evaluation.grades import Grade
from airoute_cli.engine.evaluation.statistics import (
    bootstrap,
    difference,
    figures_of,
    percentile,
)


def grade(custom_id: str, score: float, **more: object) -> Grade:
    told = {
        "contender": "a",
        "custom_id": custom_id,
        "score": score,
        "accepted": score >= 0.7,
        "miss": None,
        "state": "completed",
        "model": "m",
        "route": "r",
        "usd": Decimal("0.5"),
        "latency_ms": 10.0,
        "escalated": False,
        "confidence": None,
    }
    return Grade(**(told | more))


def test_figures_are_means_over_all_cases():
    grades = [
        grade("1", 1.0, latency_ms=30.0, escalated=True),
        grade("2", 0.0, latency_ms=10.0),
        grade("3", 0.5, latency_ms=20.0, model="n"),
        grade("4", 0.0, state="failed", model=None, latency_ms=99.0),
    ]
    figures = figures_of("a", grades)
    assert (figures.cases, figures.accepted, figures.quality) == (4, 1, 0.375)
    assert (figures.usd, figures.usd_per_accepted) == (Decimal(2), Decimal(2))
    assert (figures.latency_p50_ms, figures.latency_p95_ms) == (20.0, 30.0)
    assert (figures.failure_rate, figures.escalation_rate) == (0.25, 0.25)
    assert figures.models == {"m": 2, "n": 1}


def test_an_unknown_price_is_not_zero_and_nothing_accepted_has_no_price():
    unknown = figures_of("a", [grade("1", 1.0), grade("2", 1.0, usd=None)])
    assert (unknown.usd, unknown.usd_per_accepted) == (None, None)
    assert figures_of("a", [grade("1", 0.0)]).usd_per_accepted is None


def test_a_difference_is_paired_and_names_what_flipped():
    mine = [grade("1", 1.0), grade("2", 1.0), grade("3", 0.0), grade("only mine", 1.0)]
    theirs = [grade("1", 1.0), grade("2", 0.0), grade("3", 1.0), grade("only theirs", 0.0)]
    told = difference("a", mine, "b", theirs)
    assert (told.cases, told.quality) == (3, 0.0)
    assert (told.better, told.worse) == (("2",), ("3",))
    assert not told.beyond_noise
    assert difference("a", [grade("x", 1.0)], "b", [grade("y", 1.0)]) is None


@given(st.lists(st.sampled_from([0.0, 1.0]), min_size=30, max_size=200))
def test_the_interval_is_that_of_the_mean(scores):
    """Percentiles of the bootstrap are near those of the normal law, as the mean's is known."""
    low, high = bootstrap(scores)
    mean = statistics.fmean(scores)
    error = (mean * (1 - mean) / len(scores)) ** 0.5
    assert low <= mean <= high
    assert low == pytest.approx(mean - 1.96 * error, abs=0.5 * error + 0.02)
    assert high == pytest.approx(mean + 1.96 * error, abs=0.5 * error + 0.02)


def test_the_interval_is_the_same_every_time_and_narrows_with_the_cases():
    scores = [0.0, 1.0, 1.0] * 10
    assert bootstrap(scores) == bootstrap(scores)
    few, many = bootstrap(scores), bootstrap(scores * 100)
    assert many.high - many.low < (few.high - few.low) / 5


@pytest.mark.parametrize(("share", "value"), [(50, 2), (95, 4), (0, 1), (100, 4)])
def test_percentiles_are_values_that_were_seen(share, value):
    assert percentile([1, 2, 3, 4], share) == value
    assert percentile([], share) == 0.0
