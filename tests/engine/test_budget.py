from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from airoute_cli.core.budget import Account, Budget, Hold, Limit, Spent, Standing
from airoute_cli.core.errors import RunError
from airoute_cli.core.policy import Policy
from airoute_cli.core.profile import Profile, Route
from airoute_cli.engine import virtual_time
from airoute_cli.engine.budget import BOOK_EVERY_S, Budgets, ExhaustedError
from airoute_cli.engine.gate import GateClosedError

A, B = Account("free", "r", "m"), Account("pro", "r", "m")


def usd(text: str) -> Decimal:
    return Decimal(text)


@dataclass
class Page:
    """A ledger in memory; ``fails`` breaks it, ``others`` is what other processes hold."""

    others: Decimal = Decimal(0)
    spent: Decimal = Decimal(0)
    fails: Exception | None = None
    exchanges: int = 0
    held: dict[Account, Hold] = field(default_factory=dict)
    booked: list[Spent] = field(default_factory=list)

    def exchange(self, booked: Any, limits: tuple[Limit, ...], allot: Callable[..., Any]) -> None:
        self.exchanges += 1
        if self.fails:
            raise self.fails
        self.booked += booked.values()
        self.spent += sum(one.counted_usd for one in booked.values())
        self.held = dict(allot([Standing(self.spent, self.others) for _ in limits]))

    def close(self, booked: Any) -> None:
        self.exchange(booked, (), lambda _: {})


async def inline(work: Callable[..., None], *args: object) -> None:
    work(*args)


def made(policy: Policy, page: Page | None, **more: Any) -> Budgets:
    profile = Profile("p", "p.toml", {}, {}, (Route("r", "single", ("m",)),), policy=policy)
    return Budgets(profile, page, aside=inline, **more)


def day(limit: str) -> Policy:
    return Policy(budget=Budget(per_day=usd(limit)))


async def obtain(budgets: Budgets, account: Account, amount: str) -> None:
    await budgets.obtain({account: usd(amount)}, budgets.limits.over((account,)))


def test_a_row_waits_for_what_another_process_holds_until_that_is_given_back():
    page = Page(others=usd("9"))

    async def main() -> float:
        budgets = made(day("10"), page)
        waiting = asyncio.create_task(obtain(budgets, A, "2"))
        await asyncio.sleep(70)
        assert not waiting.done()
        assert page.exchanges < 200, "it looks now and then, and does not spin"
        page.others = usd("8")
        await waiting
        return asyncio.get_running_loop().time()

    assert virtual_time.run(main) < 71


def test_a_tier_without_room_holds_up_no_other():
    tiers = {"free": Budget(per_run=usd("1"))}

    async def main() -> None:
        budgets = made(Policy(tiers=tiers), None)
        await obtain(budgets, A, "1")
        waiting = [asyncio.create_task(obtain(budgets, A, "1")) for _ in range(3)]
        await asyncio.sleep(0)
        await asyncio.wait_for(obtain(budgets, B, "5"), 1)
        assert not any(task.done() for task in waiting)
        budgets.give_back({A: usd("1")})
        await asyncio.sleep(0)
        assert [task.done() for task in waiting] == [True, False, False]
        budgets.shut()
        for sent_away in waiting[1:]:
            with pytest.raises(GateClosedError):
                await sent_away

    virtual_time.run(main)


@pytest.mark.parametrize("other", [A, B])
def test_a_large_row_is_not_passed_for_ever_by_small_ones(other):
    """B stands in another queue, as A has a limit more; both share one."""
    tiers = {"free": Budget(per_run=usd("100"))}

    async def main() -> None:
        budgets = made(Policy(budget=Budget(per_run=usd("10")), tiers=tiers), None)
        for _ in range(10):
            await obtain(budgets, A, "1")
        large = asyncio.create_task(obtain(budgets, A, "5"))
        await asyncio.sleep(0)
        small = asyncio.create_task(obtain(budgets, other, "1"))
        for _ in range(5):
            assert not large.done()
            budgets.give_back({A: usd("1")})
            await asyncio.sleep(0)
        assert (large.done(), small.done()) == (True, False)

    virtual_time.run(main)


def test_who_gives_up_waiting_holds_nothing():
    async def main() -> None:
        budgets = made(Policy(budget=Budget(per_run=usd("1"))), None)
        await obtain(budgets, A, "1")
        waiting = asyncio.create_task(obtain(budgets, A, "1"))
        await asyncio.sleep(0)
        budgets.give_back({A: usd("1")})  # granted, and cancelled before it could run
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asyncio.wait_for(obtain(budgets, A, "1"), 1)

    virtual_time.run(main)


def test_what_earlier_passes_spent_counts_for_a_run():
    async def main() -> None:
        before = [(A, usd("3")), (Account(None, None, "m"), usd("2"))]
        budgets = made(Policy(budget=Budget(per_run=usd("6"))), None, before=before)
        await obtain(budgets, B, "1")
        with pytest.raises(ExhaustedError) as raised:
            await obtain(budgets, B, "1.01")
        assert raised.value.exhausted.spent == 5

    virtual_time.run(main)


def test_what_was_spent_stands_in_the_ledger_soon_and_in_few_exchanges():
    page = Page()

    async def main() -> None:
        budgets = made(Policy(), page)
        for _ in range(100):
            budgets.spend(A, Spent(rows=1, usd=usd("0.1")))
        assert page.booked == []
        await asyncio.sleep(BOOK_EVERY_S + 0.1)
        assert page.booked == [Spent(rows=100, usd=usd("10.0"))]
        assert page.exchanges == 1

    virtual_time.run(main)


def test_a_call_leaves_only_when_the_ledger_holds_what_it_may_cost():
    page = Page()

    async def main() -> None:
        budgets = made(Policy(), page)
        await budgets.begin(A, usd("2"))
        assert page.held[A].begun_usd >= 2
        await budgets.begin(A, usd("0.25"))
        assert page.exchanges == 1, "a quarter is held to spare"
        await budgets.begin(A, usd("1"))
        assert page.held[A].begun_usd >= usd("3.25")

    virtual_time.run(main)


@pytest.mark.parametrize("error", [RunError("no disk"), ZeroDivisionError("a bug")])
def test_without_a_shared_budget_a_broken_ledger_is_noted_and_the_run_goes_on(error):
    noted: list[str] = []

    async def main() -> None:
        page = Page(fails=error)
        budgets = made(Policy(budget=Budget(per_run=usd("5"))), page, note=noted.append)
        await obtain(budgets, A, "1")
        await asyncio.wait_for(budgets.begin(A, usd("1")), 1)
        budgets.spend(A, Spent(usd=usd("1")), usd("1"))
        await budgets.aclose()

    virtual_time.run(main)
    assert len(noted) == 1
    assert "what this run spends is not in it" in noted[0]


@pytest.mark.parametrize("error", [RunError("no disk"), ZeroDivisionError("a bug")])
def test_with_a_shared_budget_a_broken_ledger_ends_the_run(error):
    async def main() -> None:
        budgets = made(day("5"), Page(fails=error))
        with pytest.raises(RunError):
            await asyncio.wait_for(obtain(budgets, A, "1"), 1)
        with pytest.raises(RunError):
            await obtain(budgets, A, "1")

    virtual_time.run(main)
