"""From a row to its plan: the first route that takes it, and the models that may answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from airoute_cli.core.budget import OnBudget
from airoute_cli.core.errors import ProfileError, UsageError
from airoute_cli.core.figures import Snapshot
from airoute_cli.core.plan import Basis, Features, Plan, RuleVerdict
from airoute_cli.core.policy import OnEmpty, Ruling
from airoute_cli.core.profile import Profile, Route
from airoute_cli.core.request import Message, Request
from airoute_cli.core.settings import Settings
from airoute_cli.routing.classify.finder import task_finder
from airoute_cli.routing.compiled import CompiledRoute, Trail
from airoute_cli.routing.conditions import Subject
from airoute_cli.routing.earlier import EarlierProfile
from airoute_cli.routing.features import find_features
from airoute_cli.routing.policy.rulebook import Rulebook
from airoute_cli.routing.problems import route_problems
from airoute_cli.routing.rules import Compiler, Rules, asks_for_complexity, asks_for_task, detected
from airoute_cli.routing.scan.scanner import Scanner
from airoute_cli.routing.shape import lacks_system
from airoute_cli.routing.strategies import single
from airoute_cli.routing.wording import listed, quoted

BY_HAND = "(-m)"
NO_ROUTE = "no route matches and there is no default route"


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

    ``recalling``: it makes decisions again, by ``plan_again``, from what they were based on.
    Raises ProfileError where a route names an unknown strategy or options that it cannot use.
    """

    def __init__(self, profile: Profile, *, recalling: bool = False) -> None:
        problems = route_problems(profile)
        if problems:
            raise ProfileError(problems)
        compiler = Compiler(recalling=recalling)
        self._profile = profile
        self._routes = tuple(CompiledRoute(route, profile) for route in profile.routes)
        self._rules = Rules([compiler.compile(route.when) for route in profile.routes])
        self._rulebook = Rulebook(profile, compiler)
        whens = [route.when for route in profile.routes]
        self._asks_for_task = self._rulebook.asks_for_task or any(map(asks_for_task, whens))
        self._asks_for_complexity = self._rulebook.asks_for_complexity or any(
            map(asks_for_complexity, whens)
        )
        self._find_task = task_finder(profile.classifier)
        detected_by_routes = (name for when in whens for name in detected(when))
        self._scanner = Scanner({*self._rulebook.classes, *detected_by_routes})

    def features(self, row: Plannable, *, in_full: bool = False) -> Features:
        """What was found out about ``row``.

        The task and the complexity only where a route or a rule asks for them, or ``in_full``.
        """
        return find_features(
            row.request,
            row.metadata,
            row.digest,
            with_task=in_full or self._asks_for_task,
            with_complexity=in_full or self._asks_for_complexity,
            find_task=self._find_task,
        )

    def plan(
        self,
        row: Plannable,
        snapshot: Snapshot,
        *,
        explain: bool = False,
        only_model: str | None = None,
        only_route: str | None = None,
        held_to: Sequence[EarlierProfile] = (),
    ) -> Plan:
        """The plan for ``row``; the same arguments always give the same one.

        ``explain`` fills ``rules`` and ``candidates``. ``only_model`` passes the routes by, and
        ``only_route`` takes that one whatever its ``when`` says; a name that the profile does not
        have raises UsageError. ``held_to`` are profiles that must allow a model as well.
        """
        features = self.features(row)
        subject = Subject(features, lambda: self._scanner.scan(row.request))
        earlier = [(one, one.subject(row.request, features)) for one in held_to]
        asked = _Asked(row.request, subject, earlier, snapshot, explain, only_model, only_route)
        return self._decide(asked)

    def plan_again(
        self,
        basis: Basis,
        snapshot: Snapshot,
        *,
        explain: bool = False,
        drawn: str | None = None,
        held_to: Sequence[EarlierProfile] = (),
    ) -> Plan:
        """The plan that ``basis`` leads to, by the same code and without the text.

        ``drawn`` is the model that a draw by the row's digest fell on.
        """
        recalled = zip(held_to, map(_recalled, basis.earlier), strict=True)
        request = _stub(basis)
        asked = _Asked(
            request,
            _recalled(basis),
            list(recalled),
            snapshot,
            explain,
            basis.only_model,
            basis.only_route,
            drawn,
            basis.scores,
        )
        return self._decide(asked)

    def left_by(self, rule: str, basis: Basis, snapshot: Snapshot) -> frozenset[str] | None:
        """Whom one rule alone leaves for a row; None if it does not govern the row."""
        return self._rulebook.left_by(rule, _recalled(basis), snapshot)

    def _decide(self, asked: _Asked) -> Plan:
        subject, snapshot, explain = asked.subject, asked.snapshot, asked.explain
        features = subject.features
        ruling = self._rulebook.judge(subject, snapshot, explain=explain)
        for earlier, under in asked.earlier:
            ruling = earlier.hold(ruling, self._profile.models, under)
        held_to = [earlier for earlier, _ in asked.earlier]
        if lacking := self._lacking(features.metadata):
            return _nobody(lacking, ruling, _basis(asked), on_empty=OnEmpty.FAIL)
        if (named := asked.only_model) is not None:
            why = f'model "{named}", as asked for with -m'
            trail = Trail(why, ruling, _basis(asked), explain=explain)
            return self._by_hand(named).plan(asked.request, features, snapshot, trail, held_to)
        if (route := asked.only_route) is not None:
            why = f'route "{route}", as asked for'
            trail = Trail(why, ruling, _basis(asked), (), explain, asked.drawn)
            return self._route(route).plan(asked.request, features, snapshot, trail, held_to)
        taken = self._rules.first(subject)
        rules = self._verdicts(subject, taken) if explain else ()
        if taken is None:
            return _nobody(NO_ROUTE, ruling, _basis(asked), rules)
        why = self._why(subject, taken)
        trail = Trail(why, ruling, _basis(asked), rules, explain, asked.drawn, asked.scores)
        return self._routes[taken].plan(asked.request, features, snapshot, trail, held_to)

    def _lacking(self, metadata: Mapping[str, Any]) -> str | None:
        """The sentence about what the row must say and does not; None if it says all."""
        required = self._profile.policy.require_metadata
        missing = [key for key in required if metadata.get(key) in (None, "")]
        if not missing:
            return None
        return (
            f"the row has no {listed([f'metadata.{key}' for key in missing], 'and no')}, which "
            "[policy] require_metadata asks of every row"
        )

    def _by_hand(self, model: str) -> CompiledRoute:
        if model not in self._profile.models:
            known = quoted(self._profile.models, "and")
            raise UsageError(f'The profile has no model "{model}". Its models are {known}.')
        return CompiledRoute(
            Route(BY_HAND, single.NAME, (model,), on_budget=OnBudget.STOP), self._profile
        )

    def _route(self, name: str) -> CompiledRoute:
        for route in self._routes:
            if route.route.name == name:
                return route
        known = quoted((route.name for route in self._profile.routes), "and")
        raise UsageError(f'The profile has no route "{name}". Its routes are {known}.')

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


class _Asked(NamedTuple):
    """What one plan is made from."""

    request: Request
    subject: Subject
    earlier: Sequence[tuple[EarlierProfile, Subject]]
    snapshot: Snapshot
    explain: bool
    only_model: str | None = None
    only_route: str | None = None
    drawn: str | None = None
    scores: Mapping[str, float] | None = None


def _basis(asked: _Asked) -> Basis:
    request = asked.request
    return Basis(
        asked.subject.features,
        frozenset(asked.subject.held),
        asked.subject.scan_if_made,
        request.dialect,
        request.settings.max_output_tokens,
        not lacks_system(request.messages),
        tuple(
            Basis(under.features, frozenset(under.held), under.scan_if_made)
            for _, under in asked.earlier
        ),
        asked.only_model,
        asked.only_route,
    )


def _recalled(basis: Basis) -> Subject:
    scan = basis.scan
    return Subject(basis.features, (lambda: scan) if scan else None, set(basis.held))


def _stub(basis: Basis) -> Request:
    """Of the request, what planning reads beside its features."""
    return Request(
        (Message("system" if basis.own_system else "user", ()),),
        Settings(max_output_tokens=basis.own_cap),
        dialect=basis.dialect,
    )


def _nobody(
    refusal: str,
    ruling: Ruling,
    basis: Basis,
    rules: tuple[RuleVerdict, ...] = (),
    on_empty: OnEmpty = OnEmpty.REFUSE,
) -> Plan:
    """The plan of a row that does not come to a route."""
    return Plan(
        route="",
        strategy="",
        reason=refusal.partition(" and ")[0],
        calls=(),
        candidates=(),
        rules=rules,
        refusal=refusal,
        ruling=ruling,
        on_empty=on_empty,
        basis=basis,
    )
