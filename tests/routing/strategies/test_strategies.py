from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from airoute_cli.core.figures import Figures
from airoute_cli.routing.strategies import OPTIONS, STRATEGIES
from airoute_cli.routing.strategies.base import Ordering, StrategyContext

NAMES = ["single", "fallback", "cheapest", "fastest", "weighted", "cascade", "ensemble", "learned"]
WITHOUT_KEYS = NAMES[:4]


def order(make: Any, name: str, *choices: Any, **options: Any) -> Ordering:
    context = StrategyContext("r", OPTIONS[name](**options), make.features(digest=b"d" * 16))
    return STRATEGIES[name].order(choices, context)


def picked(ordering: Ordering) -> list[tuple[str, str]]:
    return [(pick.choice.name, pick.reason) for pick in ordering.picks]


def test_the_table_holds_each_under_its_name():
    assert list(STRATEGIES) == list(OPTIONS) == NAMES
    assert all(name == STRATEGIES[name].NAME for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_options_are_frozen_refuse_strangers_and_describe_their_keys(name: str):
    options = OPTIONS[name]
    assert issubclass(options, BaseModel)
    assert options.model_config.get("frozen")
    assert all(field.description for field in options.model_fields.values())
    with pytest.raises(ValidationError):
        options(strange=1)


@pytest.mark.parametrize("name", WITHOUT_KEYS)
def test_strategies_without_keys_of_their_own(name: str):
    assert STRATEGIES[name].problem(["a"], OPTIONS[name]()) is None


def test_single(make: Any):
    ordering = order(make, "single", make.choice("a"))
    assert picked(ordering) == [("a", "single: the only model")]


def test_single_takes_one_model():
    message = STRATEGIES["single"].problem(["a", "b"], OPTIONS["single"]())
    assert message is not None
    assert message.startswith("single takes exactly one model and here are 2.")


def test_fallback_keeps_the_order(make: Any):
    ordering = order(make, "fallback", make.choice("b"), make.choice("a"))
    assert picked(ordering) == [("b", "fallback order"), ("a", "fallback order")]


def test_cheapest_goes_by_expected_cost(make: Any):
    choices = [make.choice("a", "0.02"), make.choice("u", None), make.choice("b", "0.00012")]
    assert picked(order(make, "cheapest", *choices)) == [
        ("b", "cheapest: $0.00012 expected"),
        ("a", "cheapest: $0.02 expected"),
        ("u", "cheapest: its price is unknown, so it comes last"),
    ]


@pytest.mark.parametrize("name", ["cheapest", "fastest"])
def test_equals_stay_as_written(make: Any, name: str):
    ordering = order(make, name, *(make.choice(model) for model in "cab"))
    assert [pick.choice.name for pick in ordering.picks] == ["c", "a", "b"]


def test_fastest_goes_by_latency_with_the_prior_for_new_models(make: Any):
    choices = [
        make.choice("slow", figures=Figures(answers=2, latency_ms=3_000.4)),
        make.choice("new", figures=Figures(failures=3, latency_ms=1.0)),
        make.choice("quick", figures=Figures(answers=37, latency_ms=412.0)),
        make.choice("once", figures=Figures(answers=1, latency_ms=500.0)),
    ]
    assert picked(order(make, "fastest", *choices)) == [
        ("quick", "fastest: 412 ms by the median of its last 21 answers"),
        ("once", "fastest: 500 ms by the median of one answer"),
        ("new", "fastest: no answers yet, the prior of 2,000 ms is assumed"),
        ("slow", "fastest: 3,000 ms by the median of its last 2 answers"),
    ]
