from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airoute_cli.routing.classify import separating
from airoute_cli.routing.classify.separating import Example, separate

LABELS, FEATURES = 3, 6
COLUMNS = st.sets(st.integers(0, FEATURES - 1), min_size=1)


def an_example(columns: set[int], label: int, cost: float = 1.0) -> Example:
    found = np.array(sorted(columns), dtype=np.int64)
    return Example(found, np.ones(len(found), dtype=np.float32), label, cost)


def loss(weights: np.ndarray, examples: list[Example]) -> float:
    """What the machine makes small: half of all weights squared, and the squared hinges."""
    hinges = 0.0
    for columns, values, label, cost in examples:
        signs = np.where(np.arange(LABELS) == label, 1, -1)
        margins = signs * (values @ weights[columns])
        hinges += cost * float((np.maximum(1 - margins, 0) ** 2).sum())
    return 0.5 * float((weights**2).sum()) + hinges


@pytest.fixture
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A contradiction is settled slowly, and in use that is not waited for."""
    monkeypatch.setattr(separating, "MOST_PASSES", 2_000)
    monkeypatch.setattr(separating, "ENOUGH", 0.0001)


@pytest.mark.usefixtures("_patient")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.lists(st.tuples(COLUMNS, st.integers(0, LABELS - 1)), min_size=1, max_size=8))
def test_no_other_weights_are_better(rows: list[tuple[set[int], int]]):
    examples = [an_example(columns, label) for columns, label in rows]
    found = separate(examples, features=FEATURES, labels=LABELS)
    least = loss(found, examples)
    random = np.random.default_rng(0)
    for size in (0.01, 0.1, 1.0):
        other = found + size * random.standard_normal(found.shape).astype(np.float32)
        assert loss(other, examples) >= least * 0.999


def test_examples_that_can_be_told_apart_are():
    rows = [({0, 3}, 0), ({1, 3}, 1), ({2, 3}, 2), ({0, 4}, 0)]
    examples = [an_example(columns, label) for columns, label in rows]
    weights = separate(examples, features=FEATURES, labels=LABELS)
    found = [int(np.argmax(one.values @ weights[one.columns])) for one in examples]
    assert found == [label for _, label in rows]


def test_what_costs_more_is_heeded_more():
    def first(cost: float) -> float:
        examples = [an_example({0}, 0, cost), an_example({0}, 1)]
        return float(separate(examples, features=1, labels=2)[0, 0])

    found = [first(cost) for cost in (0.2, 1.0, 5.0)]
    assert all(less < more for less, more in pairwise(found))
