"""This process's share of one limit that others use too: blocks taken ahead of the calls."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from airoute_cli.core.blocks import WINDOW_S, Block
from airoute_cli.core.errors import RunError
from airoute_cli.edges.limits_file import Exchange
from airoute_cli.engine.bucket import Bucket
from airoute_cli.engine.quota import Taken
from airoute_cli.engine.window import Window

# A block is what the limit allows in that time at most; a process that uses less takes less.
BLOCK_S = 0.5
_FIRST = 0.25
_AT_LEAST_S = 0.05

# A block that begins later than this is asked for anew now and then: what others give back, or do
# not use, comes first to whoever has waited longest.
AHEAD_S = 0.1
AGAIN_S = 0.25

# What was not used is given back within this time.
TIDY_S = 0.3

_ROUNDING = 1e-6

Trade = Callable[[Exchange], Awaitable[Block | None]]


class _Held:
    """A block of ours: what is left of it, and when it was last used."""

    __slots__ = ("amount", "half", "id", "last", "left", "start", "until")

    def __init__(self, block: Block) -> None:
        self.id, self.start, self.until, self.amount = block
        self.left = block.amount
        self.half = block.amount / 2
        self.last = block.start


class Share:
    """Units of one limit per minute. ``trade`` is the way to the others; it raises RunError."""

    def __init__(
        self, subject: bytes, limit: float, now: Callable[[], float], trade: Trade
    ) -> None:
        self.changed: Callable[[], None] = _nothing
        self._subject = subject
        self._limit = limit
        self._now = now
        self._trade = trade
        self._most = max(1.0, limit / WINDOW_S * BLOCK_S)
        self._size = max(1.0, self._most * _FIRST)
        self._used = 0.0
        self._used_since = now()
        self._bucket = Bucket(limit / WINDOW_S, now())
        self._held: deque[_Held] = deque()
        self._changes: dict[int, tuple[float, float]] = {}
        self._extra = 0.0
        self._trading: asyncio.Task[None] | None = None
        self._asked_at = float("-inf")
        self._timer: asyncio.TimerHandle | None = None
        self._own: Window | None = None

    def ready_at(self, now: float, amount: float) -> float | None:
        """The earliest time for ``amount``, clamped to the limit; None: wait for ``changed``."""
        if self._own:
            return self._own.ready_at(now, amount)
        if self._held:
            held = self._held[0]
            if held.start <= now <= held.until and amount <= held.left:  # as for most calls
                return self._bucket.ready_at(now, amount)
        return self._looked_for(now, min(amount, self._limit))

    def _looked_for(self, now: float, amount: float) -> float | None:
        """``ready_at`` where the first block is not enough, or has another time."""
        usable = self._usable(now, amount)
        if usable is None:
            self._ask(amount)
            return None
        if usable.start <= now:
            return self._bucket.ready_at(now, amount)
        if usable.start - now <= AHEAD_S:
            return usable.start
        again_at = self._asked_at + AGAIN_S
        if now < again_at:
            return again_at
        self._ask(usable.amount, instead=usable)
        return None

    def take(self, now: float, amount: float) -> Taken:
        """Charge ``amount``, which ``ready_at`` has just allowed; it may be settled."""
        amount = min(amount, self._limit)
        if self._own:
            return Taken(self._own.use(now, amount), 0, amount)
        return Taken(None, self.charge(now, amount), amount)

    def charge(self, now: float, amount: float) -> int:
        """The same for what is never settled; the number of the block that it is of."""
        if self._own:
            self._own.use(now, amount)
            return 0
        held = self._held[0]
        held.left -= amount
        held.last = now
        self._used += amount
        self._bucket.take(now, amount)
        if held.left < held.half and len(self._held) == 1:
            self._ask(amount)
        if self._timer is None:
            self._tidy_soon()
        return held.id

    def settle(self, taken: Taken, now: float, amount: float) -> None:
        """Replace what was charged by what was really used."""
        if self._own:
            if taken.tokens:
                self._own.settle(taken.tokens, now, amount)
            return
        change = (min(self._limit, amount)) - taken.amount
        self._bucket.give_back(-change)
        if change > 0:
            self._extra += change
        elif held := self._holding(taken.block):
            held.left -= change
        else:
            self._change(taken.block, change, float("inf"))
        if self._timer is None:
            self._tidy_soon()

    async def aclose(self) -> None:
        """Give back what is left."""
        if self._timer:
            self._timer.cancel()
        if self._trading:
            await self._trading
        if self._timer:
            self._timer.cancel()
        while self._held:
            self._give_back(self._held.popleft())
        if self._own is None and (self._changes or self._extra):
            await self._exchange(None, None)

    def _holding(self, block: int) -> _Held | None:
        for held in self._held:
            if held.id == block:
                return held
        return None

    def _usable(self, now: float, amount: float) -> _Held | None:
        """The first block that may serve; those before it are given back."""
        self._expire(now)
        while self._held and self._held[0].left < amount - _ROUNDING:
            self._give_back(self._held.popleft())
        return self._held[0] if self._held else None

    def _expire(self, now: float) -> None:
        while self._held and self._held[0].until < now:
            if self._held[0].left > self._held[0].half:  # it was more than was needed
                self._size = max(1.0, self._size / 2, min(self._size, self._lately(now)))
            self._give_back(self._held.popleft())

    def _give_back(self, held: _Held) -> None:
        self._change(held.id, -held.left, held.last)

    def _change(self, block: int, by: float, last: float) -> None:
        before, at = self._changes.get(block, (0.0, float("inf")))
        self._changes[block] = (before + by, min(at, last))

    def _ask(self, amount: float, instead: _Held | None = None) -> None:
        """Ask for a block of that amount at least, or have ``instead`` begin earlier."""
        if self._trading is not None:
            return
        self._asked_at = now = self._now()
        if instead:
            self._held.remove(instead)
        else:
            amount = max(amount, self._suitable(now))
        self._trading = asyncio.ensure_future(self._bargain(amount, instead))

    def _suitable(self, now: float) -> float:
        """More than the last time, as that was used up, and at least what is used meanwhile."""
        self._size = min(self._most, max(self._size * 2, self._lately(now)))
        return self._size

    def _lately(self, now: float) -> float:
        """What is used while two blocks are, by what was used since the last time."""
        seconds = max(now - self._used_since, _AT_LEAST_S)
        lately = self._used / seconds * 2 * BLOCK_S
        self._used, self._used_since = 0.0, now
        return lately

    async def _bargain(self, amount: float, instead: _Held | None) -> None:
        block = await self._exchange(amount, instead.id if instead else None)
        self._trading = None
        if block and instead:
            self._held.appendleft(_Held(block))
        elif block:
            self._held.append(_Held(block))
        self._tidy_soon()
        self.changed()

    async def _exchange(self, wanted: float | None, instead: int | None) -> Block | None:
        changes, self._changes = self._changes, {}
        extra, self._extra = self._extra, 0.0
        try:
            return await self._trade(
                Exchange(self._subject, self._limit, changes, extra, wanted, instead)
            )
        except RunError:
            # Better alone within the limit than not at all.
            self._own = Window(self._limit, self._now())
            return None

    def _tidy_soon(self) -> None:
        """See to it that what is not used is given back, also when no further call comes."""
        if self._timer is None and self._own is None:
            self._timer = asyncio.get_running_loop().call_later(TIDY_S, self._tidy)

    def _tidy(self) -> None:
        self._timer = None
        self._expire(self._now())
        if (self._changes or self._extra) and self._trading is None:
            self._trading = asyncio.ensure_future(self._tell())
        if self._held:
            self._tidy_soon()

    async def _tell(self) -> None:
        await self._exchange(None, None)
        self._trading = None
        self.changed()


def _nothing() -> None:
    """Where nobody listens."""
