"""What one row spends: what is reserved for it is given back, and nothing else."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from airoute_cli.core.budget import Account, Budget, Hold, Spent, Standing
from airoute_cli.core.money import Usage
from airoute_cli.core.outcome import Attempt, Outcome, RowState
from airoute_cli.core.plan import Call, CallRole, Plan
from airoute_cli.core.policy import Policy
from airoute_cli.core.profile import Profile, Route
from airoute_cli.engine.budget import Budgets
from airoute_cli.engine.gate import GateClosedError
from airoute_cli.engine.reserved_purse import UnaffordableError, purse_of

ACCOUNT = Account("", "r", "m")
ANSWERED = Attempt("m", 0.0, 1.0, usage=Usage(7, 3), usd=Decimal("0.5"))


class Page:
    """A ledger in memory."""

    def __init__(self) -> None:
        self.booked: list[dict[tuple[str, Account], Spent]] = []
        self.held: dict[Account, Hold] = {}

    def exchange(self, booked: Any, limits: Any, allot: Any) -> None:
        self.booked.append(booked)
        self.held = allot([Standing(Decimal(0), Decimal(0)) for _ in limits])

    def close(self, booked: Any) -> None:
        self.exchange(booked, (), lambda _: {})


async def inline(work: Any, *args: object) -> None:
    work(*args)


def made(page: Page | None = None, **budget: int) -> Budgets:
    policy = Policy(budget=Budget(**{name: Decimal(usd) for name, usd in budget.items()}))
    profile = Profile("p", "p.toml", {}, {}, (Route("r", "single", ("m",)),), policy=policy)
    return Budgets(profile, page, aside=inline, clock=lambda: 0.0)


def plan(usd: int) -> Plan:
    return Plan("r", "single", "", (call(usd),), ())


def call(usd: int) -> Call:
    return Call("m", CallRole.ANSWER, 1, 1, Decimal(usd), Decimal(usd))


async def test_a_row_that_may_cost_too_much_gives_nothing_back_as_it_reserved_nothing():
    budgets = made(per_request=2, per_run=3)
    dear = purse_of(budgets, plan(5))
    with pytest.raises(UnaffordableError):
        dear.opens()
    dear.close(Outcome(RowState.PENDING))
    one, other = purse_of(budgets, plan(2)), purse_of(budgets, plan(2))
    assert one.opens()
    assert not other.opens(), "3 is all there is"
    other.close(None)
    one.close(None)
    assert purse_of(budgets, plan(2)).opens()


async def test_without_a_budget_nothing_is_waited_for_but_the_ledger_and_all_is_booked():
    page = Page()
    budgets = made(page)
    purse = purse_of(budgets, plan(2))
    assert purse.opens()
    assert purse.covers(call(2))
    assert not purse.begins(call(2)), "the ledger does not know of it yet"
    await purse.begin(call(2))
    assert page.held == {ACCOUNT: Hold(Decimal(0), Decimal("2.5"))}
    purse.book(call(2), ANSWERED)
    purse.close(Outcome(RowState.COMPLETED, model="m", attempts=(ANSWERED,)))
    assert purse.spent == {ACCOUNT: Decimal("0.5")}
    await budgets.aclose()
    answered = Spent(1, 1, 7, 3, usd=Decimal("0.5"), estimated_usd=Decimal(2))
    assert page.booked[-1] == {("1970-01-01", ACCOUNT): answered}


async def test_a_call_that_was_never_told_of_counts_with_the_most_that_it_may_have_cost():
    page = Page()
    budgets = made(page)
    purse = purse_of(budgets, plan(2))
    await purse.open()
    await purse.cover(call(2))
    await purse.begin(call(2))
    purse.close(None)
    await budgets.aclose()
    unsettled = Spent(attempts=1, unsettled_usd=Decimal(2))
    assert page.booked[-1] == {("1970-01-01", ACCOUNT): unsettled}


async def test_once_the_run_ends_no_row_begins():
    budgets = made()
    budgets.shut()
    with pytest.raises(GateClosedError):
        purse_of(budgets, plan(1)).opens()
    with pytest.raises(GateClosedError):
        await asyncio.wait_for(purse_of(made_shut(), plan(1)).open(), 1)


def made_shut() -> Budgets:
    budgets = made(per_run=5)
    budgets.shut()
    return budgets
