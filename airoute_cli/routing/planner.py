"""From a row to its plan: the first route that takes it, and the models that may answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol

from airoute_cli.core.budget import TIER_KEY, OnBudget
from airoute_cli.core.errors import ProfileError, UsageError
from airoute_cli.core.figures import Snapshot
from airoute_cli.core.label import Label
from airoute_cli.core.plan import Basis, Features, Plan, RuleVerdict
from airoute_cli.core.policy import OnEmpty, Ruling
from airoute_cli.core.profile import Classifier, Profile, Route
from airoute_cli.core.request import Request
from airoute_cli.routing.choice import kind_of
from airoute_cli.routing.classify.finder import task_finder
from airoute_cli.routing.classify.labelling import Labelling, asking_of
from airoute_cli.routing.compiled import CompiledRoute, Trail
from airoute_cli.routing.conditions import Subject
from airoute_cli.routing.earlier import EarlierProfile
from airoute_cli.routing.features import find_features, user_text
from airoute_cli.routing.outlines import Memory
from airoute_cli.routing.policy.rulebook import Rulebook
from airoute_cli.routing.problems import route_problems
from airoute_cli.routing.rules import (
    Compiler,
    Rules,
    asks_for_complexity,
    asks_for_task,
    detected,
    parts_of,
)
from airoute_cli.routing.scan.scanner import Scanner
from airoute_cli.routing.strategies import single
from airoute_cli.routing.templates import TemplateFailure
from airoute_cli.routing.views import (
    Sent,
    View,
    WordedViews,
    Wording,
    recalled,
    wordings,
)
from airoute_cli.routing.wording import listed, quoted

BY_HAND = "(-m)"
# The code of a row that its route's template cannot word.
TEMPLATE = "template"
# In the place of the route that takes a row: no route was asked.
_UNASKED = -1
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
    def extra(self) -> Mapping[str, Any]:
        """Its fields that airoute does not know, which a template may name."""
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
        asking = asking_of(profile)
        compiler = Compiler(recalling=recalling, by_label=asking is not None)
        self._profile = profile
        self._required = profile.policy.require_metadata
        self._labelling = Labelling(profile, asking) if asking else None
        words = wordings(profile)
        memory = Memory()
        self._routes = tuple(
            CompiledRoute(route, profile, words, memory) for route in profile.routes
        )
        self._rules = Rules([compiler.compile(route.when) for route in profile.routes])
        self._rulebook = Rulebook(profile, compiler)
        whens = [route.when for route in profile.routes]
        self._asks_for_task = self._rulebook.asks_for_task or any(map(asks_for_task, whens))
        self._asks_for_complexity = self._rulebook.asks_for_complexity or any(
            map(asks_for_complexity, whens)
        )
        self._find_task = task_finder(profile.classifier)
        self._asks_for_task = self._asks_for_task or any(
            one.template.tasks for one in words.values()
        )
        detected_by_routes = (name for when in whens for name in detected(when))
        classes = {*self._rulebook.classes, *detected_by_routes}
        self._scanner, self._scans = Scanner(classes), bool(classes)
        keys = (part.metadata for when in whens for part in parts_of(when))
        self._keys = tuple(sorted({TIER_KEY}.union(*keys)))
        # Where no rule and no label tells rows apart, some have a plan that stands already.
        self._stands = not (self._labelling or profile.policy.rules or self._required)

    @property
    def ahead(self) -> Callable[[Plannable], None] | None:
        """Finds out of a row, before it is planned, what takes milliseconds; None: nothing does.

        It may be called in another thread; the plan then finds it ready.
        """
        classifier = self._profile.classifier
        embeds = isinstance(classifier, Classifier) and classifier.embedder
        if not (embeds and self._asks_for_task):
            return None

        def find(row: Plannable) -> None:
            self._find_task(user_text(row.request))

        return find

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
        label: Label | None = None,
    ) -> Plan:
        """The plan for ``row``; the same arguments always give the same one.

        ``explain`` fills ``rules`` and ``candidates``. ``only_model`` passes the routes by, and
        ``only_route`` takes that one whatever its ``when`` says; a name that the profile does not
        have raises UsageError. ``held_to`` are profiles that must allow a model as well. ``label``
        is what came of asking a model for the task: a plan without it has the call that asks.
        """
        features = self.features(row)
        if self._labelling:
            features = self._labelling.featured(features, label)
        request = row.request
        subject = self._subject(request, features) if self._scans else Subject(features)
        kind, standing = kind_of(request, features), None
        taken: int | None = _UNASKED
        by_hand = only_model is not None or only_route is not None
        told = self._told(features.metadata) if features.metadata else ()
        if self._stands and told is not None and not (explain or by_hand or held_to):
            taken = self._rules.first(subject)
            standing = None if taken is None else self._routes[taken].standing
        if standing and (known := standing.plan(subject, kind, snapshot, told or ())):
            return known
        came = View(request, subject, kind, [(e, e.subject(request, features)) for e in held_to])
        views = partial(self._worded, row, came, held_to)
        asked = _Asked(came, views, snapshot, explain, only_model, only_route, taken=taken)
        plan = self._labelled(asked)
        if standing:
            standing.keep(plan)
        return plan

    def _told(self, metadata: Mapping[str, Any]) -> tuple[str | None, ...] | None:
        """The values that routes and budgets go by; None where one is no text."""
        values = tuple(map(metadata.get, self._keys))
        return values if all(value is None or type(value) is str for value in values) else None

    def _worded(
        self, row: Plannable, came: View, held_to: Sequence[EarlierProfile], wording: Wording
    ) -> list[View]:
        """The views of what a template makes of a row."""
        given = {"metadata": row.metadata, "row": row.extra}
        requests = wording.requests(row.request, given, came.features.task)
        return [self._view(one, self._again(one, came.features), held_to) for one in requests]

    def _view(
        self, request: Request, features: Features, held_to: Sequence[EarlierProfile]
    ) -> View:
        earlier = [(one, one.subject(request, features)) for one in held_to]
        return View(request, self._subject(request, features), kind_of(request, features), earlier)

    def _subject(self, request: Request, features: Features) -> Subject:
        # Where nothing is detected nobody asks for a scan.
        return Subject(features, (lambda: self._scanner.scan(request)) if self._scans else None)

    def _again(self, request: Request, came: Features) -> Features:
        """The features of what a template made; what was told from the text stays."""
        found = find_features(request, came.metadata, came.digest, with_task=False)
        return found._replace(task=came.task, complexity=came.complexity)

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

        def views(_: Wording) -> list[View]:
            if basis.unsent is not None:
                raise TemplateFailure(basis.unsent)
            return [recalled(one, held_to) for one in basis.sent]

        if self._labelling:
            features = self._labelling.featured(basis.features, basis.features.label)
            basis = basis._replace(features=features)
        came = recalled(basis, held_to)
        by_hand = basis.only_model, basis.only_route
        return self._labelled(
            _Asked(came, views, snapshot, explain, *by_hand, drawn=drawn, scores=basis.scores)
        )

    def left_by(self, rule: str, basis: Basis, snapshot: Snapshot) -> frozenset[str] | None:
        """Whom one rule alone leaves for a row; None if it does not govern the row."""
        # By the profile in force alone: what an earlier one of the run says is not asked here.
        own = [one._replace(earlier=()) for one in (basis, *basis.sent)]
        subjects = [recalled(one, ()).subject for one in own]
        each = [self._rulebook.left_by(rule, subject, snapshot) for subject in subjects]
        governed = [left for left in each if left is not None]
        return frozenset.intersection(*governed) if governed else None

    def _labelled(self, asked: _Asked) -> Plan:
        """The plan, with the call before it where a model finds the row's task."""
        plan = self._decide(asked)
        if self._labelling is None:
            return plan
        words = next((one.wording for one in self._routes if one.route.name == plan.route), None)
        by_task = asked.came.subject.goes_by_label or bool(words and words.goes_by_task)
        return self._labelling.completed(plan, asked.snapshot, goes_by_task=by_task)

    def _decide(self, asked: _Asked) -> Plan:
        came, explain = asked.came, asked.explain
        ruling = self._judge(came, asked)
        if self._required and (lacking := self._lacking(came.features.metadata)):
            return _nobody(lacking, ruling, asked.basis(), on_empty=OnEmpty.FAIL)
        if (named := asked.only_model) is not None:
            why = f'model "{named}", as asked for with -m'
            trail = Trail(why, ruling, asked.basis(), explain=explain)
            return self._by_hand(named).plan(Sent.as_it_came(came), asked.snapshot, trail)
        if (route := asked.only_route) is not None:
            why = f'route "{route}", as asked for'
            return self._routed(self._route(route), asked.trail(why, ruling), asked)
        taken = self._rules.first(came.subject) if asked.taken == _UNASKED else asked.taken
        rules = self._verdicts(came.subject, taken) if explain else ()
        if taken is None:
            return _nobody(NO_ROUTE, ruling, asked.basis(), rules)
        trail = asked.trail(self._why(came.subject, taken), ruling, rules)
        return self._routed(self._routes[taken], trail, asked)

    def _routed(self, route: CompiledRoute, trail: Trail, asked: _Asked) -> Plan:
        """The plan of a row that comes to ``route``, by what is sent of it."""
        if route.wording is None:
            return route.plan(Sent.as_it_came(asked.came), asked.snapshot, trail)
        try:
            views = asked.views(route.wording)
        except TemplateFailure as failure:
            basis = trail.basis._replace(unsent=str(failure))
            plan = _nobody(str(failure), trail.ruling, basis, trail.rules, OnEmpty.FAIL)
            return plan._replace(route=route.route.name, code=TEMPLATE)
        ruling = trail.ruling
        for view in views:
            ruling = ruling.both(self._judge(view, asked))
        basis = trail.basis._replace(sent=tuple(view.basis() for view in views))
        sent = route.wording.sent(views, asked.came.features)
        return route.plan(sent, asked.snapshot, trail._replace(ruling=ruling, basis=basis))

    def _judge(self, view: View, asked: _Asked) -> Ruling:
        """What the policy, and the earlier ones of the run, say of one view of the row."""
        ruling = self._rulebook.judge(view.subject, asked.snapshot, explain=asked.explain)
        for earlier, under in view.earlier:
            ruling = earlier.hold(ruling, self._profile.models, under)
        return ruling

    def _lacking(self, metadata: Mapping[str, Any]) -> str | None:
        """The sentence about what the row must say and does not; None if it says all."""
        missing = [key for key in self._required if metadata.get(key) in (None, "")]
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
        by_hand = Route(BY_HAND, single.NAME, (model,), on_budget=OnBudget.STOP)
        return CompiledRoute(by_hand, self._profile, {})

    def _route(self, name: str) -> CompiledRoute:
        for route in self._routes:
            if route.route.name == name:
                return route
        known = quoted((route.name for route in self._profile.routes), "and")
        raise UsageError(f'The profile has no route "{name}". Its routes are {known}.')

    def _why(self, subject: Subject, taken: int) -> str:
        reason = self._rules.matchers[taken].reason(subject)
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

    came: View
    views: WordedViews
    snapshot: Snapshot
    explain: bool
    only_model: str | None = None
    only_route: str | None = None
    drawn: str | None = None
    scores: Mapping[str, float] | None = None
    taken: int | None = _UNASKED

    def basis(self) -> Basis:
        """What the plan is made from, as far as the row as it came goes."""
        return self.came.basis(self.only_model, self.only_route)

    def trail(self, why: str, ruling: Ruling, rules: tuple[RuleVerdict, ...] = ()) -> Trail:
        """How the row came to its route."""
        return Trail(why, ruling, self.basis(), rules, self.explain, self.drawn, self.scores)


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
