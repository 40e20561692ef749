from __future__ import annotations

import json
from copy import deepcopy

import pytest

from airoute_cli.routing.learned.file import DataPart, read_route, write_route
from airoute_cli.routing.learned.fit import fit
from airoute_cli.routing.learned.head import Reading
from airoute_cli.routing.learned.matrix import read_texts
from airoute_cli.routing.learned.route import LearnedRoute, QualityPrice, Threshold
from tests.routing.learned.made_up import graded


@pytest.fixture(scope="module")
def head():
    prompts, weak, strong = graded(120)
    return fit(read_texts(prompts), weak, strong).head


def written(route: LearnedRoute) -> dict:
    file = write_route(
        route,
        name="support",
        made_by="airoute test",
        data=DataPart(rows=120, digest="d"),
        settings={"penalty": 8.0},
        evidence={"verdict": "route"},
    )
    return json.loads(json.dumps(file.model_dump(exclude_none=True)))


@pytest.fixture(scope="module")
def document(head):
    return written(LearnedRoute(("small", "large"), {"large": head}, Threshold(0.25)))


def test_a_route_comes_back_from_its_file(head, document):
    again = read_route(document, "some.json")
    assert (again.models, again.decision) == (("small", "large"), Threshold(0.25))
    for text in ("prove the theorem", "hello", "", "what is 12 times 40?"):
        reading = Reading.of(text)
        assert again.heads["large"].score(reading) == pytest.approx(head.score(reading), abs=2e-3)


def test_several_models_are_weighed_by_a_price(head):
    route = LearnedRoute(("a", "b", "c"), {"b": head, "c": head}, QualityPrice(12.5))
    again = read_route(written(route), "some.json")
    assert (list(again.heads), again.decision) == (["b", "c"], QualityPrice(12.5))


def test_the_file_says_what_it_is_before_its_weights(document):
    assert list(document)[:5] == ["format", "version", "made_by", "route", "models"]
    assert list(document)[-1] == "heads"
    assert document["data"] == {"rows": 120, "digest": "d"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda _: [], "some.json is no learned route."),
        (lambda d: d | {"format": "else"}, "some.json is no learned route."),
        (lambda d: d | {"version": 2}, "was written by another version of airoute."),
        (lambda d: d | {"models": ["small"]}, "is damaged: models: "),
        (lambda d: d | {"models": ["a", "b"]}, "is damaged: its heads do not fit its models."),
        (lambda d: d | {"decision": {}}, "is damaged: its heads do not fit its models."),
        (lambda d: d | {"strange": 1}, "is damaged: strange: "),
        (lambda d: _with_head(d, words=[1]), "is damaged: heads.large.words: "),
        (lambda d: _with_head(d, trust=2), "is damaged: heads.large.trust: "),
        (lambda d: _with_head(d, structure={}), "was written by another version of airoute."),
    ],
)
def test_a_file_that_cannot_be_used_is_told_with_the_remedy(document, change, sentence: str):
    with pytest.raises(ValueError) as told:
        read_route(change(deepcopy(document)), "some.json")
    assert sentence in str(told.value)
    assert str(told.value).endswith("`airoute calibrate` writes it.")


def _with_head(document: dict, **fields) -> dict:
    document["heads"]["large"] |= fields
    return document
