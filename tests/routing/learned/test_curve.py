from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.routing.learned.curve import (
    apgr,
    cpt,
    gain_at,
    in_folds,
    interval,
    mean_interval,
    resampled_apgr,
)

GAPS = np.array([1.0, 1.0, 0.0, 0.0])


@pytest.mark.parametrize(
    ("scores", "area", "half", "most"),
    [
        # By hand: the curve through (0,0), (.25,.5), (.5,1), (1,1).
        ([4, 3, 2, 1], 0.0625 + 0.1875 + 0.5, 0.25, 0.4),
        ([1, 2, 3, 4], 0.25, 0.75, 0.9),
        ([0, 0, 0, 0], 0.5, 0.5, 0.8),
        ([1, 0, 1, 0], 0.5, 0.5, 0.8),
    ],
)
def test_the_figures_of_a_ranking(scores: list[float], area: float, half: float, most: float):
    ranking = np.array(scores, float)
    assert apgr(ranking, GAPS) == pytest.approx(area)
    assert cpt(ranking, GAPS, 0.5) == pytest.approx(half)
    assert cpt(ranking, GAPS, 0.8) == pytest.approx(most)


def test_the_gain_at_a_share_is_in_units_of_quality():
    assert gain_at(np.array([4.0, 3, 2, 1]), GAPS, [0, 0.25, 1]) == pytest.approx([0, 0.25, 0.5])


def test_without_a_gap_there_are_no_figures():
    ranking = np.array([1.0, 2.0])
    assert np.isnan(apgr(ranking, np.zeros(2)))
    assert np.isnan(cpt(ranking, np.zeros(2), 0.5))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-1, 1)), min_size=2, max_size=40))
def test_the_reverse_of_a_ranking_recovers_what_it_does_not(rows: list[tuple[int, int]]):
    scores, gaps = (np.array(some, float) for some in zip(*rows, strict=True))
    if gaps.sum():
        assert apgr(scores, gaps) + apgr(-scores, gaps) == pytest.approx(1)


def test_ranks_are_inside_folds_and_equal_scores_share_theirs():
    scores = np.array([10.0, 20, 20, 1, 2, 3])
    ranks = in_folds(scores, np.array([0, 0, 0, 1, 1, 1]))
    assert ranks == pytest.approx([1 / 6, 2 / 3, 2 / 3, 1 / 6, 1 / 2, 5 / 6])


def test_draws_centre_on_the_figure_and_pair_up():
    random = np.random.default_rng(0)
    gaps = (random.random(400) < 0.3).astype(float)
    scores = gaps + random.normal(size=400)
    good, same = resampled_apgr((scores, scores), gaps, 500, 0)
    shown = interval(apgr(scores, gaps), good)
    assert shown.low < shown.value < shown.high
    assert shown.high - shown.low < 0.2
    assert (good == same).all()
    assert np.median(good) == pytest.approx(shown.value, abs=0.01)


def test_the_interval_of_a_mean_is_that_of_theory():
    values = np.random.default_rng(1).random(1_000)
    found = mean_interval(values, 1_000, 0)
    half = 1.96 * values.std() / np.sqrt(1_000)
    assert found.low == pytest.approx(found.value - half, abs=half / 5)
    assert found.high == pytest.approx(found.value + half, abs=half / 5)
