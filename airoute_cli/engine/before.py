"""What was done for a row before its plan was made: the calls that found its task."""

from __future__ import annotations

from dataclasses import dataclass, field

from airoute_cli.core.outcome import Attempt, Outcome
from airoute_cli.engine.budget_limits import NO_AMOUNTS, Amounts
from airoute_cli.engine.meter import total_usd


@dataclass(frozen=True, slots=True)
class Before:
    """Its calls count as the row's own: in its attempts, its time, its latency and its budget.

    ``started`` and ``deadline`` are on the run's clock, None where no call was made.
    """

    attempts: tuple[Attempt, ...] = ()
    spent: Amounts = field(default_factory=lambda: NO_AMOUNTS)
    started: float | None = None
    deadline: float | None = None

    def onto(self, outcome: Outcome) -> Outcome:
        """``outcome`` with these calls, where none came of the plan."""
        if outcome.attempts or not self.attempts:
            return outcome
        return outcome._replace(attempts=self.attempts, usd=total_usd(self.attempts))


NOTHING_BEFORE = Before()
