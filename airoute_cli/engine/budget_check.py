"""What can be proved of budgets without a call: that they admit a row, and for whom they hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from airoute_cli.core.budget import NO_TIER, OnBudget, Scope, dollars
from airoute_cli.core.plan import Basis, Plan
from airoute_cli.core.policy import Ruling
from airoute_cli.core.profile import Profile, Route
from airoute_cli.core.request import Message, Request, Text
from airoute_cli.engine.budget_limits import BudgetLimits, worst_amounts
from airoute_cli.engine.finding import Finding, Level
from airoute_cli.engine.leases import Exhausted
from airoute_cli.routing.choice import kind_of
from airoute_cli.routing.compiled import CompiledRoute, Trail
from airoute_cli.routing.conditions import Subject
from airoute_cli.routing.features import find_features
from airoute_cli.routing.problems import route_problems
from airoute_cli.routing.views import Sent, View

_SMALLEST = Request((Message("user", (Text("."),)),))


def budget_findings(profile: Profile) -> Iterator[Finding]:
    """Everything that is found about the budgets of ``profile``."""
    limits = BudgetLimits(profile)
    if not limits.all or route_problems(profile):
        return
    for model in profile.models.values():
        if model.price is None:
            message = "no budget holds for it, as nobody knows its price."
            yield Finding(Level.WARNING, f'model "{model.name}"', message)
    for route in profile.routes:
        yield from _admits_nobody(profile, route, limits)


def _admits_nobody(profile: Profile, route: Route, limits: BudgetLimits) -> Iterator[Finding]:
    told = set()
    for tier in (NO_TIER, *profile.policy.tiers):
        plans = [plan._replace(tier=tier) for plan in _smallest_plans(profile, route)]
        refused = [_refused(plan, limits) for plan in plans]
        if not plans or any(one is None for one in refused):
            continue
        first = next(one for one in refused if one)
        if first.limit not in told:
            told.add(first.limit)
            yield _finding(profile, route, plans[0], first, limits)


def _finding(
    profile: Profile, route: Route, plan: Plan, refused: Exhausted, limits: BudgetLimits
) -> Finding:
    message = (
        f"even its smallest row may cost {dollars(refused.asked)} at worst, and {refused.limit}"
    )
    one_by_one = (plan._replace(calls=(call,)) for call in plan.instead)
    if profile.on_budget(route) is OnBudget.DEGRADE and any(
        _refused(other, limits) is None for other in one_by_one
    ):
        message += ", so that every row of it is degraded."
        return Finding(Level.WARNING, f'route "{route.name}"', message)
    # Whether a row of that tier ever takes the route, nobody can tell.
    level = Level.WARNING if refused.limit.scope is Scope.TIER else Level.ERROR
    remedy = "Raise it, lower max_output_tokens, or take a model or a fallback away."
    return Finding(level, f'route "{route.name}"', f"{message}.", remedy)


def _smallest_plans(profile: Profile, route: Route) -> list[Plan]:
    """The plans of the smallest row, one for each model that a draw may fall on."""
    # No template can make it smaller.
    compiled = CompiledRoute(replace(route, template=None), profile, {})
    features = find_features(_SMALLEST, {}, b"", with_task=False)
    kind = kind_of(_SMALLEST, features)
    sent = Sent.as_it_came(View(_SMALLEST, Subject(features), kind))
    ruling = Ruling(frozenset(profile.models))
    drawn = route.models if route.strategy == "weighted" else (None,)
    trails = [Trail("the smallest row", ruling, Basis(features), drawn=model) for model in drawn]
    plans = [compiled.plan(sent, {}, trail) for trail in trails]
    return [plan for plan in plans if plan.calls]


def _refused(plan: Plan, limits: BudgetLimits) -> Exhausted | None:
    """The first limit that has no room for a plan although nothing is spent."""
    amounts = worst_amounts(plan)
    bounds = limits.over(tuple(amounts))
    for limit in (*bounds.request, *bounds.counted):
        asked = limit.among(amounts)
        if asked > limit.usd:
            return Exhausted(limit, limit.usd, limit.usd, asked)
    return None
