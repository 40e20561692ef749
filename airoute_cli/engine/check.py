"""What can be proved of a profile without a call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from airoute_cli.core.errors import SetupError
from airoute_cli.core.label import ModelClassifier
from airoute_cli.core.profile import Classifier, Model, Profile, Provider, Route, UnknownPrice, When
from airoute_cli.edges.profile.problems import nearest
from airoute_cli.edges.secrets import check_key
from airoute_cli.edges.weights import find_weights
from airoute_cli.engine.budget_check import budget_findings
from airoute_cli.engine.finding import Finding, Level
from airoute_cli.engine.policy_check import policy_findings
from airoute_cli.engine.signing import check_signer
from airoute_cli.engine.unused_check import unused_findings
from airoute_cli.routing.classify.by_model import labels_of
from airoute_cli.routing.classify.labelling import labelling_model
from airoute_cli.routing.strategies import helpers_of
from airoute_cli.routing.tasks import TASKS

STALE_AFTER = timedelta(days=180)


# Says what is wrong with a model's weights as a sentence with its remedy; None if nothing is.
MissingWeights = Callable[[Model], str | None]


def missing_weights(model: Model) -> str | None:
    """Why the weights of an embedded model cannot be used on this machine."""
    try:
        find_weights(model.wire_name)
    except SetupError as error:
        return str(error)
    return None


def check_profile(
    profile: Profile,
    environ: Mapping[str, str],
    *,
    weights_present: MissingWeights = missing_weights,
    today: date | None = None,
) -> tuple[Finding, ...]:
    """Everything that is proved of ``profile``, the gravest first.

    It runs no command and opens no socket. What no route uses cannot fail a run, so it is never
    an error.
    """
    case = _Case(profile, environ, weights_present, today or datetime.now(tz=UTC).date())
    found = [finding for check in _CHECKS for finding in check(case)]
    return tuple(sorted(found, key=lambda finding: list(Level).index(finding.level)))


@dataclass(frozen=True, slots=True)
class _Case:
    profile: Profile
    environ: Mapping[str, str]
    weights_present: MissingWeights
    today: date
    used_models: frozenset[str] = field(init=False)
    used_providers: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        named = frozenset(name for route in self.profile.routes for name in _models_of(route))
        labels = labelling_model(self.profile)
        named |= frozenset() if labels is None else {labels}
        providers = frozenset(self.profile.models[name].provider.name for name in named)
        object.__setattr__(self, "used_models", named)
        object.__setattr__(self, "used_providers", providers)

    def level_of(self, model: Model) -> Level:
        return Level.ERROR if model.name in self.used_models else Level.WARNING


def _models_of(route: Route) -> tuple[str, ...]:
    return (*route.models, *route.fallback, *helpers_of(route))


def _matches_all(route: Route) -> bool:
    return route.when is None or route.when == When()


def _unreachable(case: _Case) -> Iterator[Finding]:
    for number, route in enumerate(case.profile.routes):
        earlier = (other for other in case.profile.routes[:number] if _hides(other, route))
        if hiding := next(earlier, None):
            why = "takes everything" if _matches_all(hiding) else "has the same `when`"
            message = f'it is never reached: the route "{hiding.name}" before it {why}.'
            yield Finding(Level.ERROR, _route(route), message, "Move it up, or remove it.")


def _hides(earlier: Route, later: Route) -> bool:
    return _matches_all(earlier) or earlier.when == later.when


def _unknown_tasks(case: _Case) -> Iterator[Finding]:
    classifier = case.profile.classifier
    known = TASKS if classifier is None else _labels(classifier)
    for route in case.profile.routes:
        for task in dict.fromkeys(_tasks_of(route.when or When())):
            if task not in known:
                message = f'the task "{task}" is none that is recognised.'
                yield Finding(Level.ERROR, _route(route), message, nearest(task, known))


def _labels(classifier: Classifier | ModelClassifier) -> tuple[str, ...]:
    if isinstance(classifier, ModelClassifier):
        return labels_of(classifier)
    return classifier.labels


def _tasks_of(when: When) -> Iterator[str]:
    yield from when.task
    for part in (*when.all, *when.any, *([when.not_] if when.not_ else [])):
        yield from _tasks_of(part)


def _no_default(case: _Case) -> Iterator[Finding]:
    if not case.profile.routes:
        yield Finding(Level.ERROR, "routes", "there are none.", "Add one under [[routes]].")
    elif not any(_matches_all(route) for route in case.profile.routes):
        message = "no route is the default, so rows that match none of them are refused."
        yield Finding(Level.WARNING, "routes", message, "Add a last one without `when`.")


def _poorer_fallbacks(case: _Case) -> Iterator[Finding]:
    for route in case.profile.routes:
        first, *others = (case.profile.models[name] for name in _tried_in_order(route))
        for other in others:
            for loss in _losses(first, other):
                message = f'the fallback "{other.name}" {loss}'
                remedy = "Requests that need it will not fall back to it."
                yield Finding(Level.WARNING, _route(route), message, remedy)


_IN_ORDER = frozenset({"fallback", "cascade"})


def _tried_in_order(route: Route) -> tuple[str, ...]:
    """The first choice and what follows it; strategies that choose by themselves have no order."""
    rest = route.models[1:] if route.strategy in _IN_ORDER else ()
    return (route.models[0], *rest, *route.fallback)


def _losses(first: Model, other: Model) -> Iterator[str]:
    lost = ", ".join(sorted(first.capabilities - other.capabilities))
    if lost:
        yield f'lacks {lost}, which "{first.name}" has.'
    before, after = first.context_window, other.context_window
    if before and after and after < before:
        yield f'holds {after:,} tokens, fewer than the {before:,} of "{first.name}".'


def _keys(case: _Case) -> Iterator[Finding]:
    for provider in case.profile.providers.values():
        trouble = _key_trouble(provider, case.environ)
        if trouble:
            used = provider.name in case.used_providers
            level = Level.ERROR if used else Level.WARNING
            yield Finding(level, f'provider "{provider.name}"', trouble)


def _key_trouble(provider: Provider, environ: Mapping[str, str]) -> str | None:
    try:
        if not check_key(provider, environ):
            check_signer(provider)
    except SetupError as error:
        return str(error)
    return None


def _unknown_prices(case: _Case) -> Iterator[Finding]:
    allowed = case.profile.unknown_price is UnknownPrice.ALLOW
    for model in case.profile.models.values():
        if model.price is None:
            level = Level.NOTE if allowed else case.level_of(model)
            message = f"nobody knows the price of {model.wire_name}."
            remedy = "State it, as in price = { input = 0.25, output = 2.0 }, or price_as, " + (
                "and its rows are counted in money too."
                if allowed
                else 'or allow it: [policy] unknown_price = "allow".'
            )
            yield Finding(level, f'model "{model.name}"', message, remedy)


def _stale_prices(case: _Case) -> Iterator[Finding]:
    dates = [m.price.as_of for m in case.profile.models.values() if m.price and m.price.as_of]
    oldest = min(dates, default=None)
    if oldest and case.today - oldest > STALE_AFTER:
        days = (case.today - oldest).days
        message = f"the catalogue's newest price is {days} days old ({oldest})."
        remedy = "Update it: pip install --upgrade genai-prices."
        yield Finding(Level.WARNING, "prices", message, remedy)


def _weights(case: _Case) -> Iterator[Finding]:
    troubled: dict[tuple[Level, str], list[str]] = {}
    for model in case.profile.models.values():
        if model.provider.embedded and (trouble := case.weights_present(model)):
            troubled.setdefault((case.level_of(model), trouble), []).append(f'"{model.name}"')
    for (level, trouble), names in troubled.items():
        yield Finding(level, f"model {', '.join(names)}", trouble)


def _route(route: Route) -> str:
    return f'route "{route.name}"'


_CHECKS: tuple[Callable[[_Case], Iterable[Finding]], ...] = (
    _no_default,
    _unreachable,
    _unknown_tasks,
    _keys,
    _weights,
    _unknown_prices,
    _stale_prices,
    _poorer_fallbacks,
    lambda case: unused_findings(case.profile, case.used_models),
    lambda case: policy_findings(case.profile),
    lambda case: budget_findings(case.profile),
)
