"""Choosing among several models by expected quality less the price of quality. Needs numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from airoute_cli.routing.learned.curve import interval
from airoute_cli.routing.learned.matrix import Floats, Ints
from airoute_cli.routing.learned.verdict import Conclusion, Interval, Verdict

# From "quality costs nothing" to "nothing is worth a cent", in quality per US dollar.
_PRICES = (1e-4, 1e9)
_HALVINGS = 80


def chosen(gains: Floats, costs: Floats, price: float) -> Ints:
    """The model of each prompt, as a column; both tables are prompts by models."""
    columns: Ints = np.argmax(gains - price * costs, axis=1)
    return columns


def picked(table: Floats, columns: Ints) -> Floats:
    """The figure of each prompt's model."""
    values: Floats = table[np.arange(len(table)), columns]
    return values


def price_for(gains: Floats, costs: Floats, target: float) -> float:
    """The price of quality at which a request costs ``target`` US dollars at most, on average.

    The cost falls as the price rises, so it is found by bisection. Raises ValueError where the
    target lies below what the cheapest model of each prompt costs.
    """
    least = float(costs.min(axis=1).mean())
    if target < least:
        raise ValueError(
            f"${target:g} per request is less than the cheapest models cost on these prompts, "
            f"${least:.6f}."
        )
    low, high = (float(np.log(bound)) for bound in _PRICES)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        spent = picked(costs, chosen(gains, costs, float(np.exp(middle)))).mean()
        low, high = (middle, high) if spent > target else (low, middle)
    return float(np.exp(high))


def by_chance(qualities: Sequence[float], costs: Sequence[float], budget: float) -> float:
    """The best mean quality of models drawn by lot, for ``budget`` US dollars per request.

    Mixing two models reaches every point between them, so this is the upper hull of the models.
    """
    affordable = [quality for quality, cost in zip(qualities, costs, strict=True) if cost <= budget]
    best = max(affordable, default=float("nan"))
    pairs = [
        (quality, cost, better, dearer)
        for quality, cost in zip(qualities, costs, strict=True)
        for better, dearer in zip(qualities, costs, strict=True)
        if cost <= budget < dearer
    ]
    mixed = [
        quality + (better - quality) * (budget - cost) / (dearer - cost)
        for quality, cost, better, dearer in pairs
    ]
    return max([best, *mixed]) if affordable else float("nan")


def lead_over_chance(
    scores: Floats, costs: Floats, columns: Ints, resamples: int, seed: int
) -> tuple[Interval, Interval]:
    """The quality of these choices, and how much more it is than by lot for the same money."""
    random = np.random.default_rng(seed)
    mine, spent = picked(scores, columns), picked(costs, columns)
    draws = np.empty((resamples, 2))
    for number in range(resamples):
        drawn = random.integers(0, len(scores), len(scores))
        draws[number] = _figures(mine[drawn], spent[drawn], scores[drawn], costs[drawn])
    quality, lead = _figures(mine, spent, scores, costs)
    return interval(quality, draws[:, 0]), interval(lead, draws[:, 1])


def _figures(mine: Floats, spent: Floats, scores: Floats, costs: Floats) -> tuple[float, float]:
    quality = float(mine.mean())
    # A hair more, so that a model that is always chosen can be paid for by lot as well.
    budget = float(spent.mean()) * (1 + 1e-9)
    lot = by_chance(scores.mean(axis=0).tolist(), costs.mean(axis=0).tolist(), budget)
    return quality, quality - lot


def conclude_lead(lead: Interval, prompts: int, enough: int) -> Conclusion:
    """The verdict by the lead over chance."""
    figures = f"{lead.value:+.1%}, between {lead.low:+.1%} and {lead.high:+.1%}"
    if lead.low > 0:
        return Conclusion(
            Verdict.ROUTE,
            f"for the same money it is better than models drawn by lot ({figures}).",
        )
    if prompts < enough:
        return Conclusion(
            Verdict.LABEL_MORE,
            f"{prompts:,} prompts do not show that it is better than models drawn by lot for the "
            f"same money ({figures}). About {enough:,} may.",
        )
    return Conclusion(
        Verdict.ONE_MODEL,
        f"for the same money it is no better than models drawn by lot ({figures}).",
    )
