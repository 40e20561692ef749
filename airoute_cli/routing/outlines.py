"""What of plans is the same for many rows, kept for the next one."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Generic, NamedTuple, Protocol, TypeVar

from airoute_cli.core.figures import Snapshot
from airoute_cli.core.plan import BASIS, Call, Candidate, Plan
from airoute_cli.core.policy import OnEmpty
from airoute_cli.core.settings import NOTHING
from airoute_cli.routing.choice import Kind
from airoute_cli.routing.conditions import Subject
from airoute_cli.routing.views import basis_of

# A megabyte or two for the routes of a profile together, however many these are.
_MOST = 2_000

_Value = TypeVar("_Value")


class Kept(Generic[_Value]):
    """Values by all that they follow from; when there are too many it begins anew."""

    def __init__(self) -> None:
        self._known: dict[Hashable, _Value] = {}
        self.get = self._known.get

    def put(self, key: Hashable, value: _Value) -> None:
        """Keep a value."""
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[key] = value


class Outline(NamedTuple):
    """The part of a plan that a route makes; see Plan. ``reason`` is that of the first call."""

    reason: str
    calls: tuple[Call, ...]
    candidates: tuple[Candidate, ...] = ()
    instead: tuple[Call, ...] = ()
    scores: Mapping[str, float] = NOTHING
    refusal: str | None = None
    on_empty: OnEmpty = OnEmpty.REFUSE


class Memory:
    """What the routes of a profile have made out: their outlines, and plans without a basis."""

    def __init__(self) -> None:
        self.outlines: Kept[Outline] = Kept()
        self.plans: Kept[tuple[object, ...]] = Kept()


class Follows(Protocol):
    """What the outlines of a route follow from, beside whom the policy lets answer."""

    def __call__(self, kind: Kind, input_tokens: int, snapshot: Snapshot) -> Hashable:
        """For a request of a kind and of so many tokens by estimate."""
        ...


class Standing:
    """The plans of a route for rows of whose text no condition was found to hold.

    Where no policy tells rows apart either, all of one kind and size have one plan but for its
    basis, as far as their metadata tell the same.
    """

    def __init__(self, follows: Follows, plans: Kept[tuple[object, ...]]) -> None:
        self._follows = follows
        self._plans = plans
        self._key: Hashable = None

    def plan(
        self, subject: Subject, kind: Kind, snapshot: Snapshot, told: tuple[str | None, ...]
    ) -> Plan | None:
        """The plan of a row that has come to the route; None where there is none yet.

        ``told`` is what its metadata tell of what routes and budgets go by.
        """
        if subject.held or subject.scan_if_made:
            self._key = None
            return None
        found = subject.features
        from_figures = self._follows(kind, found.input_tokens, snapshot)
        self._key = key = from_figures, found.task, found.complexity, told
        known = self._plans.get(key)
        if known is None:
            return None
        # By its class, a plan of 20 fields takes twice as long to make.
        return tuple.__new__(Plan, (*known, basis_of(subject, kind), NOTHING))

    def keep(self, plan: Plan) -> None:
        """Keep the plan of the row for which ``plan`` gave none."""
        if self._key is not None and plan.calls:
            self._plans.put(self._key, plan[:BASIS])
