"""The figures of a model after its answers."""

from __future__ import annotations

import statistics

from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.figures import NO_FIGURES, RECENT

MILLISECONDS = st.floats(min_value=0.1, max_value=600_000)


@given(st.lists(MILLISECONDS, min_size=1, max_size=3 * RECENT))
def test_the_latency_is_the_median_of_the_last_answers(latencies: list[float]):
    figures = NO_FIGURES
    for latency_ms in latencies:
        figures = figures.answered(latency_ms, 1, 1, 1)
    assert figures.answers == len(latencies)
    assert figures.latency_ms == statistics.median(latencies[-RECENT:])


def test_a_failure_leaves_the_latency_as_it_is():
    figures = NO_FIGURES.answered(80, 1, 1, 1).failed().answered(90, 1, 1, 1)
    assert (figures.answers, figures.failures, figures.latency_ms) == (2, 1, 85)
