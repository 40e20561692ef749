from __future__ import annotations

import re
from typing import Any

import pytest

from airoute_cli.routing.learned.file import DataPart, write_route
from airoute_cli.routing.learned.fit import fit
from airoute_cli.routing.learned.matrix import read_texts
from airoute_cli.routing.learned.route import LearnedRoute, QualityPrice, Threshold
from airoute_cli.routing.strategies import learned
from airoute_cli.routing.strategies.base import Ordering, StrategyContext
from tests.routing.learned.made_up import graded

HARD, EASY = "prove the lemma about the eigenvalue bound", "hello thanks for the music"


def bound(models: tuple[str, ...], decision: Any) -> learned.Options:
    prompts, weak, strong = graded(200)
    head = fit(read_texts(prompts), weak, strong).head
    file = write_route(
        LearnedRoute(models, dict.fromkeys(models[1:], head), decision),
        name="r",
        made_by="test",
        data=DataPart(rows=200, digest=""),
        settings={},
        evidence={},
    )
    files = {"r.json": file.model_dump(exclude_none=True)}
    return learned.Options(learned="r.json").bound(files.__getitem__)


@pytest.fixture(scope="module")
def pair():
    return bound(("weak", "strong"), Threshold(0.0))


@pytest.fixture
def order(make):
    def ordered(options: learned.Options, text: str, *choices: Any) -> Ordering:
        context = StrategyContext("r", options, make.features(text))
        return learned.order(choices, context)

    return ordered


def test_a_hard_prompt_goes_to_the_strong_model_and_an_easy_one_to_the_weak(make, pair, order):
    both = make.choice("weak"), make.choice("strong")
    hard, easy = order(pair, HARD, *both), order(pair, EASY, *both)
    assert [pick.choice.name for pick in hard.picks] == ["strong", "weak"]
    assert [pick.choice.name for pick in easy.picks] == ["weak", "strong"]
    assert re.search(r">= 0\.00; strong is expected to be \d+% better$", hard.picks[0].reason)
    assert "-" not in easy.picks[0].reason.partition("; ")[2]
    assert easy.picks[0].reason.startswith("learned: score -")
    assert "< 0.00" in easy.picks[0].reason
    assert hard.picks[1].reason == "behind strong"


def test_the_only_model_that_may_answer_does(make, pair, order):
    ordering = order(pair, HARD, make.choice("weak"))
    assert ordering.picks[0].reason == "learned: no other model of the route may answer"


def test_several_are_weighed_by_what_they_cost(make, order):
    options = bound(("a", "b", "c"), QualityPrice(10.0))
    choices = make.choice("a", "0.001"), make.choice("b", "0.002"), make.choice("c", "0.9")
    hard = order(options, HARD, *choices)
    assert [pick.choice.name for pick in hard.picks] == ["b", "a", "c"]
    assert hard.picks[0].reason.startswith("learned: expected quality a +0%, b +")
    assert "less 10.0 per dollar: worth +" in hard.picks[0].reason
    easy = order(options, EASY, *choices)
    assert easy.picks[0].choice.name == "a"
    unpriced = order(options, HARD, *choices[1:], make.choice("a", None))
    assert unpriced.picks[-1].choice.name == "a"
    assert unpriced.picks[-1].reason.endswith("its price is unknown, so it comes last")


def test_without_its_first_model_the_others_are_still_weighed(make, order):
    options = bound(("a", "b", "c"), QualityPrice(10.0))
    ordering = order(options, HARD, make.choice("b", "0.5"), make.choice("c", "0.001"))
    assert [pick.choice.name for pick in ordering.picks] == ["c", "b"]


def test_the_file_is_for_these_models_in_this_order(pair):
    assert learned.problem(["weak", "strong"], pair) is None
    assert learned.problem(["strong", "weak"], pair) == (
        'r.json was made for "weak" and "strong", in this order, and the route has "strong" and '
        '"weak". `airoute calibrate` writes it.'
    )


def test_what_was_not_read_cannot_route():
    with pytest.raises(ValueError, match=r"the file r\.json was not read\."):
        learned.problem(["a", "b"], learned.Options(learned="r.json"))
