"""Carries a plan within its budgets: what becomes of a row that one of them has no room for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from airoute_cli.core.budget import Account, OnBudget, Period, dollars
from airoute_cli.core.errors import RunError
from airoute_cli.core.outcome import Outcome, RowFailure, RowState
from airoute_cli.core.plan import Call, Plan
from airoute_cli.core.profile import Profile
from airoute_cli.edges.ledger import Ledger
from airoute_cli.engine.budget import Aside, Book, Budgets
from airoute_cli.engine.budget_limits import NO_AMOUNTS, Amounts, BudgetLimits
from airoute_cli.engine.gate import GateClosedError
from airoute_cli.engine.leases import Exhausted
from airoute_cli.engine.purse import Purse
from airoute_cli.engine.reserved_purse import purse_of

CODE = "budget"

Execute = Callable[[Plan, Purse], Awaitable[Outcome]]

# What to do about a row that asks for too much, and when a budget that is used up has room again.
_LESS = "raise it, lower max_output_tokens, or shorten the row"
_ROOM: Mapping[Period, str] = {
    Period.DAY: "after 00:00 UTC",
    Period.MONTH: "in the next month (UTC)",
}


@dataclass(frozen=True, slots=True)
class Means:
    """Where what is spent is written down, by which clock, and how its file is waited for."""

    book: Callable[[str, str], Book] = Ledger
    wall: Callable[[], float] = time.time
    aside: Aside = asyncio.to_thread


IN_THE_LEDGER = Means()


def open_spending(
    profile: Profile,
    run: str,
    *,
    before: Mapping[Account, Decimal] | None = None,
    note: Callable[[str], None] = lambda _: None,
    means: Means = IN_THE_LEDGER,
) -> Spending:
    """The budgets of a profile for a run, which stands under that name in the ledger.

    ``before`` is what earlier passes of it spent. Raises RunError where a budget needs the ledger
    and it cannot be used; without such a budget that is only noted.
    """
    book: Book | None = None
    try:
        book = means.book(profile.name, run)
    except RunError as error:
        if BudgetLimits(profile).shared:
            raise
        note(f"{error}; what this run spends is not in it")
    budgets = Budgets(
        profile,
        book,
        before=(before or {}).items(),
        clock=means.wall,
        aside=means.aside,
        note=note,
    )
    return Spending(profile, budgets)


@dataclass(slots=True)
class Spending:
    """Opens a purse for every plan.

    ``on_stop`` is told why the run cannot go on, and with which flags it can; without it there is
    none that could. ``can_ask`` says of a model whether it is there.
    """

    profile: Profile
    budgets: Budgets
    on_stop: Callable[[str, str], None] | None = None
    can_ask: Callable[[str], bool] = lambda _: True

    async def carry(self, plan: Plan, execute: Execute, spent: Amounts = NO_AMOUNTS) -> Outcome:
        """What comes of ``plan``, which begins when its dearest path is reserved.

        ``spent`` is what the row has spent before.

        Where a budget has no room for it, one of the calls that it has ``instead`` is made, if the
        route wants it so.
        """
        outcome, refused = await self._try(plan, execute, spent)
        if refused is None or outcome.attempts:
            return self._refused(outcome, refused) if refused else outcome
        for call in plan.instead:
            if self.can_ask(call.model):
                degraded, no_room = await self._try(_degraded(plan, call, refused), execute, spent)
                if no_room is None:
                    return degraded
                if degraded.attempts:
                    return self._refused(degraded, no_room)
        return self._refused(outcome, refused)

    async def _try(
        self, plan: Plan, execute: Execute, spent: Amounts
    ) -> tuple[Outcome, Exhausted | None]:
        """The outcome, and the limit that had no room for the plan or for a further attempt."""
        purse = purse_of(self.budgets, plan, spent=spent)
        outcome: Outcome | None = None
        try:
            if not purse.opens():
                await purse.open()
            outcome = await execute(plan, purse)
        except GateClosedError:
            outcome = Outcome(RowState.PENDING, plan)
        finally:
            purse.close(outcome)
        return outcome, purse.refused

    def _refused(self, outcome: Outcome, exhausted: Exhausted) -> Outcome:
        """How a row ends that may not spend any more."""
        wanted = self._on_budget(outcome.plan.route if outcome.plan else "")
        state = _ENDS.get(wanted, RowState.PENDING)
        own = exhausted.limit.period is Period.REQUEST
        if own or (wanted is OnBudget.DEGRADE and outcome.attempts):
            state = RowState.FAILED
        flags = None
        if self.on_stop:
            flags = "--resume" if state is RowState.PENDING else "--resume --retry-errors"
        message = f"{reason(exhausted)}; {remedy(exhausted, flags)} ({self.profile.path})"
        if outcome.attempts and (said := outcome.attempts[-1].message):
            message += f"; its last attempt failed: {said}"
        if state is RowState.PENDING and self.on_stop:
            raised = exhausted.limit.period not in _ROOM
            self.on_stop(message, "--resume --accept-profile" if raised else "--resume")
        return outcome._replace(state=state, failure=RowFailure(CODE, message))

    def _on_budget(self, route: str) -> OnBudget:
        named = (one for one in self.profile.routes if one.name == route)
        return self.profile.on_budget(next(named, None))


_ENDS: Mapping[OnBudget, RowState] = {
    OnBudget.FAIL: RowState.FAILED,
    OnBudget.DEFER: RowState.DEFERRED,
}


def _degraded(plan: Plan, call: Call, refused: Exhausted) -> Plan:
    """The plan in which one call takes the place of all others."""
    why = f"degraded, as {refused.limit} has no room for {dollars(refused.asked)}"
    return plan._replace(
        calls=(call,), instead=(), degraded=True, reason=f"{plan.reason}; {why}: {call.model}"
    )


def reason(exhausted: Exhausted) -> str:
    """Which budget has no room, and what is spent and reserved of it."""
    limit, asked = exhausted.limit, dollars(exhausted.asked)
    if limit.period is Period.REQUEST:
        spent = f", on top of {dollars(exhausted.spent)} already spent" if exhausted.spent else ""
        return f"the row may cost {asked} at worst{spent}, and {limit}"
    return (
        f"{limit} has no room: {dollars(exhausted.spent)} is spent, "
        f"{dollars(exhausted.reserved)} reserved by rows under way, and this row may cost {asked} "
        "at worst"
    )


def remedy(exhausted: Exhausted, flags: str | None) -> str:
    """What to do; ``flags`` are those that try the row again, None where no run can go on."""
    period = exhausted.limit.period
    if period is Period.REQUEST:
        return _LESS
    if flags is None:
        later = _ROOM.get(period)
        return f"ask again {later}, or raise it" if later else _LESS
    if later := _ROOM.get(period):
        return f"go on {later} with {flags}, or raise it and add --accept-profile"
    return f"raise it, and go on with {flags} --accept-profile"
