from __future__ import annotations

from typing import Any

import pytest

from airoute_cli.core.errors import ProfileError
from airoute_cli.core.profile import Route
from airoute_cli.routing.planner import Planner
from airoute_cli.routing.problems import route_problems


@pytest.mark.parametrize(
    ("route", "said"),
    [
        (
            Route("r", "cheepest", ("a",)),
            (
                'test.toml: routes.r.strategy: there is no strategy "cheepest". '
                'Did you mean "cheapest"?'
            ),
        ),
        (
            Route("r", "xyz", ("a",)),
            (
                'test.toml: routes.r.strategy: there is no strategy "xyz". There are "single", '
                '"fallback", "cheapest", "fastest", "weighted", "cascade", "ensemble" and '
                '"learned".'
            ),
        ),
        (
            Route("r", "single", ("a", "b")),
            (
                "test.toml: routes.r: single takes exactly one model and here are 2. Keep one, or "
                'say strategy = "fallback" to try them in order.'
            ),
        ),
        (
            Route("r", "fallback", ("a",), options={"weights": {"a": 1}}),
            "test.toml: routes.r.weights: fallback has no such key.",
        ),
        (
            Route("r", "weighted", ("a",)),
            "test.toml: routes.r.weights: weighted needs this key.",
        ),
        (
            Route("r", "weighted", ("a",), options={"weights": {"a": 0}}),
            "test.toml: routes.r.weights.a: Input should be greater than 0.",
        ),
    ],
)
def test_what_is_wrong_is_said(make: Any, route: Route, said: str):
    profile = make.profile([route])
    assert [str(problem) for problem in route_problems(profile)] == [said]
    with pytest.raises(ProfileError) as caught:
        Planner(profile)
    assert str(caught.value) == said


def test_every_problem_is_told_at_once(make: Any):
    routes = [Route("r", "x", ("a",)), Route("s", "single", ("a", "b"))]
    assert [problem.key for problem in route_problems(make.profile(routes))] == [
        "routes.r.strategy",
        "routes.s",
    ]


def test_a_sound_profile_has_none(make: Any):
    options = {"weights": {"a": 90, "b": 10}}
    routes = [Route("r", "weighted", ("a", "b"), options=options), Route("s", "single", ("a",))]
    assert route_problems(make.profile(routes)) == ()
