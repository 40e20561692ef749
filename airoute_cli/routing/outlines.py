"""What of plans is the same for many rows, kept for the next one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Generic, NamedTuple, TypeVar

from airoute_cli.core.figures import Figures, Snapshot
from airoute_cli.core.plan import BASIS, Call, Candidate, Plan
from airoute_cli.core.policy import OnEmpty
from airoute_cli.core.settings import NOTHING
from airoute_cli.routing.choice import Kind
from airoute_cli.routing.conditions import Subject
from airoute_cli.routing.views import basis_of

# A profile may have many routes, and each keeps its own.
_MOST = 1_000

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Kept(Generic[_Key, _Value]):
    """Values that follow from their keys and from the figures of ``models``, while these stay."""

    def __init__(self, models: Iterable[str]) -> None:
        self._models = tuple(models)
        self._figures: list[tuple[str, Figures | None]] | None = None
        self._known: dict[_Key, _Value] = {}
        self.get = self._known.get

    def hold(self, snapshot: Snapshot) -> bool:
        """Whether the figures are those of the row before; else all values are forgotten.

        In a run they mostly change from row to row, and then nothing is worth keeping.
        """
        if self._figures is not None:
            for model, before in self._figures:
                if snapshot.get(model) is not before:
                    break
            else:
                return True
        self._figures = [(model, snapshot.get(model)) for model in self._models]
        self._known.clear()
        return False

    def put(self, key: _Key, value: _Value) -> None:
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


# By the kind of a request, its tokens by estimate, and whom the policy lets answer. For a strategy
# that reads the row itself an outline holds for no other row.
Outlines = Kept[tuple[Kind, int, frozenset[str]], Outline]


class Standing:
    """The plans of a route for rows of whose text no condition was found to hold.

    Where no policy and no metadata tell rows apart either, all of one kind and size have one plan
    but for its basis.
    """

    def __init__(self, models: Iterable[str]) -> None:
        self._plans: Kept[tuple[Kind, int, str, float], tuple[object, ...]] = Kept(models)
        self._hold = False

    def plan(self, subject: Subject, kind: Kind, snapshot: Snapshot) -> Plan | None:
        """The plan of a row that has come to the route; None where there is none yet."""
        self._hold = self._plans.hold(snapshot)
        if subject.held or subject.scan_if_made:
            return None
        known = self._plans.get(_key(subject, kind))
        if known is None:
            return None
        # By its class, a plan of 20 fields takes twice as long to make.
        return tuple.__new__(Plan, (*known, basis_of(subject, kind), NOTHING))

    def keep(self, plan: Plan, subject: Subject, kind: Kind) -> None:
        """Keep the plan of a row for which ``plan`` gave none."""
        if self._hold and plan.calls and not (subject.held or subject.scan_if_made):
            self._plans.put(_key(subject, kind), plan[:BASIS])


def _key(subject: Subject, kind: Kind) -> tuple[Kind, int, str, float]:
    features = subject.features
    return kind, features.input_tokens, features.task, features.complexity
