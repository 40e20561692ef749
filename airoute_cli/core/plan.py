"""The plan: a decision as a value that can be printed, compared, stored and proved."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from airoute_cli.core.budget import NO_TIER
from airoute_cli.core.frozen import frozen
from airoute_cli.core.label import Label
from airoute_cli.core.policy import NOBODY, OnEmpty, Ruling
from airoute_cli.core.request import OPENAI_DIALECT, Capability, Request
from airoute_cli.core.scan import Scan
from airoute_cli.core.settings import NOTHING
from airoute_cli.core.templates import TemplateUse


class Features(NamedTuple):
    """What was found out about a request before routing, without a call: a tuple, as Choice is.

    ``text`` is what the user said (all user turns), which the text matchers read;
    ``input_tokens`` is the uncorrected estimate over everything that is sent; ``elements`` are
    those parts of the request that not every model can carry. ``task`` and ``complexity`` (0 to 1)
    are empty and 0 where nobody asks for them. ``label`` says how the task was come by where a
    model finds it.
    """

    text: str
    input_tokens: int
    task: str
    needs: frozenset[Capability]
    metadata: Mapping[str, Any] = NOTHING
    digest: bytes = b""
    elements: frozenset[str] = frozenset()
    complexity: float = 0.0
    label: Label | None = None


class Basis(NamedTuple):
    """What a plan was made from, beside the profile and the live figures: a tuple, as Choice is.

    ``held`` are the numbers of the conditions on the text that were found to hold, so that the
    plan can be made again without the text. ``own_cap`` is the row's own ``max_output_tokens``,
    ``own_system`` whether it has a system turn. ``earlier`` are the bases under the profiles that
    a resumed row is held to as well, oldest first. ``only_model`` and ``only_route`` were named by
    hand; ``scores`` are what the route's strategy made of the text, by model. ``sent`` are the
    bases of what a template made of the row, one for each variant; ``unsent`` is why it made
    nothing.
    """

    features: Features
    held: frozenset[int] = frozenset()
    scan: Scan | None = None
    dialect: str = OPENAI_DIALECT
    own_cap: int | None = None
    own_system: bool = False
    earlier: tuple[Basis, ...] = ()
    only_model: str | None = None
    only_route: str | None = None
    scores: Mapping[str, float] = NOTHING
    sent: tuple[Basis, ...] = ()
    unsent: str | None = None


class CallRole(StrEnum):
    """Why a call stands in a plan."""

    ANSWER = "answer"
    FALLBACK = "fallback"
    STAND_IN = "stand_in"
    ESCALATION = "escalation"
    SAMPLE = "sample"
    MEMBER = "member"
    JUDGE = "judge"
    REPAIR = "repair"
    CLASSIFIER = "classifier"


class Call(NamedTuple):
    """One planned use of a model: a tuple, as Choice is.

    ``input_tokens`` is the estimate corrected for this model; ``max_output_tokens`` the cap that
    is sent. ``expected_usd`` and ``worst_usd`` are None where the price is unknown. ``dropped``
    are elements of the request that the model cannot carry and that will not be sent. ``sample``
    counts the uses of the same model for one row, from 0: each gets a seed of its own.
    ``logprobs``: the probabilities of the answer's tokens are asked for. ``prompted``: the schema
    of the answer is put into words.
    """

    model: str
    role: CallRole
    input_tokens: int
    max_output_tokens: int
    expected_usd: Decimal | None
    worst_usd: Decimal | None
    dropped: tuple[str, ...] = ()
    sample: int = 0
    logprobs: bool = False
    prompted: bool = False


# These calls are made only where those before them gave no answer that is good enough.
_ONLY_IF_NEEDED = frozenset(
    {CallRole.FALLBACK, CallRole.ESCALATION, CallRole.STAND_IN, CallRole.REPAIR}
)


@frozen
class RuleVerdict:
    """Whether a route took the request, and why (or at what it failed)."""

    route: str
    matched: bool
    reason: str


@frozen
class Candidate:
    """A model that the route names: whether it may answer, whether it was taken, and why."""

    model: str
    eligible: bool
    taken: bool
    reason: str


class Plan(NamedTuple):
    """What will be done for one request, and the trail of reasons: a tuple, as Choice is.

    ``calls`` are tried in order until one answers; behind them stand those that may put an answer
    right, one for each model that may give it, of which at most one is made. Empty means that
    nobody may: ``refusal`` says why, and ``on_empty`` what becomes of the row. ``ruling`` is what
    the policy says of it. ``rules`` holds every route that was looked at and ``candidates`` every
    model, both in order. ``tier`` is the row's, empty where it has none. ``instead`` are the calls
    of which one takes the place of all of them where a budget has no room, as in a plan that is
    ``degraded``. ``template`` says which one words the prompt. ``code`` is the machine's word for a
    ``refusal`` of the row itself. ``label_call`` is the call that finds the row's task, before all
    ``calls``: while it is still to be made, they are those for the default. ``basis`` is what the
    plan was made from, and ``prompts`` are the requests as a template made them, by the names of
    models: plans of two rows are equal whatever these are.
    """

    route: str
    strategy: str
    reason: str
    calls: tuple[Call, ...]
    candidates: tuple[Candidate, ...]
    rules: tuple[RuleVerdict, ...] = ()
    refusal: str | None = None
    ruling: Ruling = NOBODY
    on_empty: OnEmpty = OnEmpty.REFUSE
    tier: str = NO_TIER
    instead: tuple[Call, ...] = ()
    degraded: bool = False
    template: TemplateUse | None = None
    code: str = ""
    label_call: Call | None = None
    basis: Basis | None = None
    prompts: Mapping[str, Request] = NOTHING

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plan) and self[:BASIS] == other[:BASIS]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[:BASIS])

    @property
    def label(self) -> Label | None:
        """How the row's task was come by where a model finds it, and a route goes by it."""
        return self.basis.features.label if self.basis else None

    @property
    def asks_first(self) -> bool:
        """Whether the row's task is still to be found, by ``label_call``."""
        return self.label_call is not None and self.label is not None and self.label.pending

    @property
    def touched(self) -> frozenset[str]:
        """Every model that the plan may send something of the row to."""
        first = () if self.label_call is None else (self.label_call,)
        return frozenset(call.model for call in (*first, *self.calls))

    @property
    def eligible(self) -> frozenset[str]:
        """The models that any call for this row may touch, whatever it is for."""
        return self.ruling.eligible

    @property
    def expected_usd(self) -> Decimal | None:
        """The cost if the first answer is good enough, with all that is asked for it.

        None if a price is unknown or there is no call.
        """
        if self._is_plain:
            return self.calls[0].expected_usd
        first = itertools.takewhile(lambda call: call.role not in _ONLY_IF_NEEDED, self.calls)
        return _total([*self._labelling("expected_usd"), *(call.expected_usd for call in first)])

    @property
    def worst_usd(self) -> Decimal | None:
        """The dearest path: every call of it used up to its cap. None if one is unknown."""
        if self._is_plain:
            return self.calls[0].worst_usd
        worst = [*self._labelling("worst_usd"), *(call.worst_usd for call in self.dearest_path)]
        return _total(worst) if worst else Decimal(0)

    @property
    def _is_plain(self) -> bool:
        """Whether one call for the answer is all there is, as in most plans."""
        calls = self.calls
        return len(calls) == 1 and calls[0].role is CallRole.ANSWER and self.label_call is None

    def _labelling(self, cost: str) -> tuple[Decimal | None, ...]:
        return () if self.label_call is None else (getattr(self.label_call, cost),)

    @property
    def dearest_path(self) -> tuple[Call, ...]:
        """All calls, but of those that put an answer right only the one that may cost the most."""
        if not self.calls or self.calls[-1].role is not CallRole.REPAIR:
            return self.calls
        repairs = self.repairs
        if len(repairs) == 1:
            return self.calls
        dearest = max(repairs, key=lambda call: call.worst_usd or Decimal(0))
        return (*self.calls[: -len(repairs)], dearest)

    @property
    def repairs(self) -> tuple[Call, ...]:
        """The calls that may put an answer right; they stand last."""
        behind = itertools.takewhile(_repairs, reversed(self.calls))
        return tuple(behind)[::-1]


# From here on the fields say where a plan came from, and not what it is.
BASIS = Plan._fields.index("basis")


def _repairs(call: Call) -> bool:
    return call.role is CallRole.REPAIR


def _total(costs: Sequence[Decimal | None]) -> Decimal | None:
    """None if there are none, or one is unknown."""
    if len(costs) == 1:  # as with most plans
        return costs[0]
    known = [cost for cost in costs if cost is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(costs) else None
