"""``learned``: the cheap model answers where graded prompts say that it is good enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from pydantic import Field, PrivateAttr

from airoute_cli.routing.choice import Choice
from airoute_cli.routing.learned.file import AGAIN, read_route
from airoute_cli.routing.learned.head import Head, Reading
from airoute_cli.routing.learned.route import LearnedRoute, QualityPrice, Threshold
from airoute_cli.routing.strategies.base import (
    Ordering,
    Pick,
    StrategyContext,
    StrategyOptions,
)
from airoute_cli.routing.wording import dollars, listed, quoted

NAME = "learned"
READS_ROW = True
READS_FIGURES = False
# Enough to decide by; more would tell one text from another.
_DIGITS = 2


class Options(StrategyOptions):
    """What was learned. The models stand as they were calibrated, the weakest first."""

    learned: str = Field(
        min_length=1,
        description="The file that `airoute calibrate` writes; a relative name is meant from the "
        "profile's folder.",
    )
    _route: LearnedRoute | None = PrivateAttr(default=None)

    def bound(self, open_file: Callable[[str], Any]) -> Self:
        """With the route that stands in the file."""
        try:
            document = open_file(self.learned)
        except ValueError as error:
            raise ValueError(f"{error} {AGAIN}") from None
        again = self.model_copy()
        again._route = read_route(document, self.learned)  # noqa: SLF001 - of our own copy
        return again

    @property
    def route(self) -> LearnedRoute:
        """What was learned; only for options that are bound."""
        if self._route is None:
            raise ValueError(f"the file {self.learned} was not read.")
        return self._route


def problem(models: Sequence[str], options: Options) -> str | None:
    """The file was made for these models in this order."""
    made_for = options.route.models
    if list(models) == list(made_for):
        return None
    return (
        f"{options.learned} was made for {quoted(made_for, 'and')}, in this order, and the route "
        f"has {quoted(models, 'and')}. {AGAIN}"
    )


def order(candidates: Sequence[Choice], context: StrategyContext[Options]) -> Ordering:
    """The model that the prompt needs by what was learned; the others stand behind it."""
    if len(candidates) == 1:
        return Ordering((Pick(candidates[0], "learned: no other model of the route may answer"),))
    route = context.options.route
    scores = context.scores
    if scores is None:
        scores = _scores(route, context.features.text)
    match route.decision:
        case Threshold(threshold):
            ordering = _by_threshold(candidates, route, threshold, scores)
        case QualityPrice(price):
            ordering = _by_value(candidates, route.heads, price, scores)
    return ordering._replace(scores=scores)


def _scores(route: LearnedRoute, text: str) -> dict[str, float]:
    """The score of every model but the first."""
    reading = Reading.of(text)
    return {name: round(head.score(reading), _DIGITS) for name, head in route.heads.items()}


def _by_threshold(
    candidates: Sequence[Choice],
    route: LearnedRoute,
    threshold: float,
    scores: Mapping[str, float],
) -> Ordering:
    weak, strong = candidates
    score = scores[strong.name]
    needed = score >= threshold
    sign = ">=" if needed else "<"
    gain = route.heads[strong.name].gain(score)
    why = (
        f"learned: score {score:.2f} {sign} {threshold:.2f}; {strong.name} is expected to be "
        f"{abs(gain):.0%} {'worse' if gain < 0 else 'better'}"
    )
    first, second = (strong, weak) if needed else (weak, strong)
    return Ordering((Pick(first, why), Pick(second, f"behind {first.name}")))


def _by_value(
    candidates: Sequence[Choice],
    heads: Mapping[str, Head],
    price: float,
    scores: Mapping[str, float],
) -> Ordering:
    """By expected quality less the price of quality times the cost; unknown prices come last."""
    gains = {
        choice.name: heads[choice.name].gain(scores[choice.name]) if choice.name in heads else 0.0
        for choice in candidates
    }
    costs = {choice.name: choice.expected_usd for choice in candidates}
    values = {
        name: float("-inf") if cost is None else gains[name] - price * float(cost)
        for name, cost in costs.items()
    }
    ordered = sorted(candidates, key=lambda choice: -values[choice.name])
    names = [f"{name} {gain:+.0%}" for name, gain in gains.items()]
    why = f"learned: expected quality {listed(names, 'and')}, less {price:,.1f} per dollar"
    return Ordering(
        tuple(Pick(choice, f"{why}: {_value(choice, values[choice.name])}") for choice in ordered)
    )


def _value(choice: Choice, value: float) -> str:
    if choice.expected_usd is None:
        return "its price is unknown, so it comes last"
    return f"worth {value:+.2f} at {dollars(choice.expected_usd)}"
