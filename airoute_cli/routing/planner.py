"""From a row to its plan: the first route that takes it, and the models that may answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from airoute_cli.core.errors import ProfileError, UsageError
from airoute_cli.core.figures import Snapshot
from airoute_cli.core.plan import Features, Plan, RuleVerdict
from airoute_cli.core.profile import Profile, Route
from airoute_cli.core.request import Request
from airoute_cli.routing.compiled import CompiledRoute, Trail
from airoute_cli.routing.conditions import Subject
from airoute_cli.routing.earlier import EarlierProfile
from airoute_cli.routing.features import find_features
from airoute_cli.routing.problems import route_problems
from airoute_cli.routing.rules import Rules, asks_for_task, compile_when
from airoute_cli.routing.strategies import single
from airoute_cli.routing.wording import quoted

BY_HAND = "(-m)"


class Plannable(Protocol):
    """What planning reads of a row."""

    @property
    def request(self) -> Request:
        """What is asked."""
        ...

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What routes and does not travel."""
        ...

    @property
    def digest(self) -> bytes:
        """What stays the same for the same content."""
        ...


class Planner:
    """Plans the rows of one profile; everything that depends on the profile alone is done once.

    Raises ProfileError where a route names an unknown strategy or options that it cannot use.
    """

    def __init__(self, profile: Profile) -> None:
        problems = route_problems(profile)
        if problems:
            raise ProfileError(problems)
        self._profile = profile
        self._routes = tuple(CompiledRoute(route, profile) for route in profile.routes)
        self._rules = Rules([compile_when(route.when) for route in profile.routes])
        self._asks_for_task = any(asks_for_task(route.when) for route in profile.routes)

    def features(self, row: Plannable, *, with_task: bool | None = None) -> Features:
        """What was found out about ``row``; by itself the task only where a route asks for it."""
        wanted = self._asks_for_task if with_task is None else with_task
        return find_features(row.request, row.metadata, row.digest, with_task=wanted)

    def plan(
        self,
        row: Plannable,
        snapshot: Snapshot,
        *,
        explain: bool = False,
        only_model: str | None = None,
        held_to: Sequence[EarlierProfile] = (),
    ) -> Plan:
        """The plan for ``row``; the same arguments always give the same one.

        ``explain`` fills ``rules`` and ``candidates``. ``only_model`` passes the routes by; a
        name that the profile does not have raises UsageError. ``held_to`` are profiles that must
        allow a model as well.
        """
        features = self.features(row)
        if only_model is not None:
            trail = Trail(f'model "{only_model}", as asked for with -m', explain=explain)
            return self._by_hand(only_model).plan(row.request, features, snapshot, trail, held_to)
        subject = Subject(features)
        taken = self._rules.first(subject)
        rules = self._verdicts(subject, taken) if explain else ()
        if taken is None:
            return _nowhere(rules)
        trail = Trail(self._why(subject, taken), rules, explain)
        return self._routes[taken].plan(row.request, features, snapshot, trail, held_to)

    def _by_hand(self, model: str) -> CompiledRoute:
        if model not in self._profile.models:
            known = quoted(self._profile.models, "and")
            raise UsageError(f'The profile has no model "{model}". Its models are {known}.')
        return CompiledRoute(Route(BY_HAND, single.NAME, (model,)), self._profile)

    def _why(self, subject: Subject, taken: int) -> str:
        _, reason = self._rules.matchers[taken].explain(subject)
        return f'route "{self._profile.routes[taken].name}": {reason}'

    def _verdicts(self, subject: Subject, taken: int | None) -> tuple[RuleVerdict, ...]:
        """What became of every route; those behind the one that took the row were not asked."""
        looked_at = len(self._routes) if taken is None else taken + 1
        routes = self._profile.routes
        asked = zip(routes[:looked_at], self._rules.matchers, strict=False)
        return (
            *(RuleVerdict(route.name, *matcher.explain(subject)) for route, matcher in asked),
            *(RuleVerdict(route.name, False, "not reached") for route in routes[looked_at:]),
        )


def _nowhere(rules: tuple[RuleVerdict, ...]) -> Plan:
    return Plan(
        route="",
        strategy="",
        reason="no route matches",
        calls=(),
        candidates=(),
        rules=rules,
        refusal="no route matches and there is no default route",
    )
