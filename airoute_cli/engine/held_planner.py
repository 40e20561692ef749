"""Plans a run that goes on with another profile: rows that were tried stay within the old ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from airoute_cli.core.figures import Snapshot
from airoute_cli.core.label import Label
from airoute_cli.core.plan import Plan
from airoute_cli.core.request import Row
from airoute_cli.engine.stored_profile import Superseded
from airoute_cli.routing.earlier import EarlierProfile
from airoute_cli.routing.planner import Planner


class PlanRow(Protocol):
    """How the rows of a run are planned."""

    def __call__(self, row: Row, snapshot: Snapshot, *, label: Label | None = None) -> Plan:
        """The plan for a row; ``label`` is what came of having its task found."""
        ...


def plan_within(
    planner: Planner,
    earlier: Sequence[Superseded],
    first_tried: Callable[[Row], int | None],
) -> PlanRow:
    """How rows are planned: a row that was tried before is held to every profile since then.

    Without an earlier profile nothing is looked up.
    """
    if not earlier:
        return planner.plan
    bounds = [(one.last_pass, EarlierProfile(one.profile)) for one in earlier]

    def plan(row: Row, snapshot: Snapshot, *, label: Label | None = None) -> Plan:
        first = first_tried(row)
        if first is None:
            return planner.plan(row, snapshot, label=label)
        held_to = [profile for last_pass, profile in bounds if last_pass >= first]
        return planner.plan(row, snapshot, held_to=held_to, label=label)

    return plan
