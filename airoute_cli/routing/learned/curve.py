"""How good a ranking of prompts is: quality over the share of them that the strong model gets.

PGR (performance gap recovered), APGR and CPT as of RouteLLM (arXiv 2406.18665): PGR is
(quality - weak) / (strong - weak), APGR its mean over all shares, CPT(x) the smallest share of
strong calls that reaches the PGR x. By chance APGR is 0.5 and CPT(x) is x.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from airoute_cli.routing.learned.matrix import Floats, Ints
from airoute_cli.routing.learned.verdict import Interval

HALF = 0.5
MOST = 0.8
_INTERVAL = (2.5, 97.5)
_AT_ONCE = 2_000_000  # numbers in memory for resampling


def in_folds(scores: Floats, folds: Ints) -> Floats:
    """The rank of each score inside its fold, between 0 and 1; equal scores share their rank.

    Scores of different folds come from different fits, so they are only compared by rank.
    """
    ranks = np.empty(len(scores))
    for fold in np.unique(folds):
        inside = np.flatnonzero(folds == fold)
        _, places, counts = np.unique(scores[inside], return_inverse=True, return_counts=True)
        ends = np.cumsum(counts)
        ranks[inside] = ((ends - counts / 2) / len(inside))[places]
    return ranks


def gained(scores: Floats, gaps: Floats) -> tuple[Floats, Floats]:
    """The curve: shares of strong calls from 0 to 1, and the mean gain per prompt at each.

    Prompts with equal scores go together, in a straight line: nothing tells them apart.
    """
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    gains = np.cumsum(gaps[order])[ends] / len(scores)
    return np.append(0.0, (ends + 1) / len(scores)), np.append(0.0, gains)


def recovered(scores: Floats, gaps: Floats) -> tuple[Floats, Floats]:
    """As ``gained``, with the PGR; not numbers where both models are equally good."""
    shares, gains = gained(scores, gaps)
    return shares, gains / (gains[-1] or np.nan)


def apgr(scores: Floats, gaps: Floats) -> float:
    """The mean PGR over all shares; not a number where both models are equally good."""
    shares, gains = recovered(scores, gaps)
    return float(np.trapezoid(gains, shares))


def cpt(scores: Floats, gaps: Floats, wanted: float) -> float:
    """The smallest share of strong calls, 0 to 1, that recovers ``wanted`` of the gap."""
    shares, gains = recovered(scores, gaps)
    if not np.isfinite(gains[-1]):
        return float("nan")
    first = int(np.argmax(gains >= wanted - 1e-12))
    if first == 0:
        return 0.0
    low, high = gains[first - 1], gains[first]
    between = (wanted - low) / (high - low)
    return float(shares[first - 1] + between * (shares[first] - shares[first - 1]))


def gain_at(scores: Floats, gaps: Floats, shares: Sequence[float]) -> list[float]:
    """The mean gain over the weak model alone where these shares go to the strong one."""
    return [float(gain) for gain in np.interp(shares, *gained(scores, gaps))]


def quality_at(
    scores: Floats,
    weak: Floats,
    strong: Floats,
    shares: Sequence[float],
    resamples: int,
    seed: int,
) -> list[Interval]:
    """The mean quality where these shares go to the strong model, with 95% bootstrap intervals."""
    gains = gain_at(scores, strong - weak, shares)
    order = np.argsort(-scores, kind="stable")
    count = len(scores)
    random = np.random.default_rng(seed)
    draws = np.empty((resamples, len(shares)))
    for number in range(resamples):
        drawn = random.multinomial(count, np.full(count, 1 / count))[order]
        placed = np.append(0.0, np.cumsum(drawn) / count)
        risen = np.append(0.0, np.cumsum(drawn * (strong - weak)[order]) / count)
        draws[number] = drawn @ weak[order] / count + np.interp(shares, placed, risen)
    base = float(weak.mean())
    return [interval(base + gain, draws[:, place]) for place, gain in enumerate(gains)]


def resampled_apgr(
    rankings: Sequence[Floats], gaps: Floats, resamples: int, seed: int
) -> list[Floats]:
    """The APGR of each ranking in ``resamples`` draws of the rows, the same for every ranking.

    Draws in which the strong model is no better have no APGR and are left out.
    """
    random = np.random.default_rng(seed)
    orders = [np.argsort(-scores, kind="stable") for scores in rankings]
    count = len(gaps)
    found: list[list[Floats]] = [[] for _ in rankings]
    for start in range(0, resamples, step := max(_AT_ONCE // count, 1)):
        size = min(step, resamples - start)
        drawn = random.multinomial(count, np.full(count, 1 / count), size=size)
        drawn = drawn[(drawn * gaps).sum(axis=1) > 0]
        for place, order in enumerate(orders):
            found[place].append(_areas(drawn[:, order], gaps[order]))
    return [np.concatenate(some) for some in found]


def _areas(drawn: Floats, gaps: Floats) -> Floats:
    """The area under each curve whose rows are drawn so many times, best score first."""
    gains = np.cumsum(drawn * gaps, axis=1)
    before = np.concatenate([np.zeros((len(drawn), 1)), gains[:, :-1]], axis=1)
    widths = drawn / drawn.sum(axis=1, keepdims=True)
    areas: Floats = ((gains + before) / 2 * widths).sum(axis=1) / gains[:, -1]
    return areas


def interval(value: float, draws: Floats) -> Interval:
    """``value`` with the 95% percentile interval of its draws."""
    if not len(draws):
        return Interval(value, float("nan"), float("nan"))
    low, high = np.percentile(draws, _INTERVAL)
    return Interval(value, float(low), float(high))


def mean_interval(values: Floats, resamples: int, seed: int) -> Interval:
    """The mean with its 95% bootstrap interval."""
    random = np.random.default_rng(seed)
    count = len(values)
    means = [values[random.integers(0, count, count)].mean() for _ in range(resamples)]
    return interval(float(values.mean()), np.array(means))
