"""What can be proved of a policy without a call, each doubt with a row that shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import orjson

from airoute_cli.core.errors import ProfileError, SetupError
from airoute_cli.core.figures import Figures
from airoute_cli.core.label import Label
from airoute_cli.core.plan import Plan
from airoute_cli.core.policy import OnEmpty, PolicyRule
from airoute_cli.core.profile import Model, Profile, Route, When
from airoute_cli.core.request import Row
from airoute_cli.core.scan import BY_MODEL, classes_of
from airoute_cli.edges.rows.parse import read_line
from airoute_cli.engine.finding import Finding, Level
from airoute_cli.routing.classify.labelling import asking_of
from airoute_cli.routing.planner import Planner
from airoute_cli.routing.policy.demands import Candidate, demands_of
from airoute_cli.routing.policy.witness import rows_for
from airoute_cli.routing.rules import parts_of
from airoute_cli.routing.strategies import helpers_of
from airoute_cli.routing.wording import counted

# So many rules together are tried as the reason why a route is left with nobody.
MOST_TOGETHER = 3
# A model at its best: what only live figures can rule out is not held against a profile.
_QUICK = Figures(answers=1, latency_ms=0)

_ENDS: Mapping[OnEmpty, str] = {
    OnEmpty.REFUSE: "is refused",
    OnEmpty.HANDOFF: "is handed off to people",
    OnEmpty.DEFER: "is deferred",
    OnEmpty.FAIL: "fails",
}


@dataclass(frozen=True, slots=True)
class _Case:
    profile: Profile
    planner: Planner

    @property
    def rules(self) -> tuple[PolicyRule, ...]:
        return self.profile.policy.rules

    def plan(self, given: Mapping[str, Any]) -> Plan | None:
        """The plan of a row as it would stand in a file; None if it is no usable row."""
        return next(self.plans(given), None)

    def plans(self, given: Mapping[str, Any], model: str | None = None) -> Iterator[Plan]:
        """Every plan that it may come to: one, or by each label that a model may give it."""
        row = read_line(orjson.dumps(given), 1)
        if isinstance(row, Row):
            for label in self._labels:
                yield self.planner.plan(row, {}, only_model=model, label=label)

    @property
    def _labels(self) -> tuple[Label | None, ...]:
        asking = asking_of(self.profile)
        return (None,) if asking is None else (None, *map(asking.certain, asking.labels))


def policy_findings(profile: Profile) -> Iterator[Finding]:
    """Everything that is found about the rules of ``profile``."""
    if not profile.policy.rules:
        return
    if missing := _missing_extra(profile):
        yield Finding(Level.ERROR, "policy", missing)
        return
    case = _open(profile)
    if case is None:
        return  # what is wrong with its routes is told elsewhere
    yield from _declared(case)
    for rule in case.rules:
        yield from _slips_past(case, rule)
    for route in profile.routes:
        yield from _always_removed(case, route)
        yield from _left_with_nobody(case, route)
    yield from _escapes(case)


def _open(profile: Profile) -> _Case | None:
    # A row that is made to fall under a rule says nothing of what every row must say.
    policy = replace(profile.policy, require_metadata=())
    # Nor has it what a template wants.
    plain = tuple(replace(route, template=None) for route in profile.routes)
    try:
        return _Case(profile, Planner(replace(profile, policy=policy, routes=plain)))
    except ProfileError:
        return None


def _missing_extra(profile: Profile) -> str | None:
    asked = {name for rule in profile.policy.rules for name in rule.redact}
    asked |= {name for rule in profile.policy.rules for name in _detects(rule.when)}
    if asked.isdisjoint(BY_MODEL):
        return None
    from airoute_cli.routing.scan.names import analyzer

    try:
        analyzer()
    except SetupError as error:
        return str(error)
    return None


def _detects(when: When | None) -> frozenset[str]:
    return classes_of(name for part in parts_of(when) for name in part.detects)


def _declared(case: _Case) -> Iterator[Finding]:
    """Privacy that is only claimed, where a rule relies on it."""
    if not any(rule.require.private for rule in case.rules):
        return
    for model in case.profile.models.values():
        if model.private_by_claim:
            message = f"it is private as declared; its calls leave for {model.provider.base_url}."
            yield Finding(Level.NOTE, f'model "{model.name}"', message)


def _slips_past(case: _Case, rule: PolicyRule) -> Iterator[Finding]:
    """A rule by metadata does not see the row that has none."""
    required = case.profile.policy.require_metadata
    keys = [key for part in parts_of(rule.when) for key in part.metadata]
    for key in dict.fromkeys(key for key in keys if key not in required):
        for given in rows_for([rule.when]):
            metadata = {k: v for k, v in given.get("metadata", {}).items() if k != key}
            without = {**given, "metadata": metadata}
            if _governs(case, rule, given) and not _governs(case, rule, without):
                shown = without if metadata else {k: v for k, v in given.items() if k != "metadata"}
                message = f"a row without metadata.{key} is not governed by it: {_json(shown)}."
                remedy = f'Ask for it: [policy] require_metadata = ["{key}"].'
                yield Finding(Level.WARNING, f'policy "{rule.name}"', message, remedy)
                break


def _governs(case: _Case, rule: PolicyRule, given: Mapping[str, Any]) -> bool:
    plan = case.plan(given)
    return plan is not None and rule.name in plan.ruling.rules


def _always_removed(case: _Case, route: Route) -> Iterator[Finding]:
    """Models that a route names in vain."""
    for rule in case.rules:
        if not _always_governs(rule, route) or rule.redact:
            continue
        for name in dict.fromkeys((*route.models, *route.fallback, *helpers_of(route))):
            if reason := _objection(rule, case.profile.models[name]):
                message = f'the policy "{rule.name}" always takes "{name}" away: {reason}.'
                remedy = "Take it out of the route, or change the rule."
                yield Finding(Level.WARNING, f'route "{route.name}"', message, remedy)


def _always_governs(rule: PolicyRule, route: Route) -> bool:
    """Whether every row that comes to the route falls under the rule, as far as it is plain."""
    if rule.when is None or rule.when == When():
        return True
    return route.when is not None and (rule.when == route.when or rule.when in route.when.all)


def _objection(rule: PolicyRule, model: Model) -> str | None:
    candidate = Candidate(model, _QUICK, 0)
    found = (demand(candidate) for demand in demands_of(rule))
    return next((reason for reason in found if reason), None)


def _left_with_nobody(case: _Case, route: Route) -> Iterator[Finding]:
    """The fewest rules that together leave no model of the route, where a row can show it."""
    models = {name: case.profile.models[name] for name in (*route.models, *route.fallback)}
    kept = {
        rule.name: {name for name, model in models.items() if _objection(rule, model) is None}
        for rule in case.rules
    }
    guilty: list[frozenset[str]] = []
    for count in range(1, MOST_TOGETHER + 1):
        for rules in combinations(case.rules, count):
            names = frozenset(rule.name for rule in rules)
            left = set(models).intersection(*(kept[name] for name in names))
            if not left and not any(known <= names for known in guilty):
                guilty.append(names)
                yield from _nobody(case, route, rules)


def _nobody(case: _Case, route: Route, rules: tuple[PolicyRule, ...]) -> Iterator[Finding]:
    names = " and ".join(f'"{rule.name}"' for rule in rules)
    always = all(_always_governs(rule, route) for rule in rules)
    for given in rows_for([route.when, *(rule.when for rule in rules)]):
        nobody = (plan for plan in case.plans(given) if plan.calls == ())
        if plan := next((plan for plan in nobody if _is_about(plan, route, rules)), None):
            every = "every row of it" if always else "a row of it can end with nobody, and"
            message = f"{every} {_ENDS[plan.on_empty]} by {names}, such as {_json(given)}."
            yield Finding(_grave(plan, always=always), f'route "{route.name}"', message, _REMEDY)
            return


_REMEDY = "Add a model that they allow to its fallback, or leave it so on purpose."


def _is_about(plan: Plan, route: Route, rules: Iterable[PolicyRule]) -> bool:
    governing = set(plan.ruling.rules)
    return f'route "{route.name}"' in plan.reason and governing >= {rule.name for rule in rules}


def _grave(plan: Plan, *, always: bool) -> Level:
    if always:
        return Level.ERROR
    return Level.WARNING if plan.on_empty is OnEmpty.REFUSE else Level.NOTE


def _escapes(case: _Case) -> Iterator[Finding]:
    """Plan rows for every rule and every route, by the routes and past them, and look outside."""
    rows = [
        given
        for rule in case.rules
        for when in (None, *(route.when for route in case.profile.routes))
        for given in rows_for([when, rule.when])
    ]
    plans = 0
    for given in rows:
        for model in (None, *case.profile.models):
            made = list(case.plans(given, model))
            plans += len(made)
            outside = {name for plan in made for name in plan.touched - plan.eligible}
            if outside:
                message = f'"{min(outside)}" is planned against the rules for {_json(given)}.'
                yield Finding(Level.ERROR, "policy", message, "This is a bug in airoute.")
                return
    message = (
        f"{counted(plans, 'plan')} for {counted(len(rows), 'row')} made to fall under "
        f"{counted(len(case.rules), 'rule')}, by every route and for every model by hand: "
        "no call outside."
    )
    yield Finding(Level.NOTE, "policy", message)


def _json(given: Mapping[str, Any]) -> str:
    return orjson.dumps(given).decode()
