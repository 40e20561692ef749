"""One model in the light of one request: the figures that eligibility, strategies and calls use."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from airoute_cli.core.elements import Element
from airoute_cli.core.figures import NO_FIGURES, Figures, Snapshot
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
        return self.call(CallRole.REPAIR)._replace(
            input_tokens=tokens,
            expected_usd=None if price is None else _expected(price, self.figures, tokens, cap),
            worst_usd=None if price is None else price.worst_cost(tokens, cap),
            dropped=(),
        )


class Kind(NamedTuple):
    """What of a request, beside its size, decides what it is for a model.

    A file has few kinds, so that what follows from them is found once and not for every row.
    """

    needs: frozenset[Capability]
    elements: frozenset[str]
    dialect: str
    own_cap: int | None
    lacks_system: bool


def kind_of(request: Request, features: Features) -> Kind:
    """The kind of a request."""
    return Kind(
        features.needs,
        features.elements,
        request.dialect,
        request.settings.max_output_tokens,
        lacks_system(request.messages),
    )


class _Terms(NamedTuple):
    """What a model makes of requests of one kind: what Choice has of it, and ``more_tokens``.

    So many are sent beside the request itself.
    """

    more_tokens: int
    max_output_tokens: int
    wanted_output: int | None
    dropped: tuple[str, ...]
    prompted: bool


# A row may have a cap of its own, so that kinds may be many.
_MOST_TERMS = 1_000


class Chooser:
    """Makes the choices of one route; what does not depend on the row is found once."""

    def __init__(self, route: Route | None) -> None:
        self._route = route
        system = route.system if route else None
        self._elements = setting_elements(route.settings) if route else NO_ELEMENTS
        self._form_tokens = schema_tokens(route.schema if route else None)
        self._system_tokens = 0 if system is None else estimate_tokens(system) + TURN_TOKENS
        self._known: dict[tuple[str, Kind], _Terms] = {}

    def choose(self, model: Model, figures: Figures, kind: Kind, input_tokens: int) -> Choice:
        """``model`` in the light of a request of a kind and of so many tokens by estimate."""
        terms = self._known.get((model.name, kind)) or self._learn(model, kind)
        more_tokens, cap, wanted, dropped, prompted = terms
        tokens = corrected(input_tokens + more_tokens, figures)
        price = model.price
        expected = None if price is None else _expected(price, figures, tokens, cap)
        worst = None if price is None else price.worst_cost(tokens, cap)
        return Choice(model, figures, tokens, cap, wanted, expected, worst, dropped, prompted)

    def sizes(
        self, models: Iterable[Model], snapshot: Snapshot, kind: Kind, input_tokens: int
    ) -> list[int]:
        """All that live figures say in what ``choose`` makes of the same, for each model.

        The tokens that go in, and those that are likely to come out.
        """
        found = []
        for model in models:
            name = model.name
            figures = snapshot.get(name, NO_FIGURES)
            terms = self._known.get((name, kind)) or self._learn(model, kind)
            tokens = input_tokens + terms[0]
            found.append(tokens if figures is NO_FIGURES else corrected(tokens, figures))
            found.append(round(figures.output_tokens))
        return found

    def _learn(self, model: Model, kind: Kind) -> _Terms:
        if len(self._known) >= _MOST_TERMS:
            self._known.clear()
        terms = self._known[model.name, kind] = self._terms(model, kind)
        return terms

    def _terms(self, model: Model, kind: Kind) -> _Terms:
        missing = self._lost(model, kind)
        wants = wants_form(kind.needs, self._route)
        prompted = wants and is_prompted(model, frozenset(missing))
        if prompted:
            missing = tuple(element for element in missing if element not in IN_WORDS)
        wanted = wanted_output(kind.own_cap, self._route, model)
        more_tokens = self._more_tokens(kind) + (PROMPTED_TOKENS if prompted else 0)
        return _Terms(more_tokens, capped(wanted, model), wanted, missing, prompted)

    def _lost(self, model: Model, kind: Kind) -> tuple[str, ...]:
        elements = kind.elements | self._elements
        if self._form_tokens and Capability.TOOLS in kind.needs:
            elements |= {Element.SCHEMA_WITH_TOOLS}
        return lost(elements, kind.dialect, model.carrier)

    def _more_tokens(self, kind: Kind) -> int:
        system = self._system_tokens if kind.lacks_system else 0
        form = 0 if Capability.JSON_SCHEMA in kind.needs else self._form_tokens
        return system + form


def _expected(price: Price, figures: Figures, input_tokens: int, cap: int) -> Decimal:
    """The cost with nothing cached and as many output tokens as the model tends to give."""
    return price.plain_cost(input_tokens, min(round(figures.output_tokens), cap))
