from __future__ import annotations

import math
from dataclasses import replace

import pytest

from airoute_cli.core.profile import Classifier, Route, When
from airoute_cli.routing.classify.examples import ExampleClassifier
from airoute_cli.routing.planner import Planner

EXAMPLES = {
    "refund": ["I want my money back", "please refund order 12", "can I return this for a refund"],
    "delivery": ["where is my parcel", "the delivery is late", "when will my order arrive"],
    "login": ["I cannot log in", "my password does not work", "reset my password please"],
}
CLASSIFIER = Classifier(
    "intent",
    tuple((text, label) for label, texts in EXAMPLES.items() for text in texts),
    "other",
)


def label(text: str, min_confidence: float = 0.0) -> str:
    classifier = Classifier("intent", CLASSIFIER.examples, "other", min_confidence)
    return ExampleClassifier(classifier).label(text).name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I would like a refund for my shoes", "refund"),
        ("the parcel is still not here, where is it?", "delivery"),
        ("forgot my password", "login"),
        ("it is late, when will it arrive?", "delivery"),
        ("WHERE IS MY PARCEL", "delivery"),
    ],
)
def test_a_prompt_gets_the_label_of_the_examples_that_it_is_like(text: str, expected: str):
    assert label(text) == expected


@pytest.mark.parametrize("text", ["", "   ", "漢字"])
def test_what_is_like_nothing_gets_the_default(text: str):
    found = ExampleClassifier(CLASSIFIER).label(text)
    assert (found.name, found.confidence) == ("other", 0.0)


def test_confidence_is_high_for_an_example_and_low_between_two():
    classify = ExampleClassifier(CLASSIFIER).label
    sure = classify("please refund order 12").confidence
    unsure = classify("please, my order").confidence
    assert 1 >= sure > 0.8 > unsure >= 0
    assert label("please, my order", min_confidence=0.8) == "other"
    assert label("please refund order 12", min_confidence=0.8) == "refund"


@pytest.mark.parametrize("text", ["write a poem about the sea", "is it going to rain?", "order"])
def test_what_no_label_speaks_for_is_sure_of_none(text: str):
    assert ExampleClassifier(CLASSIFIER).label(text).confidence < 0.5
    assert label(text, min_confidence=0.5) == "other"


def test_the_name_of_a_label_says_what_its_prompts_are_about():
    examples = (("is it warm outside", "weather_forecast"), ("play a song", "music"))
    classify = ExampleClassifier(Classifier("intent", examples, "other")).label
    assert classify("give me the forecasts").name == "weather_forecast"
    assert classify("loud music").name == "music"


def test_words_are_known_by_their_beginnings_and_numbers_as_numbers():
    examples = (("refund order 12", "a"), ("where's parcel 7", "b"), ("reset it", "c"))
    classify = ExampleClassifier(Classifier("intent", examples, "other")).label
    assert classify("refunding").name == classify("REFUNDED").name == "a"
    assert classify("order 12") == classify("order 99")
    assert classify("wheres parcel 7") == classify("where\u2019s parcel 7")


def test_the_same_text_always_gets_the_same_label():
    first, again = ExampleClassifier(CLASSIFIER), ExampleClassifier(CLASSIFIER)
    assert first.label("order refund parcel") == again.label("order refund parcel")
    assert math.isfinite(first.label("order refund parcel").confidence)


def test_routes_go_by_the_labels(make):
    routes = [
        Route("refunds", "single", ("a",), when=When(task=("refund",))),
        Route("rest", "single", ("b",)),
    ]
    planner = Planner(replace(make.profile(routes), classifier=CLASSIFIER))
    assert planner.plan(make.row("I want a refund now"), {}).route == "refunds"
    assert planner.plan(make.row("where is my parcel"), {}).route == "rest"
    assert planner.features(make.row("reset my password"), in_full=True).task == "login"
