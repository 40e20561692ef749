"""Calibrates a cascade: from which confidence on an answer of its first model is accepted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from airoute_cli.core.profile import Profile, Route
from airoute_cli.engine.calibrate import (
    CONFIDENCE,
    Calibration,
    Goal,
    ModelFigures,
    Point,
    Table,
    needs_costs,
    tabulate,
    target_cost,
)
from airoute_cli.engine.calibrate_pair import SHARES
from airoute_cli.engine.calibrate_rows import Graded
from airoute_cli.routing.learned.curve import gain_at, quality_at
from airoute_cli.routing.learned.evidence import compare, share_at_cost
from airoute_cli.routing.learned.matrix import Floats
from airoute_cli.routing.learned.settings import SETTINGS
from airoute_cli.routing.learned.structure import log_length
from airoute_cli.routing.learned.verdict import Evidence, conclude

_DIGITS = 4


def calibrate_confidence(profile: Profile, route: Route, graded: Graded, goal: Goal) -> Calibration:
    """Nothing is trained: answers of low confidence go on to the next model.

    Where its scores are not given, the next model is taken to be always right.
    """
    table = tabulate(profile, route, graded)
    first, second = route.models[:2]
    weak = table.scores[first]
    strong = table.scores.get(second, np.ones(len(weak)))
    confidences = np.array([prompt.confidences[first] for prompt in graded.prompts])
    lengths = np.array([log_length(prompt.text) for prompt in graded.prompts])
    evidence = compare(-confidences, lengths, weak, strong)
    share = _share(table, -confidences, evidence, goal, (first, second))
    bound = float(np.quantile(confidences, share))
    *curve, chosen = _points(table, -confidences, (weak, strong), (first, second), (*SHARES, share))
    return Calibration(
        route=route.name,
        prompts=len(graded.prompts),
        lines=graded.lines,
        unusable=graded.unusable,
        models=(
            ModelFigures(first, evidence.weak, table.mean_cost(first)),
            ModelFigures(second, evidence.strong, table.mean_cost(second)),
        ),
        ranked_by=CONFIDENCE,
        figures=evidence,
        curve=tuple(curve),
        chosen=chosen,
        conclusion=conclude(evidence, first, second),
        setting=f"min_confidence = {round(bound, _DIGITS)}",
    )


def _share(
    table: Table, scores: Floats, evidence: Evidence, goal: Goal, names: tuple[str, str]
) -> float:
    """The share that is escalated: as asked for, else the least that recovers 80% of the gap."""
    if goal.cost is not None:
        costs = needs_costs(table)
        first, second = costs[names[0]], costs[names[1]]
        with target_cost():
            return share_at_cost(scores, first, first + second, goal.cost)
    if goal.share is not None:
        return goal.share
    return evidence.learned.cpt80 if np.isfinite(evidence.learned.cpt80) else 0.0


def _points(
    table: Table,
    scores: Floats,
    qualities: tuple[Floats, Floats],
    names: tuple[str, str],
    shares: Sequence[float],
) -> Iterator[Point]:
    """An escalated prompt pays for both models."""
    weak, strong = qualities
    found = quality_at(scores, weak, strong, shares, SETTINGS.resamples, SETTINGS.seed)
    costs: list[float] | list[None] = [None] * len(shares)
    if table.costs is not None:
        more = gain_at(scores, table.costs[names[1]], shares)
        costs = [float(table.costs[names[0]].mean()) + extra for extra in more]
    for share, quality, cost in zip(shares, found, costs, strict=True):
        by_chance = float(weak.mean() + share * (strong - weak).mean())
        yield Point({names[0]: 1 - share, names[1]: share}, quality, by_chance, cost)
