"""Calibrates two models: a threshold on the score of a prompt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

import numpy as np

from airoute_cli.core.profile import Profile, Route
from airoute_cli.engine.calibrate import (
    LEARNED,
    Calibration,
    Goal,
    ModelFigures,
    Point,
    Table,
    as_file,
    needs_costs,
    tabulate,
    target_cost,
)
from airoute_cli.engine.calibrate_rows import Graded
from airoute_cli.routing.learned.curve import gain_at, quality_at
from airoute_cli.routing.learned.evidence import find_evidence, share_at_cost, threshold_for
from airoute_cli.routing.learned.fit import Fitted, fit
from airoute_cli.routing.learned.matrix import read_texts
from airoute_cli.routing.learned.route import LearnedRoute, Threshold
from airoute_cli.routing.learned.settings import SETTINGS
from airoute_cli.routing.learned.verdict import Evidence, conclude

SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_NARROWEST = 0.01


def calibrate_pair(profile: Profile, route: Route, graded: Graded, goal: Goal) -> Calibration:
    """Train on all prompts, and judge by scores that each prompt got unseen."""
    weak, strong = route.models
    table = tabulate(profile, route, graded)
    texts = read_texts(prompt.text for prompt in graded.prompts)
    fitted = fit(texts, table.scores[weak], table.scores[strong])
    evidence = find_evidence(texts, table.scores[weak], table.scores[strong], fitted)
    conclusion = conclude(evidence, weak, strong)
    share = _share(table, fitted, evidence, goal, (weak, strong))
    threshold = Threshold(threshold_for(fitted.scores, share))
    *curve, chosen = _points(table, fitted, (weak, strong), (*SHARES, share))
    learned = LearnedRoute((weak, strong), {strong: fitted.head}, threshold)
    told = {
        "verdict": conclusion.verdict.value,
        "reason": conclusion.reason,
        "asked_for": asdict(goal),
        "chosen": asdict(chosen),
        **asdict(evidence),
    }
    return Calibration(
        route=route.name,
        prompts=len(graded.prompts),
        lines=graded.lines,
        unusable=graded.unusable,
        models=(
            ModelFigures(weak, evidence.weak, table.mean_cost(weak)),
            ModelFigures(strong, evidence.strong, table.mean_cost(strong)),
        ),
        ranked_by=LEARNED,
        figures=evidence,
        curve=tuple(curve),
        chosen=chosen,
        conclusion=conclusion,
        file=as_file(learned, route.name, graded, told),
    )


def _share(
    table: Table, fitted: Fitted, evidence: Evidence, goal: Goal, names: tuple[str, str]
) -> float:
    """The share of strong calls: as asked for, else the smallest that recovers 80% of the gap."""
    weak, strong = names
    if goal.cost is not None:
        costs = needs_costs(table)
        with target_cost():
            return share_at_cost(fitted.ranks, costs[weak], costs[strong], goal.cost)
    wanted = evidence.learned.cpt80 if goal.share is None else goal.share
    wanted = wanted if np.isfinite(wanted) else 0.5
    return min(max(wanted, _NARROWEST), 1 - _NARROWEST)


def _points(
    table: Table, fitted: Fitted, names: tuple[str, str], shares: Sequence[float]
) -> Iterator[Point]:
    weak, strong = (table.scores[name] for name in names)
    qualities = quality_at(fitted.ranks, weak, strong, shares, SETTINGS.resamples, SETTINGS.seed)
    costs: list[float] | list[None] = [None] * len(shares)
    if table.costs is not None:
        low, high = (table.costs[name] for name in names)
        costs = [float(low.mean()) + more for more in gain_at(fitted.ranks, high - low, shares)]
    for share, quality, cost in zip(shares, qualities, costs, strict=True):
        by_chance = float(weak.mean() + share * (strong - weak).mean())
        yield Point({names[0]: 1 - share, names[1]: share}, quality, by_chance, cost)
