"""What is compared of the plans that two profiles make for one row, each aspect in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

from airoute_cli.core.plan import CallRole, Plan
from airoute_cli.core.profile import Model, Profile
from airoute_cli.core.request import Request, Row
from airoute_cli.engine.live_figures import LiveFigures
from airoute_cli.routing.planner import Planner
from airoute_cli.routing.shape import shape

NOBODY = "nobody"
NOWHERE = "goes nowhere"
NOTHING_MASKED = "nothing masked"
UNKNOWN_REGION = "unknown"
GONE = "the new profile has no such model"
FRESH = "a new model"

_LEAST_PRIVATE_FIRST = ("not private", "private (declared)", "private")


class Side:
    """One of the two profiles, ready to plan rows without any history of its models."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.routes = {route.name: route for route in profile.routes}
        self._planner = Planner(profile)
        self._snapshot = LiveFigures(profile.models.values()).snapshot()

    def plan(self, row: Row) -> Plan:
        """The plan of ``row``."""
        return self._planner.plan(row, self._snapshot)

    def chain(self, plan: Plan) -> tuple[Model, ...]:
        """Every model that the plan may send the row to, in order."""
        asked = (call.model for call in plan.calls if call.role is not CallRole.REPAIR)
        return tuple(self.profile.models[name] for name in asked)

    def touched(self, plan: Plan) -> tuple[Model, ...]:
        """The chain, and who is asked for the row's task before it."""
        first = () if plan.label_call is None else (self.profile.models[plan.label_call.model],)
        return (*first, *self.chain(plan))

    def sent(self, plan: Plan, row: Row) -> Request:
        """What the first model of the plan gets."""
        first = plan.calls[0]
        model, route = self.profile.models[first.model], self.routes.get(plan.route)
        request = plan.prompts.get(model.name, row.request)
        return shape(request, route, model, first.dropped, prompted=first.prompted)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as it was: of which aspect, how it was and how it is.

    ``old`` or ``new`` is None for what was not there, or is not there any more. ``why`` is the
    rule or the file that decided it, empty where nothing single did.
    """

    aspect: str
    old: str | None
    new: str | None
    why: str = ""


def changes(old: Side, new: Side, row: Row, was: Plan, now: Plan) -> Iterator[Change]:
    """Everything in which the plans of ``row`` differ but for their costs."""
    for name, read in _READERS.items():
        before, after = read(old, was), read(new, now)
        if before != after:
            yield Change(name, before, after)
    yield from _models(old.chain(was), new.chain(now))
    yield from _eligible(was, now)
    yield from _sent(old, new, row, was, now)


def _end(_: Side, plan: Plan) -> str:
    return "routed" if plan.calls else plan.on_empty.ended


def _route(_: Side, plan: Plan) -> str:
    return plan.route or "no route"


def _strategy(_: Side, plan: Plan) -> str:
    return plan.strategy or "none"


def _template(_: Side, plan: Plan) -> str:
    return str(plan.template or "none")


def _classifier(_: Side, plan: Plan) -> str:
    """Who is asked for the row's task before it is routed."""
    return plan.label_call.model if plan.label_call else "not asked"


def _privacy(side: Side, plan: Plan) -> str:
    """How private the least private model is that the row may get to."""
    found = {model.privacy for model in side.touched(plan)}
    return next((kind for kind in _LEAST_PRIVATE_FIRST if kind in found), NOWHERE)


def _regions(side: Side, plan: Plan) -> str:
    """Where the row may get to; ``here`` is this machine."""
    return _listed((_place(model) for model in side.touched(plan)), NOWHERE)


def _place(model: Model) -> str:
    return "here" if model.stays_here else model.region or UNKNOWN_REGION


def _redaction(_: Side, plan: Plan) -> str:
    """The classes that are masked in this row."""
    return _listed(plan.ruling.redacted, NOTHING_MASKED)


def _listed(words: Iterable[str], none: str) -> str:
    return ", ".join(sorted(set(words))) or none


_READERS: Mapping[str, Callable[[Side, Plan], str]] = MappingProxyType(
    {
        "end": _end,
        "route": _route,
        "strategy": _strategy,
        "template": _template,
        "classifier": _classifier,
        "privacy": _privacy,
        "regions": _regions,
        "redaction": _redaction,
    }
)


def _models(was: tuple[Model, ...], now: tuple[Model, ...]) -> Iterator[Change]:
    """Who is asked first, and who after that; a name that means another model counts too."""
    parts = (("model", slice(0, 1)), ("chain", slice(1, None)))
    for aspect, part in parts:
        before, after = was[part], now[part]
        if _known(before) != _known(after):
            plain = [model.name for model in before] != [model.name for model in after]
            yield Change(aspect, _named(before, plain=plain), _named(after, plain=plain))


def _known(models: tuple[Model, ...]) -> list[tuple[str, str]]:
    return [(model.name, model.identity) for model in models]


def _named(models: tuple[Model, ...], *, plain: bool) -> str:
    """The names; where those alone do not tell the difference, with what stands behind them."""
    told = (model.name if plain else f"{model.name} ({_behind(model)})" for model in models)
    return ", ".join(told) or NOBODY


def _behind(model: Model) -> str:
    host = model.provider.base_url or model.provider.api
    return f"{model.wire_name} at {host}"


def _eligible(was: Plan, now: Plan) -> Iterator[Change]:
    """The models that no longer may answer, or may from now on, each with the rule behind it."""
    for name in sorted(was.eligible - now.eligible):
        yield Change("eligible", name, None, _why_not(name, now) or GONE)
    for name in sorted(now.eligible - was.eligible):
        yield Change("eligible", None, name, _why_not(name, was) or FRESH)


def _why_not(name: str, plan: Plan) -> str:
    """The rule that takes the model away from those who may answer, empty where none does."""
    exclusion = plan.ruling.excluded.get(name)
    return f'policy "{exclusion.rule.name}"' if exclusion else ""


def _sent(old: Side, new: Side, row: Row, was: Plan, now: Plan) -> Iterator[Change]:
    """What the same model gets that it did not get before."""
    if not (was.calls and now.calls) or was.calls[0].model != now.calls[0].model:
        return
    before, after = old.sent(was, row), new.sent(now, row)
    if before != after:
        for part in _parts(before, after):
            yield Change("sent", None, part)


def _parts(before: Request, after: Request) -> Iterator[str]:
    """What differs, by name: values of rows have no place in a report."""
    for field in fields(Request):
        mine, other = getattr(before, field.name), getattr(after, field.name)
        if mine == other:
            continue
        if field.name != "settings":
            yield field.name
            continue
        stated, wanted = mine.as_dict(), other.as_dict()
        yield from sorted(k for k in stated | wanted if stated.get(k) != wanted.get(k))
