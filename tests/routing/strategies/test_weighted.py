from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from airoute_cli.routing.strategies import weighted
from airoute_cli.routing.strategies.base import Ordering, StrategyContext
from airoute_cli.routing.strategies.weighted import Options, order, problem

WEIGHTS = {"a": 60.0, "b": 30.0, "c": 10.0}
DIGESTS = [hashlib.blake2b(b"%d" % n, digest_size=16).digest() for n in range(10_000)]


def draw(
    make: Any, digest: bytes, models: Sequence[str], weights: dict[str, float], route: str = "r"
) -> Ordering:
    context = StrategyContext(route, Options(weights=weights), make.features(digest=digest))
    return order([make.choice(name) for name in models], context)


def drawn(make: Any, models: str, weights: dict[str, float], route: str = "r") -> list[str]:
    choices = [make.choice(name) for name in models]
    options = Options(weights=weights)
    return [
        order(choices, StrategyContext(route, options, make.features(digest=digest)))
        .picks[0]
        .choice.name
        for digest in DIGESTS
    ]


def test_each_model_gets_its_share(make: Any):
    counts = Counter(drawn(make, "abc", WEIGHTS))
    for name, weight in WEIGHTS.items():
        assert abs(counts[name] / len(DIGESTS) - weight / 100) < 0.02


def test_without_one_model_only_its_rows_move_and_in_proportion(make: Any):
    before, after = drawn(make, "abc", WEIGHTS), drawn(make, "bc", WEIGHTS)
    assert all(old == new for old, new in zip(before, after, strict=True) if old != "a")
    moved = Counter(new for old, new in zip(before, after, strict=True) if old == "a")
    assert abs(moved["b"] / moved.total() - 0.75) < 0.03


def test_another_route_draws_anew(make: Any):
    here, there = drawn(make, "abc", WEIGHTS), drawn(make, "abc", WEIGHTS, "other")
    assert here != there


@given(
    st.binary(min_size=16, max_size=16),
    st.dictionaries(st.sampled_from("abcdef"), st.floats(1e-3, 1e6), min_size=1),
)
def test_one_is_drawn_always_the_same_and_the_others_are_passed(
    make: Any, digest: bytes, weights: dict[str, float]
):
    ordering = draw(make, digest, list(weights), weights)
    again = draw(make, digest, list(reversed(weights)), weights)
    assert [pick.choice.name for pick in ordering.picks] == [again.picks[0].choice.name]
    passed = {one.model for one in ordering.passed}
    assert passed | {ordering.picks[0].choice.name} == set(weights)
    assert ordering.picks[0].choice.name not in passed


def test_the_reasons_name_the_weights_of_those_who_may_answer(make: Any):
    ordering = draw(make, b"0" * 16, ["b", "c"], {"a": 1, "b": 1e9, "c": 0.5})
    assert ordering.picks[0].reason == "weight 1e+09 of 1e+09, by the row's digest"
    assert [one.reason for one in ordering.passed] == ["weight 0.5 of 1e+09, not drawn"]


@pytest.mark.parametrize("drawn_hash", [b"\x00" * 8, b"\xff" * 8])
def test_the_ends_of_the_hash_are_no_division_by_zero(
    make: Any, monkeypatch: pytest.MonkeyPatch, drawn_hash: bytes
):
    class Hash:
        def digest(self) -> bytes:
            return drawn_hash

    monkeypatch.setattr(weighted.hashlib, "blake2b", lambda *_, **__: Hash())
    assert draw(make, b"", ["a"], WEIGHTS).picks[0].choice.name == "a"


@pytest.mark.parametrize(
    "weights", [{}, {"a": 0}, {"a": -1}, {"a": float("inf")}, {"a": float("nan")}, {"a": "much"}]
)
def test_weights_that_are_none(weights: dict[str, Any]):
    with pytest.raises(ValidationError):
        Options(weights=weights)


@pytest.mark.parametrize(
    ("models", "said"),
    [
        (["a", "b", "c"], None),
        (["a"], 'weights names "b" and "c", which models does not. Add it to models.'),
        (
            ["a", "b", "c", "d"],
            'weights has nothing for "d". Give it a weight or leave it out.',
        ),
    ],
)
def test_weights_and_models_name_the_same(models: list[str], said: str | None):
    assert problem(models, Options(weights=WEIGHTS)) == said
