"""``latency_target``: the slow are passed over, unless everybody is slow."""

from __future__ import annotations

from typing import Any

import pytest

from airoute_cli.core.figures import NO_FIGURES, Figures
from airoute_cli.core.profile import Route
from airoute_cli.routing.planner import Planner


def plan(make: Any, target: float | None, strategy: str = "fallback", **latencies: float) -> Any:
    route = Route("r", strategy, ("a", "b"), ("c",), latency_target_ms=target)
    snapshot = {name: Figures(answers=9, latency_ms=ms) for name, ms in latencies.items()}
    return Planner(make.profile([route])).plan(make.row(), snapshot, explain=True)


@pytest.mark.parametrize(
    ("target", "latencies", "asked"),
    [
        (None, {"a": 900, "b": 100}, ["a", "b", "c"]),
        (500, {"a": 900, "b": 100}, ["b", "c"]),
        (500, {"a": 500, "b": 501}, ["a", "c"]),
        (500, {"a": 900}, ["b", "c"]),
        (500, {"a": 900, "b": 901}, ["a", "b", "c"]),
    ],
)
def test_who_is_asked(make, target, latencies, asked):
    assert [call.model for call in plan(make, target, **latencies).calls] == asked


def test_one_answer_that_hung_is_no_slow_model(make):
    figures = NO_FIGURES
    for latency_ms in (100, 60_000, 120, 110):
        figures = figures.answered(latency_ms, 1, 1, 1)
    route = Route("r", "fallback", ("a", "b"), latency_target_ms=500)
    calls = Planner(make.profile([route])).plan(make.row(), {"a": figures}).calls
    assert [call.model for call in calls] == ["a", "b"]


def test_why_is_said(make):
    told = {one.model: one for one in plan(make, 500, a=900, b=100).candidates}
    assert told["a"].reason == "a median of 900 ms is above the target of 500 ms"
    assert not told["a"].taken
