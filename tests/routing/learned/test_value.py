from __future__ import annotations

import numpy as np
import pytest

from airoute_cli.routing.learned.value import (
    by_chance,
    chosen,
    conclude_lead,
    lead_over_chance,
    price_for,
)
from airoute_cli.routing.learned.verdict import Interval, Verdict

GAINS = np.array([[0.0, 0.5, 0.6], [0.0, 0.1, 0.7], [0.0, 0.0, 0.0], [0.0, 0.3, 0.35]])
COSTS = np.tile([0.001, 0.002, 0.010], (4, 1))


def test_quality_that_costs_nothing_is_always_taken_and_dear_quality_never():
    assert chosen(GAINS, COSTS, 0.0).tolist() == [2, 2, 0, 2]
    assert chosen(GAINS, COSTS, 1e9).tolist() == [0, 0, 0, 0]
    assert chosen(GAINS, COSTS, 50.0).tolist() == [1, 2, 0, 1]


@pytest.mark.parametrize("target", [0.0012, 0.0037, 0.006, 1.0])
def test_the_price_keeps_to_the_target_and_spends_what_it_can(target: float):
    price = price_for(GAINS, COSTS, target)
    spent = COSTS[np.arange(4), chosen(GAINS, COSTS, price)].mean()
    assert spent <= target
    cheaper = COSTS[np.arange(4), chosen(GAINS, COSTS, price * 0.98)].mean()
    assert cheaper > target or price < 0.01


def test_less_than_the_cheapest_cannot_be_spent():
    with pytest.raises(ValueError, match="less than the cheapest models cost"):
        price_for(GAINS, COSTS, 0.0005)


@pytest.mark.parametrize(
    ("budget", "quality"),
    [(1.0, 0.5), (2.0, 0.7), (5.0, 0.9), (1.5, 0.6), (3.5, 0.8), (9.0, 0.9)],
)
def test_by_lot_means_the_hull_of_the_models(budget: float, quality: float):
    # The third model is worse and dearer than the second: no lot is drawn for it.
    found = by_chance([0.5, 0.7, 0.6, 0.9], [1.0, 2.0, 3.0, 5.0], budget)
    assert found == pytest.approx(quality)
    assert np.isnan(by_chance([0.5], [1.0], 0.5))


def test_the_right_model_for_every_prompt_leads_over_chance():
    random = np.random.default_rng(0)
    best = random.integers(0, 3, 600)
    scores = np.eye(3)[best] * 0.6 + 0.3
    costs = np.tile([1.0, 2.0, 3.0], (600, 1))
    quality, lead = lead_over_chance(scores, costs, best, 300, 0)
    assert quality.value == pytest.approx(0.9)
    assert lead.low > 0.3
    lots = random.integers(0, 3, 600)
    assert lead_over_chance(scores, costs, lots, 300, 0)[1].low < 0


@pytest.mark.parametrize(
    ("lead", "prompts", "verdict"),
    [
        (Interval(0.1, 0.05, 0.15), 100, Verdict.ROUTE),
        (Interval(0.1, -0.05, 0.15), 100, Verdict.LABEL_MORE),
        (Interval(0.0, -0.05, 0.05), 900, Verdict.ONE_MODEL),
    ],
)
def test_the_verdict_follows_the_lead(lead: Interval, prompts: int, verdict: Verdict):
    assert conclude_lead(lead, prompts, 300).verdict is verdict
