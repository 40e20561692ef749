"""Two profiles on the same rows: what a change of routes, rules or models does. Nothing is called.

Rows are streamed: what is kept is one tally for each kind of change, with a few ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from airoute_cli.core.money import ZERO
from airoute_cli.core.outcome import RowState
from airoute_cli.core.plan import Plan
from airoute_cli.core.profile import Profile
from airoute_cli.core.request import Row
from airoute_cli.engine.aspects import Change, Side, changes
from airoute_cli.engine.batch import BatchOptions
from airoute_cli.engine.counts import Counts
from airoute_cli.engine.dry_run import usable_rows

# How many ids of a kind of change are told.
IDS_TOLD = 5
# The aspects in the order in which they are told.
ASPECTS = (
    "end",
    "route",
    "strategy",
    "template",
    "classifier",
    "model",
    "chain",
    "eligible",
    "privacy",
    "regions",
    "redaction",
    "sent",
    "cost",
)


@dataclass(slots=True)
class Cost:
    """What rows cost under one profile; ``unpriced`` counts those whose cost nobody knows."""

    expected_usd: Decimal = ZERO
    worst_usd: Decimal = ZERO
    unpriced: int = 0

    def add(self, plan: Plan) -> None:
        """Count one row's plan."""
        if plan.calls or plan.label_call:
            self.expected_usd += plan.expected_usd or ZERO
            self.worst_usd += plan.worst_usd or ZERO
            self.unpriced += plan.worst_usd is None

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "expected_usd": float(self.expected_usd),
            "worst_usd": float(self.worst_usd),
            "unpriced": self.unpriced,
        }


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of change: what changes, on the way from one route to the other."""

    change: Change
    old_route: str
    new_route: str


@dataclass(slots=True)
class Group:
    """The rows of one kind of change, and what they cost before and after."""

    rows: int = 0
    ids: list[str] = field(default_factory=list)
    old: Cost = field(default_factory=Cost)
    new: Cost = field(default_factory=Cost)

    def add(self, row: Row, was: Plan, now: Plan) -> None:
        """Count one row."""
        self.rows += 1
        self.old.add(was)
        self.new.add(now)
        if len(self.ids) < IDS_TOLD:
            self.ids.append(row.custom_id)


@dataclass(slots=True)
class Comparison:
    """Everything that was found; ``aspects`` counts the rows that change in each."""

    counts: Counts = field(default_factory=Counts)
    changed: int = 0
    aspects: Counter[str] = field(default_factory=Counter)
    groups: dict[Kind, Group] = field(default_factory=dict)
    old: Cost = field(default_factory=Cost)
    new: Cost = field(default_factory=Cost)

    def add(self, row: Row, was: Plan, now: Plan, found: Iterable[Change]) -> None:
        """Count one row with all that changes for it."""
        self.counts.end(RowState.COMPLETED)
        self.old.add(was)
        self.new.add(now)
        kinds = [Kind(change, was.route, now.route) for change in found]
        self.changed += bool(kinds)
        self.aspects.update({kind.change.aspect for kind in kinds})
        for kind in kinds:
            self.groups.setdefault(kind, Group()).add(row, was, now)


def compare(options: BatchOptions, old: Profile, new: Profile) -> dict[str, Any]:
    """The rows whose plans differ under ``old`` and ``new``, grouped, and both costs."""
    before, after = Side(old), Side(new)
    found = Comparison()
    for row in usable_rows(options, found.counts):
        was, now = before.plan(row), after.plan(row)
        found.add(row, was, now, [*changes(before, after, row, was, now), *_cost(was, now)])
    return _told(found, old, new)


def _cost(was: Plan, now: Plan) -> Iterable[Change]:
    costs = (was.expected_usd, was.worst_usd), (now.expected_usd, now.worst_usd)
    if costs[0] == costs[1]:
        return ()
    return (Change("cost", None, _direction(*costs)),)


def _direction(
    was: tuple[Decimal | None, Decimal | None], now: tuple[Decimal | None, Decimal | None]
) -> str:
    """``dearer`` or ``cheaper`` as expected; at worst where only that tells a difference."""
    for before, after in zip(was, now, strict=True):
        if before is None or after is None:
            return "priced" if before is None else "unpriced"
        if before != after:
            return "dearer" if after > before else "cheaper"
    return "the same"


def _told(found: Comparison, old: Profile, new: Profile) -> dict[str, Any]:
    compared = found.counts.states[RowState.COMPLETED]
    return {
        "old": {"path": old.path, "digest": old.digest},
        "new": {"path": new.path, "digest": new.digest},
        "rows": {
            "in": found.counts.rows_in,
            "same": compared - found.changed,
            "changed": found.changed,
            "unusable": found.counts.states[RowState.FAILED],
        },
        "changed": {name: found.aspects[name] for name in ASPECTS},
        "groups": [_group(kind, group) for kind, group in _ordered(found.groups)],
        "cost": {"old": found.old.as_dict(), "new": found.new.as_dict()},
        "failures": found.counts.failures_as_dicts(),
    }


def _ordered(groups: dict[Kind, Group]) -> list[tuple[Kind, Group]]:
    """By aspect, the largest first."""
    return sorted(
        groups.items(), key=lambda item: (ASPECTS.index(item[0].change.aspect), -item[1].rows)
    )


def _group(kind: Kind, group: Group) -> dict[str, Any]:
    change = kind.change
    return {
        "aspect": change.aspect,
        "old": change.old,
        "new": change.new,
        "why": change.why,
        "routes": {"old": kind.old_route, "new": kind.new_route},
        "rows": group.rows,
        "ids": group.ids,
        "cost": {"old": group.old.as_dict(), "new": group.new.as_dict()},
    }
