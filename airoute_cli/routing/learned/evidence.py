"""The figures of a pair of models and of a fitted head, with intervals. Needs numpy."""

from __future__ import annotations

from functools import partial

import numpy as np

from airoute_cli.routing.learned.curve import (
    HALF,
    MOST,
    apgr,
    cpt,
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
    gaps = strong - weak
    lengths = in_folds(texts.lengths, fitted.folds)
    draws = resampled_apgr((fitted.ranks, lengths), gaps, settings.resamples, settings.seed)
    learned, length = (
        Ranking(interval(apgr(ranks, gaps), some), cpt(ranks, gaps, HALF), cpt(ranks, gaps, MOST))
        for ranks, some in zip((fitted.ranks, lengths), draws, strict=True)
    )
    mean = partial(mean_interval, resamples=settings.resamples, seed=settings.seed)
    return Evidence(
        rows=len(texts),
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


def share_for_cost(target: float, weak_cost: float, strong_cost: float) -> float:
    """The share of strong calls at which a call costs ``target`` on average.

    Raises ValueError where no share does: the target lies outside of what the two cost, or they
    cost the same.
    """
    low, high = sorted((weak_cost, strong_cost))
    if not low < target < high:
        raise ValueError(
            f"a mean cost of ${target:g} lies outside of what the models cost per request on these "
            f"rows: ${weak_cost:g} and ${strong_cost:g}."
        )
    return (target - weak_cost) / (strong_cost - weak_cost)
