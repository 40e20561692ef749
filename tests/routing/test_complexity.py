from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.plan import Features
from airoute_cli.core.profile import Route, When
from airoute_cli.routing.complexity import complexity
from airoute_cli.routing.conditions import Subject
from airoute_cli.routing.planner import Planner
from airoute_cli.routing.policy.witness import HARD_PROMPT
from airoute_cli.routing.rules import asks_for_complexity, compile_when

EASY = "Hello, is the pump back in stock?"
HARD = (
    "Solve this step by step. A shop sells 12 lamps at 40 euros each and 7 more at twice the "
    "price; if 15 percent of them come back, how much is left in total? Explain every step, "
    "compare it with last year's 480 euros, and write the formula as x = a * b + c."
)


@given(st.text(max_size=3_000))
def test_any_text_is_between_nothing_and_all(text: str):
    assert 0 <= complexity(text) <= 1


def test_what_needs_several_steps_is_more_complex():
    assert complexity("") == complexity(" \n") == 0
    assert complexity(EASY) < 0.25
    assert complexity(HARD) > 0.5
    assert complexity(HARD_PROMPT) > 0.5
    assert complexity(HARD) == round(complexity(HARD), 2)


@pytest.mark.parametrize(
    ("when", "matched", "reason"),
    [
        (When(min_complexity=0.5), True, "complexity 0.62 >= 0.5"),
        (When(min_complexity=0.7), False, "complexity 0.62 < 0.7"),
        (When(max_complexity=0.7), True, "complexity 0.62 <= 0.7"),
        (When(max_complexity=0.5), False, "complexity 0.62 > 0.5"),
    ],
)
def test_the_bounds_and_their_reasons(when: When, *, matched: bool, reason: str):
    subject = Subject(Features("", 1, "", frozenset(), complexity=0.62))
    assert compile_when(when).explain(subject) == (matched, reason)
    assert asks_for_complexity(When(any=(when,)))
    assert not asks_for_complexity(When(task=("code",)))


def test_routes_go_by_it_and_it_is_only_found_where_one_asks(make):
    rest = Route("rest", "single", ("a",))
    hard = Route("hard", "single", ("b",), when=When(min_complexity=0.5))
    planner = Planner(make.profile([hard, rest]))
    assert planner.plan(make.row(HARD), {}).route == "hard"
    assert planner.plan(make.row(EASY), {}).route == "rest"
    assert planner.features(make.row(HARD)).complexity == complexity(HARD)
    plain = Planner(make.profile([rest]))
    assert plain.features(make.row(HARD)).complexity == 0
    assert plain.features(make.row(HARD), in_full=True).complexity == complexity(HARD)
