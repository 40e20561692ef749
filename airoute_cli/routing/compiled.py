"""A route made ready: its models looked up, its strategy and its options found."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from airoute_cli.core.budget import NO_TIER, OnBudget, tier_of
from airoute_cli.core.figures import NO_FIGURES, Snapshot
from airoute_cli.core.plan import Basis, Call, CallRole, Candidate, Features, Plan, RuleVerdict
from airoute_cli.core.policy import Exclusion, OnEmpty, Ruling
from airoute_cli.core.profile import Model, OnUnavailable, Profile, Route
from airoute_cli.core.request import Capability, Request
from airoute_cli.core.settings import NOTHING
from airoute_cli.routing.choice import Choice, Chooser, Kind
from airoute_cli.routing.eligible import checks_for, eligible
from airoute_cli.routing.outlines import Memory, Outline, Standing
from airoute_cli.routing.output.form import schema_tokens, wants_form
from airoute_cli.routing.strategies import STRATEGIES
from airoute_cli.routing.strategies.base import Ordering, Passed, Pick, StrategyContext
from airoute_cli.routing.strategies.cheapest import by_cost
from airoute_cli.routing.templates import CompiledTemplate
from airoute_cli.routing.views import Sent, View, Wording

_NOBODY = Ordering(())
_NO_MODEL = "no model may answer"
# Who is asked for these is asked about an answer, or gives one that stands in another's calls.
_NO_ANSWERS = frozenset({CallRole.JUDGE, CallRole.SAMPLE})


class Trail(NamedTuple):
    """How a request came to its route, and what the policy says of it; both go into the plan.

    ``drawn`` is the model that a draw by the row's digest fell on, in a plan that is made again,
    and ``scores`` what the strategy had made of the text.
    """

    why: str
    ruling: Ruling
    basis: Basis
    rules: tuple[RuleVerdict, ...] = ()
    explain: bool = False
    drawn: str | None = None
    scores: Mapping[str, float] | None = None


class _Sifted(NamedTuple):
    """The models of a route that may answer, why each of the others may not, and the policy's part.

    ``reasons`` has every model, with None for one that may.
    """

    able: Mapping[str, Choice]
    reasons: Mapping[str, str | None]
    excluded: Sequence[Exclusion]


class CompiledRoute:
    """One route of a profile in which ``route_problems`` has found nothing."""

    def __init__(
        self,
        route: Route,
        profile: Profile,
        words: Mapping[str, CompiledTemplate],
        memory: Memory | None = None,
    ) -> None:
        memory = memory or Memory()
        self.route = route
        self._name, self._strategy_name = route.name, route.strategy
        self._strategy = STRATEGIES[route.strategy]
        options = self._strategy.Options(**route.options)
        self._options: Any = options.bound(profile.files.__getitem__)
        self._chooser = Chooser(route)
        self._checks = checks_for(profile.unknown_price, profile.unsupported)
        self._anybody = profile.models if profile.on_budget(route) is OnBudget.DEGRADE else {}
        self._fallback = tuple(dict.fromkeys(route.fallback))
        self._own = tuple(dict.fromkeys((*route.models, *route.fallback)))
        self._degrades = route.on_unavailable is OnUnavailable.DEGRADE
        names = dict.fromkeys((*self._own, *profile.models)) if self._degrades else self._own
        self._models = {name: profile.models[name] for name in names}
        self._helpers = {name: profile.models[name] for name in self._options.helpers()}
        self._everybody = tuple({**self._models, **self._anybody, **self._helpers})
        self.wording = Wording(words[route.template], self._everybody) if route.template else None
        self._outlines = memory.outlines
        self._asked = tuple([profile.models[name] for name in self._everybody])
        by_latency = self._strategy.READS_FIGURES or route.latency_target_ms is not None
        self._reads_figures = by_latency or self._is_repaired(frozenset())
        own_plans = self._strategy.READS_ROW or self.wording
        self.standing = None if own_plans else Standing(self._follows, memory.plans)

    def plan(self, sent: Sent, snapshot: Snapshot, trail: Trail) -> Plan:
        """The plan for a row that has come to this route; what is ``sent`` of it is given."""
        outline = self._outline(sent, snapshot, trail)
        basis = trail.basis
        return Plan(
            self._name,
            self._strategy_name,
            f"{trail.why}; {outline.reason}",
            outline.calls,
            outline.candidates,
            trail.rules,
            outline.refusal,
            trail.ruling,
            outline.on_empty,
            tier_of(basis.features.metadata) if basis.features.metadata else NO_TIER,
            outline.instead,
            template=sent.use,
            basis=basis._replace(scores=outline.scores) if outline.scores else basis,
            prompts=_prompts(sent, outline) if sent.use else NOTHING,
        )

    def _outline(self, sent: Sent, snapshot: Snapshot, trail: Trail) -> Outline:
        """What of the plan is the same for all rows of one kind and size; found once for them."""
        view = sent.default
        if self._strategy.READS_ROW or trail.explain or sent.use or view.earlier:
            return self._find(sent, snapshot, trail)
        follows = self._follows(view.kind, view.features.input_tokens, snapshot)
        key = follows, trail.ruling.eligible
        outline = self._outlines.get(key)
        if outline is None:
            outline = self._find(sent, snapshot, trail)
            if outline.calls:  # the policy says in words of each row why nobody may answer
                self._outlines.put(key, outline)
        return outline

    def _follows(self, kind: Kind, input_tokens: int, snapshot: Snapshot) -> Hashable:
        """What outlines follow from, beside whom the policy lets answer; see Follows.

        In a run the figures change with every answer, and what they do to the tokens seldom does.
        """
        if self._reads_figures or (kind.needs and self._is_repaired(kind.needs)):
            return self._name, kind, input_tokens, *map(snapshot.get, self._everybody)
        sizes = self._chooser.sizes(self._asked, snapshot, kind, input_tokens)
        return self._name, kind, input_tokens, *sizes

    def _find(self, sent: Sent, snapshot: Snapshot, trail: Trail) -> Outline:
        able, reasons, excluded = self._sift(sent, snapshot, trail.ruling)
        # Who may see the row of those that do not answer; what they are asked is text.
        helping = {n: model for n, model in self._helpers.items() if n in trail.ruling.eligible}
        helpers = self._choices(helping, sent, snapshot) if helping else NOTHING
        ordering = self._order(able, sent.came, helpers, trail)
        picks = self._picks(able, ordering)
        calls = tuple([pick.call(place) for place, pick in enumerate(picks)])
        if self._is_repaired(sent.default.features.needs):
            calls = (*calls, *self._repairs(picks, sent.default.features))
        candidates = _candidates(reasons, ordering, picks) if trail.explain else ()
        if not picks:
            refusal, on_empty = self._refusal(reasons), _on_empty(excluded)
            return Outline(_NO_MODEL, calls, candidates, refusal=refusal, on_empty=on_empty)
        instead = self._instead(sent, snapshot, trail) if self._anybody else ()
        return Outline(picks[0].reason, calls, candidates, instead, ordering.scores)

    def _choices(
        self, models: Mapping[str, Model], sent: Sent, snapshot: Snapshot
    ) -> dict[str, Choice]:
        kind = sent.default.kind
        choices = {}
        for name, model in models.items():
            view = sent.to(name)
            own = kind if view is sent.default else view.kind
            figures = snapshot.get(name, NO_FIGURES)
            choices[name] = self._chooser.choose(model, figures, own, view.features.input_tokens)
        return choices

    def _sift(self, sent: Sent, snapshot: Snapshot, ruling: Ruling) -> _Sifted:
        able: dict[str, Choice] = {}
        reasons: dict[str, str | None] = {}
        excluded: list[Exclusion] = []
        for name, choice in self._choices(self._models, sent, snapshot).items():
            reason = self._unable(sent.to(name), choice)
            if reason is None and name not in ruling.eligible:
                excluded.append(ruling.excluded[name])
                reason = str(ruling.excluded[name])
            reasons[name] = reason
            if reason is None:
                able[name] = choice
        return _Sifted(able, reasons, excluded)

    def _unable(self, view: View, choice: Choice) -> str | None:
        """Why a model cannot answer, or might not under an earlier profile; None if it can."""
        reason = eligible(view.features, choice, self._checks)
        return _objection(view, choice) if reason is None and view.earlier else reason

    def _order(
        self,
        able: Mapping[str, Choice],
        features: Features,
        helpers: Mapping[str, Choice],
        trail: Trail,
    ) -> Ordering:
        """What the strategy makes of the route's own models that may answer."""
        candidates = [able[name] for name in self.route.models if name in able]
        if not candidates:
            return _NOBODY
        candidates, slow = self._in_time(candidates)
        context = StrategyContext(
            self.route.name, self._options, features, helpers, trail.drawn, trail.scores
        )
        ordering = self._strategy.order(candidates, context)
        return ordering._replace(passed=(*ordering.passed, *slow)) if slow else ordering

    def _picks(self, able: Mapping[str, Choice], ordering: Ordering) -> tuple[Pick, ...]:
        """Those of the strategy, and who stands behind them."""
        picks = ordering.picks
        if self._fallback:
            picks = (*picks, *self._behind(able, ordering))
        if picks and self._degrades:
            picks = (*picks, *self._stand_ins(able))
        return picks

    def _in_time(self, candidates: list[Choice]) -> tuple[list[Choice], list[Passed]]:
        """Those that meet the route's latency target, and the others; where none does, all do."""
        target = self.route.latency_target_ms
        if target is None:
            return candidates, []
        late = [
            one for one in candidates if one.figures.answers and one.figures.latency_ms > target
        ]
        if len(late) == len(candidates):
            return candidates, []
        told = "a median of {:,.0f} ms is above the target of {:,.0f} ms"
        return [one for one in candidates if one not in late], [
            Passed(one.name, told.format(one.figures.latency_ms, target)) for one in late
        ]

    def _behind(self, able: Mapping[str, Choice], ordering: Ordering) -> Iterator[Pick]:
        """The route's ``fallback``, as far as it may answer and is not in the plan."""
        taken = {pick.choice.name for pick in ordering.picks}
        reason = "the route's fallback"
        if not taken:
            reason += ", as none of its models may answer"
        for name in self._fallback:
            if name in able and name not in taken:
                yield Pick(able[name], reason, None if not taken else CallRole.FALLBACK)

    def _stand_ins(self, able: Mapping[str, Choice]) -> Iterator[Pick]:
        """With ``on_unavailable = "degrade"``: who else may answer, behind all of the route's."""
        others = [choice for name, choice in able.items() if name not in self._own]
        for choice in by_cost(others):
            reason = 'stands in (on_unavailable = "degrade")'
            yield Pick(choice, reason, CallRole.STAND_IN)

    def _instead(self, sent: Sent, snapshot: Snapshot, trail: Trail) -> tuple[Call, ...]:
        """With ``on_budget = "degrade"``: who may answer for the whole plan, the cheapest first.

        Those of the route come before all others, and an unknown price fits no budget.
        """
        anybody = {n: model for n, model in self._anybody.items() if n in trail.ruling.eligible}
        able = [
            choice
            for name, choice in self._choices(anybody, sent, snapshot).items()
            if choice.worst_usd is not None and self._unable(sent.to(name), choice) is None
        ]
        able.sort(key=lambda choice: (choice.name not in self._own, choice.worst_usd))
        return tuple(choice.call(CallRole.ANSWER) for choice in able)

    def _is_repaired(self, needs: frozenset[Capability]) -> bool:
        """Whether an answer must be JSON, and may be put right; what that takes is in no sizes."""
        return self.route.repair and wants_form(needs, self.route)

    def _repairs(self, picks: Iterable[Pick], features: Features) -> Iterator[Call]:
        """A call of each model that may answer, to put its answer right."""
        own = Capability.JSON_SCHEMA in features.needs
        tokens = features.input_tokens if own else schema_tokens(self.route.schema)
        answering = {
            pick.choice.name: pick.choice for pick in picks if pick.role not in _NO_ANSWERS
        }
        for choice in answering.values():
            yield choice.repair(tokens)

    def _refusal(self, reasons: Mapping[str, str | None]) -> str:
        each = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        return f'no model of route "{self.route.name}" may answer: {each}'


def _objection(view: View, choice: Choice) -> str | None:
    """The first reason of an earlier profile why the model may not answer."""
    each = (one.objection(choice, view.request, view.features) for one, _ in view.earlier)
    return next((reason for reason in each if reason is not None), None)


def _prompts(sent: Sent, outline: Outline) -> Mapping[str, Request]:
    """What a template made for each model that is called."""
    calls = (*outline.calls, *outline.instead)
    return {call.model: sent.to(call.model).request for call in calls}


def _on_empty(excluded: Iterable[Exclusion]) -> OnEmpty:
    """What the rule wants that took the last of those away who could answer."""
    last = max(excluded, key=lambda exclusion: exclusion.place, default=None)
    return OnEmpty.REFUSE if last is None else last.rule.on_empty


def _candidates(
    reasons: Mapping[str, str | None], ordering: Ordering, picks: tuple[Pick, ...]
) -> tuple[Candidate, ...]:
    """Every model of the route, in its order."""
    taken = {pick.choice.name: pick.reason for pick in reversed(picks)}
    passed = {one.model: one.reason for one in ordering.passed}
    return tuple(
        Candidate(
            model=name,
            eligible=reason is None,
            taken=name in taken,
            reason=reason or taken.get(name) or passed.get(name, "not asked for"),
        )
        for name, reason in reasons.items()
    )
