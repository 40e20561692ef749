"""Calibrates three models or more: a price of quality, weighed against what each one costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np

from airoute_cli.core.errors import UsageError
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
from airoute_cli.routing.learned.curve import mean_interval
from airoute_cli.routing.learned.fit import fit
from airoute_cli.routing.learned.head import Head
from airoute_cli.routing.learned.matrix import Floats, Ints, read_texts
from airoute_cli.routing.learned.route import LearnedRoute, QualityPrice
from airoute_cli.routing.learned.settings import SETTINGS
from airoute_cli.routing.learned.value import (
    by_chance,
    chosen,
    conclude_lead,
    lead_over_chance,
    picked,
    price_for,
)
from airoute_cli.routing.learned.verdict import ENOUGH_ROWS

_POINTS = 8


@dataclass(frozen=True, slots=True)
class _Predicted:
    """Prompts by models: the expected gain over the first, unseen; true scores; costs."""

    names: tuple[str, ...]
    gains: Floats
    scores: Floats
    costs: Floats


def calibrate_several(profile: Profile, route: Route, graded: Graded, goal: Goal) -> Calibration:
    """Train a head for each model but the first, and find the price that meets the target."""
    if goal.cost is None:
        raise UsageError(
            f'The route "{route.name}" has {len(route.models)} models, so --target-cost is needed: '
            "US dollars per request on average. A share says too little among more than two."
        )
    table = tabulate(profile, route, graded)
    costs = needs_costs(table)
    heads, gains = _fitted(table, route.models)
    predicted = _Predicted(
        route.models, gains, _columns(table.scores, route), _columns(costs, route)
    )
    with target_cost():
        price = price_for(gains, predicted.costs, goal.cost)
    columns = chosen(gains, predicted.costs, price)
    quality, lead = lead_over_chance(
        predicted.scores, predicted.costs, columns, SETTINGS.resamples, SETTINGS.seed
    )
    conclusion = conclude_lead(lead, len(graded.prompts), ENOUGH_ROWS)
    point = _point(predicted, columns)
    told = {
        "verdict": conclusion.verdict.value,
        "reason": conclusion.reason,
        "asked_for": asdict(goal),
        "chosen": asdict(point),
        "quality": asdict(quality),
        "lead_over_chance": asdict(lead),
    }
    learned = LearnedRoute(route.models, heads, QualityPrice(price))
    return Calibration(
        route=route.name,
        prompts=len(graded.prompts),
        lines=graded.lines,
        unusable=graded.unusable,
        models=tuple(_figures(predicted)),
        ranked_by=LEARNED,
        figures=None,
        curve=tuple(_curve(predicted)),
        chosen=point,
        conclusion=conclusion,
        file=as_file(learned, route.name, graded, told),
    )


def _fitted(table: Table, names: tuple[str, ...]) -> tuple[dict[str, Head], Floats]:
    texts = read_texts(prompt.text for prompt in table.prompts)
    first, *others = names
    heads: dict[str, Head] = {}
    columns = [np.zeros(len(texts))]
    for name in others:
        fitted = fit(texts, table.scores[first], table.scores[name])
        heads[name] = fitted.head
        columns.append(fitted.head.intercept + fitted.head.slope * fitted.scores)
    return heads, np.stack(columns, axis=1)


def _columns(figures: dict[str, Floats], route: Route) -> Floats:
    return np.stack([figures[name] for name in route.models], axis=1)


def _figures(predicted: _Predicted) -> Iterator[ModelFigures]:
    for place, name in enumerate(predicted.names):
        quality = mean_interval(predicted.scores[:, place], SETTINGS.resamples, SETTINGS.seed)
        yield ModelFigures(name, quality, float(predicted.costs[:, place].mean()))


def _curve(predicted: _Predicted) -> Iterator[Point]:
    """What budgets between the cheapest and what would be spent if money were nothing bring."""
    free = chosen(predicted.gains, predicted.costs, 0.0)
    most = float(picked(predicted.costs, free).mean())
    least = float(predicted.costs.min(axis=1).mean())
    for budget in np.linspace(least, most, _POINTS):
        price = price_for(predicted.gains, predicted.costs, max(float(budget), least))
        yield _point(predicted, chosen(predicted.gains, predicted.costs, price))


def _point(predicted: _Predicted, columns: Ints) -> Point:
    mine = picked(predicted.scores, columns)
    cost = float(picked(predicted.costs, columns).mean())
    counts = np.bincount(columns, minlength=len(predicted.names)) / len(columns)
    alone = predicted.scores.mean(axis=0).tolist(), predicted.costs.mean(axis=0).tolist()
    return Point(
        shares=dict(zip(predicted.names, counts.tolist(), strict=True)),
        quality=mean_interval(mine, SETTINGS.resamples, SETTINGS.seed),
        by_chance=by_chance(*alone, cost * (1 + 1e-9)),
        cost=cost,
    )
