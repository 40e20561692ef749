"""What a rule asks of a model, as a table of checks; each gives the reason why a model fails it.

An unknown fact fails: a region that nobody knows is not in Europe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from airoute_cli.core.durations import days
from airoute_cli.core.figures import PRIOR_LATENCY_MS, Figures
from airoute_cli.core.frozen import frozen
from airoute_cli.core.money import Rates
from airoute_cli.core.policy import MaxPrice, PolicyRule
from airoute_cli.core.profile import Model
from airoute_cli.core.regions import lies_within, overlaps
from airoute_cli.core.request import Capability
from airoute_cli.routing.wording import dollars, listed, quoted


@frozen
class Candidate:
    """A model before a rule: with how it behaved, and about how much it would be sent."""

    model: Model
    figures: Figures
    input_tokens: int


Demand = Callable[[Candidate], str | None]


def demands_of(rule: PolicyRule) -> tuple[Demand, ...]:
    """Everything that ``rule`` asks, in the order in which it is told."""
    return tuple(demand for read in _READERS for demand in read(rule))


def private(candidate: Candidate) -> str | None:
    """The demand that nothing leaves the user's hands."""
    return None if candidate.model.private else "it is not private"


def _privacy(rule: PolicyRule) -> Iterator[Demand]:
    if rule.require.private:
        yield private


def _regions(rule: PolicyRule) -> Iterator[Demand]:
    wanted, forbidden = rule.require.regions, rule.forbid.regions

    def inside(candidate: Candidate) -> str | None:
        model = candidate.model
        if model.stays_here or any(lies_within(model.region or "", area) for area in wanted):
            return None
        return f"{_where(model)}, wanted {quoted(wanted)}"

    def outside(candidate: Candidate) -> str | None:
        model = candidate.model
        if model.stays_here:
            return None
        if model.region and not any(overlaps(model.region, area) for area in forbidden):
            return None
        return f"{_where(model)}, and {quoted(forbidden, 'and')} is forbidden"

    if wanted:
        yield inside
    if forbidden:
        yield outside


def _where(model: Model) -> str:
    return f"its region is {model.region}" if model.region else "its region is not known"


def _retention(rule: PolicyRule) -> Iterator[Demand]:
    most = rule.require.retention

    def forgets(candidate: Candidate) -> str | None:
        kept = candidate.model.retention
        if kept is None:
            return f'its retention is not stated, wanted at most "{most}"'
        if days(kept) <= days(most or "none"):
            return None
        return f'its retention is "{kept}", wanted at most "{most}"'

    if most is not None:
        yield forgets


def _names(rule: PolicyRule) -> Iterator[Demand]:
    must, may_not = rule.require, rule.forbid

    def of_these(candidate: Candidate) -> str | None:
        model = candidate.model
        if must.models and model.name not in must.models:
            return f"it is not {quoted(must.models)}"
        if must.providers and model.provider.name not in must.providers:
            return f'its provider is "{model.provider.name}", wanted {quoted(must.providers)}'
        return None

    def not_of_these(candidate: Candidate) -> str | None:
        model = candidate.model
        if model.name in may_not.models:
            return "it is forbidden"
        if model.provider.name in may_not.providers:
            return f'its provider "{model.provider.name}" is forbidden'
        return None

    if must.models or must.providers:
        yield of_these
    if may_not.models or may_not.providers:
        yield not_of_these


def _capabilities(rule: PolicyRule) -> Iterator[Demand]:
    wanted = rule.require.capabilities

    def able(candidate: Candidate) -> str | None:
        missing: list[Capability] = sorted(wanted - candidate.model.capabilities)
        return f"it lacks {listed(missing, 'and')}" if missing else None

    if wanted:
        yield able


def _price(rule: PolicyRule) -> Iterator[Demand]:
    most = rule.require.max_price

    def affordable(candidate: Candidate) -> str | None:
        price = candidate.model.price
        if price is None:
            return "its price is unknown"
        return _too_dear(price.rates_for(candidate.input_tokens), most or MaxPrice())

    if most is not None:
        yield affordable


def _too_dear(rates: Rates, most: MaxPrice) -> str | None:
    output = max(rates.output, rates.reasoning or Decimal(0))
    for kind, rate, bound in (("input", rates.input, most.input), ("output", output, most.output)):
        if bound is not None and rate > bound:
            return f"its {kind} costs {dollars(rate)} per million tokens, over {dollars(bound)}"
    return None


def _latency(rule: PolicyRule) -> Iterator[Demand]:
    most = rule.require.max_latency_ms

    def quick(candidate: Candidate) -> str | None:
        figures = candidate.figures
        latency = figures.latency_ms if figures.answers else PRIOR_LATENCY_MS
        if most is None or latency <= most:
            return None
        how = "by the median" if figures.answers else "are assumed before its first answer"
        return f"{latency:,.0f} ms {how}, wanted at most {most:,.0f}"

    if most is not None:
        yield quick


_READERS: tuple[Callable[[PolicyRule], Iterator[Demand]], ...] = (
    _privacy,
    _regions,
    _retention,
    _names,
    _capabilities,
    _price,
    _latency,
)
