"""Budgets in force: what a row may cost is reserved before its first call, over all processes.

Limits of a run are counted here; those of days and months in the ledger, of which this process
holds a part at a time (``leases``). One exchange with the ledger is under way at a time, in a
thread, and serves everybody who waits meanwhile. Nobody waits for an amount while holding another
that others wait for, so there is nothing to deadlock on.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable
from decimal import Decimal
from typing import Protocol

from airoute_cli.core.budget import Account, Limit, Spent
from airoute_cli.core.errors import RunError
from airoute_cli.core.money import ZERO
from airoute_cli.core.profile import Profile
from airoute_cli.edges.ledger import SIGN_OF_LIFE_S, Allot, Booked, day_of
from airoute_cli.engine.booking import Booking
from airoute_cli.engine.budget_limits import Amounts, Bounds, BudgetLimits
from airoute_cli.engine.budget_line import Line, Waiter
from airoute_cli.engine.gate import GateClosedError
from airoute_cli.engine.leases import Claim, Exhausted, Held
from airoute_cli.engine.run_limits import RunLimits

# What was spent stands in the ledger after at most this time; until then it is held there.
BOOK_EVERY_S = 0.2
# How often it is looked whether another process has given something back.
LOOK_AGAIN_S = 0.5

# Runs blocking work beside the loop.
Aside = Callable[..., Awaitable[None]]


class Book(Protocol):
    """What is needed of the ledger."""

    def exchange(self, booked: Booked, limits: tuple[Limit, ...], allot: Allot) -> None:
        """Book and hold."""
        ...

    def close(self, booked: Booked) -> None:
        """Book what is left and hold nothing."""
        ...


class ExhaustedError(Exception):
    """A limit has no room for an amount, whatever is given back."""

    def __init__(self, exhausted: Exhausted) -> None:
        super().__init__(str(exhausted.limit))
        self.exhausted = exhausted


# A call that waits until the ledger holds what it may cost.
_Starting = tuple[Account, Decimal, asyncio.Future[None]]


class Budgets:
    """All budgets of a profile in one process. Use inside the running loop, and close.

    ``book`` None: nothing is written down. ``before`` is what earlier passes of the run spent.
    """

    def __init__(
        self,
        profile: Profile,
        book: Book | None,
        *,
        before: Iterable[tuple[Account, Decimal]] = (),
        clock: Callable[[], float] = time.time,
        aside: Aside = asyncio.to_thread,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.limits = BudgetLimits(profile)
        self._book = book
        self._clock = clock
        self._aside = aside
        self._note = note
        self._held: dict[Account, Held] = {}
        self._run = RunLimits(self.limits, before)
        self._booked = Booking()
        self._line = Line()
        self._starting: list[_Starting] = []
        self._wake = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        # Whether the timer goes off soon enough for all that is spent until then.
        self._books_soon = False
        self._shut = False
        self._broken: RunError | None = None

    async def obtain(self, amounts: Amounts, bounds: Bounds) -> None:
        """Reserve ``amounts``; wait while something that is reserved may still be given back.

        Raises ExhaustedError, GateClosedError once the run ends, and RunError.
        """
        if self.obtains(amounts, bounds):
            return
        future = self._line.join(amounts, bounds)
        self._serve_and_ask()
        try:
            await future
        except asyncio.CancelledError:
            if _granted(future):
                self.give_back(amounts)
            raise

    def require_open(self) -> None:
        """Raises GateClosedError once the run ends, and RunError where a ledger is missing."""
        if self._shut:
            raise GateClosedError
        if self._broken:
            raise self._broken

    def obtains(self, amounts: Amounts, bounds: Bounds) -> bool:
        """Whether ``amounts`` are reserved at once. Raises as ``obtain`` does."""
        self.require_open()
        return not any(amounts.values()) or (not self._line and self.take(amounts, bounds))

    def take(self, amounts: Amounts, bounds: Bounds) -> bool:
        """Reserve ``amounts`` if they fit just now, past everybody who waits."""
        if not self._run.have_room(amounts) or not self._leased(amounts, bounds):
            return False
        for account, usd in amounts.items():
            self._reserve(account, usd)
        return True

    def give_back(self, amounts: Amounts) -> None:
        """Let go of what was reserved."""
        for account, usd in amounts.items():
            self._reserve(account, -usd)
        self._serve_and_ask()

    def spend(self, account: Account, spent: Spent, of_reserved: Decimal = ZERO) -> None:
        """Book what was spent; ``of_reserved`` is the part of it that had been reserved."""
        if self._book:
            self._booked.add(day_of(self._clock()), account, spent)
        if counted := spent.counted_usd:
            self._account(account).unbooked += counted
            self._run.spend(account, counted)
        if of_reserved:
            self._reserve(account, -of_reserved)
        self._book_soon()

    def count_row(self, account: Account, estimated_usd: Decimal) -> None:
        """Book that a row has ended, and what its plan was expected to cost."""
        if self._book:
            self._booked.add_row(day_of(self._clock()), account, estimated_usd)
        self._book_soon()

    def _book_soon(self) -> None:
        if not self._books_soon:
            self._books_soon = self._wake_within(BOOK_EVERY_S)
        if self._line:
            self._serve_and_ask()

    def begins(self, account: Account, usd: Decimal) -> bool:
        """Whether a call that may cost ``usd`` leaves at once: the ledger holds enough for it."""
        held = self._account(account)
        if self._book and not held.may_begin(usd):
            return False
        held.begin(usd)
        return True

    async def begin(self, account: Account, usd: Decimal) -> None:
        """Let a call leave that may cost ``usd``: from now on the ledger holds it as begun."""
        if self.begins(account, usd):
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._starting.append((account, usd, future))
        self._wake_now()
        try:
            await future  # whose exchange has held it, and counted it as begun
        except asyncio.CancelledError:
            if _granted(future):
                self.ended(account, usd)
            raise

    def ended(self, account: Account, usd: Decimal) -> None:
        """A call that had begun is over; what it cost is booked apart."""
        self._account(account).begun -= usd

    def shut(self) -> None:
        """Let nobody wait any more: the run is ending."""
        self._shut = True
        self._line.dismiss(GateClosedError)

    async def aclose(self) -> None:
        """Book everything and hold nothing more. Raises RunError."""
        self.shut()
        if self._timer:
            self._timer.cancel()
        if self._keeper:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        if self._book:
            booked = self._booked.taken()
            book, self._book = self._book, None
            try:
                await self._aside(book.close, booked)
            except RunError as error:
                self._break(error)
                if self._broken:
                    raise

    def _account(self, account: Account) -> Held:
        held = self._held.get(account)
        if held is None:
            held = self._held[account] = Held()
        return held

    def _reserve(self, account: Account, usd: Decimal) -> None:
        if usd:
            self._account(account).reserve(usd)
            self._run.reserve(account, usd)

    def _leased(self, amounts: Amounts, bounds: Bounds) -> bool:
        """Whether this process holds enough under the limits that it shares with others."""
        if not bounds.shared:
            return True
        for account, usd in amounts.items():
            if usd and not self._account(account).may_reserve(usd):
                return False
        return True

    def _serve_and_ask(self) -> None:
        if self._line and self._serve():
            self._wake_now()

    def _serve(self) -> set[int]:
        """Serve those who wait; the tickets of whom this process holds too little for."""
        left = self._line.serve(self._serve_one)
        return {waiter.ticket for waiter in left if self._has_room(waiter)}

    def _serve_one(self, waiter: Waiter, behind: bool) -> bool:  # noqa: FBT001 - as Line calls it
        """Give a waiter what it waits for, or the reason why it never will get it."""
        if exhausted := self._run.exhausted(waiter.amounts):
            waiter.future.set_exception(ExhaustedError(exhausted))
        elif behind or not self.take(waiter.amounts, waiter.bounds):
            return False
        else:
            waiter.future.set_result(None)
        return True

    def _has_room(self, waiter: Waiter) -> bool:
        return self._run.have_room(waiter.amounts)

    def _wake_now(self) -> None:
        self._wake.set()
        if self._book and self._keeper is None:
            self._keeper = asyncio.get_running_loop().create_task(self._keep())

    def _wake_within(self, seconds: float) -> bool:
        """Whether it will be: there is a book."""
        if self._book is None:
            return False
        loop = asyncio.get_running_loop()
        if self._timer:
            if self._timer.when() <= loop.time() + seconds:
                return True
            self._timer.cancel()
        self._timer = loop.call_later(seconds, self._on_timer)
        return True

    def _on_timer(self) -> None:
        self._timer, self._books_soon = None, False
        self._wake_now()

    async def _keep(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._exchange()
            except RunError as error:
                self._break(error)
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody waits for ever
                self._break(RunError(f"the ledger failed: {type(error).__name__}: {error}"))

    async def _exchange(self) -> None:
        book = self._book
        if book is None:
            return
        booked = self._booked.taken()
        starting, self._starting = self._starting, []
        claim, asking = self._claim(starting)
        try:
            await _whole(self._aside(book.exchange, booked, claim.limits, claim.allot))
        except Exception:
            self._starting = [*starting, *self._starting]
            raise
        for account, held in claim.accounts.items():
            self._account(account).lease = held.reserved
            self._account(account).begun_lease = held.begun
        for account, usd, future in starting:
            if not future.done():
                self._account(account).begin(usd)
                future.set_result(None)
        for place, exhausted in claim.exhausted.items():
            if not asking[place].future.done():
                asking[place].future.set_exception(ExhaustedError(exhausted))
        # Who was not served just now is not asked for again before something is given back.
        if self._serve() - {waiter.ticket for waiter in asking}:
            self._wake_now()
        self._wake_within(LOOK_AGAIN_S if claim.others_hold else SIGN_OF_LIFE_S)

    def _claim(self, starting: Iterable[_Starting]) -> tuple[Claim, list[Waiter]]:
        amounts: dict[Account, Decimal] = {}
        for account, usd, _ in starting:
            self._account(account)
            amounts[account] = amounts.get(account, ZERO) + usd
        asking = list(self._line.first(self._has_room))
        accounts = {
            account: held.book(amounts.get(account, ZERO), wanted=bool(asking))
            for account, held in self._held.items()
        }
        asks = [(waiter.amounts, waiter.bounds.shared) for waiter in asking]
        return Claim(accounts, self.limits.shared, asks), asking

    def _break(self, error: RunError) -> None:
        """The ledger cannot be used: without a budget that needs it the run goes on all the same.

        Otherwise whoever needs it is told, and the run ends.
        """
        self._book = None
        starting, self._starting = self._starting, []
        if not self.limits.shared:
            self._note(f"{error}; what this run spends is not in it")
            for account, usd, future in starting:
                if not future.done():
                    self._account(account).begin(usd)
                    future.set_result(None)
            return
        self._broken = error
        self._line.dismiss(lambda: error)
        for _, _, future in starting:
            if not future.done():
                future.set_exception(error)


def _granted(future: asyncio.Future[None]) -> bool:
    return future.done() and not future.cancelled() and not future.exception()


async def _whole(exchange: Awaitable[None]) -> None:
    """Wait for an exchange even when cancelled meanwhile: a thread cannot be called back."""
    work = asyncio.ensure_future(exchange)
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        with contextlib.suppress(Exception):
            await work
        raise
