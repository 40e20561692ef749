"""The live figures of a run: answers are taken in a few times a second, and none is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.figures import NO_FIGURES, Answered
from airoute_cli.core.money import Usage
from airoute_cli.core.outcome import Attempt
from airoute_cli.core.profile import Model, Provider
from airoute_cli.engine.live_figures import TAKEN_IN_EVERY_S, LiveFigures

MODEL = Model("m", Provider("p", "openai"), "m")
ANSWERS = st.lists(
    st.tuples(
        st.floats(0, TAKEN_IN_EVERY_S), st.integers(0, 500), st.integers(0, 500), st.booleans()
    )
)


def attempt(
    latency_ms: float, output_tokens: int, input_tokens: int, *, estimated: bool = False
) -> Attempt:
    usage = Usage(input_tokens, output_tokens, estimated=estimated)
    return Attempt("m", 0.0, latency_ms, usage=usage)


@given(ANSWERS)
def test_answers_that_are_taken_in_together_come_to_the_same_as_one_by_one(answers):
    now = 0.0
    figures = LiveFigures([MODEL], kept=False, now=lambda: now)
    expected = NO_FIGURES
    for passed_s, output_tokens, input_tokens, estimated in answers:
        figures.answered(attempt(5.0, output_tokens, input_tokens, estimated=estimated), 70)
        expected = expected.answered(5.0, output_tokens, 0 if estimated else input_tokens, 70)
        now += passed_s
        figures.snapshot()
    now += TAKEN_IN_EVERY_S
    assert figures.snapshot().get("m", NO_FIGURES) == expected


def test_figures_stand_for_a_moment_and_an_answer_that_comes_alone_is_seen_at_once():
    now = 0.0
    figures = LiveFigures([MODEL], kept=False, now=lambda: now)
    figures.answered(attempt(5.0, 10, 10), 10)
    assert figures.snapshot()["m"].answers == 1
    now += TAKEN_IN_EVERY_S / 2
    figures.answered(attempt(5.0, 10, 10), 10)
    assert figures.snapshot()["m"].answers == 1
    now += TAKEN_IN_EVERY_S / 2
    assert figures.snapshot()["m"].answers == 2
    now += 5.0
    figures.answered(attempt(5.0, 10, 10), 10)
    assert figures.snapshot()["m"].answers == 3


def test_without_a_clock_each_answer_is_seen_at_once():
    figures = LiveFigures([MODEL], kept=False)
    for count in (1, 2, 3):
        figures.answered(attempt(5.0, 10, 10), 10)
        assert figures.snapshot()["m"].answers == count


@given(st.lists(st.tuples(st.floats(0, 9e3), st.integers(0, 99), st.integers(0, 99)), max_size=60))
def test_many_answers_at_once_are_as_many_one_after_another(told):
    answers = [Answered(latency_ms, output, reported, 70) for latency_ms, output, reported in told]
    one_by_one = NO_FIGURES
    for answer in answers:
        one_by_one = one_by_one.after([answer])
    if answers:
        assert NO_FIGURES.after(answers) == one_by_one
