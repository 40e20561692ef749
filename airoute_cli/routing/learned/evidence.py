"""The figures of a pair of models and of a fitted head, with intervals. Needs numpy."""

from __future__ import annotations

from functools import partial

import numpy as np

from airoute_cli.routing.learned.curve import (
    HALF,
    MOST,
    apgr,
    cpt,
    gained,
    in_folds,
    interval,
    mean_interval,
    resampled_apgr,
)
from airoute_cli.routing.learned.fit import Fitted
from airoute_cli.routing.learned.matrix import Floats, Texts
from airoute_cli.routing.learned.settings import SETTINGS, Settings
from airoute_cli.routing.learned.verdict import CHANCE, Evidence, Interval, Ranking

RANDOM = Ranking(Interval(CHANCE, CHANCE, CHANCE), HALF, MOST)


def find_evidence(
    texts: Texts, weak: Floats, strong: Floats, fitted: Fitted, settings: Settings = SETTINGS
) -> Evidence:
    """What the rows say, by the scores that ``fitted`` gave them unseen."""
    lengths = in_folds(texts.lengths, fitted.folds)
    return compare(fitted.ranks, lengths, weak, strong, settings)


def compare(
    ranks: Floats, lengths: Floats, weak: Floats, strong: Floats, settings: Settings = SETTINGS
) -> Evidence:
    """What the rows say of a ranking, beside that by the lengths of the prompts."""
    gaps = strong - weak
    draws = resampled_apgr((ranks, lengths), gaps, settings.resamples, settings.seed)
    learned, length = (
        Ranking(interval(apgr(one, gaps), some), cpt(one, gaps, HALF), cpt(one, gaps, MOST))
        for one, some in zip((ranks, lengths), draws, strict=True)
    )
    mean = partial(mean_interval, resamples=settings.resamples, seed=settings.seed)
    return Evidence(
        rows=len(gaps),
        weak=mean(weak),
        strong=mean(strong),
        gap=mean(gaps),
        random=RANDOM,
        length=length,
        learned=learned,
        lead=interval(learned.apgr.value - length.apgr.value, draws[0] - draws[1]),
    )


def threshold_for(scores: Floats, share: float) -> float:
    """The score from which a prompt goes to the strong model so that ``share`` of them do.

    ``scores`` are out of fold: those of the rows that a head was trained on are spread wider, and
    a threshold from them realises far less than what was asked for. ``share`` lies inside 0 to 1.
    """
    return float(np.quantile(scores, 1 - share))


def share_at_cost(scores: Floats, weak_costs: Floats, strong_costs: Floats, target: float) -> float:
    """The share of strong calls at which a request costs ``target`` US dollars on average.

    The prompts that go to the strong model are often the longer ones, so the costs are those of
    the prompts that would. Raises ValueError where no share does.
    """
    low, high = sorted((float(weak_costs.mean()), float(strong_costs.mean())))
    if not low < target < high:
        raise ValueError(
            f"${target:g} per request is not between what the two models cost on these prompts, "
            f"${low:.6f} and ${high:.6f}."
        )
    shares, more = gained(scores, strong_costs - weak_costs)
    costs = float(weak_costs.mean()) + more
    rising = np.maximum.accumulate(costs if costs[-1] > costs[0] else -costs)
    wanted = target if costs[-1] > costs[0] else -target
    return float(np.interp(wanted, rising, shares))
