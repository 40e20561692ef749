"""One model in the light of one request: the figures that eligibility, strategies and calls use."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from airoute_cli.core.elements import Element
from airoute_cli.core.figures import Figures
from airoute_cli.core.money import Price
from airoute_cli.core.plan import Call, CallRole, Features
from airoute_cli.core.profile import Model, Route
from airoute_cli.core.request import Capability, Request
from airoute_cli.routing.carry import NO_ELEMENTS, lost, setting_elements
from airoute_cli.routing.output.form import (
    IN_WORDS,
    PROMPTED_TOKENS,
    REPAIR_TOKENS,
    is_prompted,
    schema_tokens,
    wants_form,
)
from airoute_cli.routing.shape import capped, lacks_system, wanted_output
from airoute_cli.routing.tokens import TURN_TOKENS, corrected, estimate_tokens


class Choice(NamedTuple):
    """A model that might answer: a tuple, as one is made for every row and model.

    ``input_tokens`` is the corrected estimate of all that it would be sent, the route's system
    turn included. ``wanted_output`` is the cap that somebody stated, None where the default
    holds. The costs are None where the price is unknown. ``dropped`` is what it cannot carry.
    ``prompted``: the schema of the answer is put into words.
    """

    model: Model
    figures: Figures
    input_tokens: int
    max_output_tokens: int
    wanted_output: int | None
    expected_usd: Decimal | None
    worst_usd: Decimal | None
    dropped: tuple[str, ...] = ()
    prompted: bool = False

    @property
    def name(self) -> str:
        """The model's name in the profile."""
        return self.model.name

    def call(self, role: CallRole) -> Call:
        """The planned use of this model."""
        return Call(
            self.model.name,
            role,
            self.input_tokens,
            self.max_output_tokens,
            self.expected_usd,
            self.worst_usd,
            self.dropped,
            prompted=self.prompted,
        )

    def repair(self, schema_tokens: int) -> Call:
        """The planned use of this model to put right an answer as long as the cap allows."""
        tokens = corrected(schema_tokens + REPAIR_TOKENS, self.figures) + self.max_output_tokens
        price, cap = self.model.price, self.max_output_tokens
        return replace(
            self.call(CallRole.REPAIR),
            input_tokens=tokens,
            expected_usd=None if price is None else _expected(price, self.figures, tokens, cap),
            worst_usd=None if price is None else price.worst_cost(tokens, cap),
            dropped=(),
        )


class Chooser:
    """Makes the choices of one route; what does not depend on the row is found once."""

    def __init__(self, route: Route | None) -> None:
        self._route = route
        system = route.system if route else None
        self._elements = setting_elements(route.settings) if route else NO_ELEMENTS
        self._form_tokens = schema_tokens(route.schema if route else None)
        self._system_tokens = 0 if system is None else estimate_tokens(system) + TURN_TOKENS

    def choose(
        self, model: Model, figures: Figures, request: Request, features: Features
    ) -> Choice:
        """``model`` in the light of ``request``."""
        missing = self._lost(model, request, features)
        wants = wants_form(features, self._route)
        prompted = wants and is_prompted(model, frozenset(missing))
        if prompted:
            missing = tuple(element for element in missing if element not in IN_WORDS)
        estimate = self._estimate(request, features) + (PROMPTED_TOKENS if prompted else 0)
        tokens = corrected(estimate, figures)
        wanted = wanted_output(request.settings, self._route, model)
        cap = capped(wanted, model)
        price = model.price
        return Choice(
            model=model,
            figures=figures,
            input_tokens=tokens,
            max_output_tokens=cap,
            wanted_output=wanted,
            expected_usd=None if price is None else _expected(price, figures, tokens, cap),
            worst_usd=None if price is None else price.worst_cost(tokens, cap),
            dropped=missing,
            prompted=prompted,
        )

    def _lost(self, model: Model, request: Request, features: Features) -> tuple[str, ...]:
        elements = features.elements | self._elements if self._elements else features.elements
        if self._form_tokens and Capability.TOOLS in features.needs:
            elements |= {Element.SCHEMA_WITH_TOOLS}
        return lost(elements, request.dialect, model.carrier)

    def _estimate(self, request: Request, features: Features) -> int:
        tokens = features.input_tokens
        if self._system_tokens and lacks_system(request.messages):
            tokens += self._system_tokens
        if self._form_tokens and Capability.JSON_SCHEMA not in features.needs:
            tokens += self._form_tokens
        return tokens


def _expected(price: Price, figures: Figures, input_tokens: int, cap: int) -> Decimal:
    """The cost with nothing cached and as many output tokens as the model tends to give."""
    return price.plain_cost(input_tokens, min(round(figures.output_tokens), cap))
