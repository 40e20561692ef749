"""The rows that wait for a budget: in line for each set of limits, and served in their order."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from airoute_cli.core.budget import Limit
from airoute_cli.engine.budget_limits import Amounts, Bounds

# So many that wait for the same limits are asked for in one exchange with the ledger.
_ASKED_AT_ONCE = 64


@dataclass(frozen=True, slots=True, eq=False)
class Waiter:
    """A row that waits; ``ticket`` counts those who came."""

    ticket: int
    amounts: Amounts
    bounds: Bounds
    future: asyncio.Future[None]


class Line:
    """All who wait. Who cannot be served holds up those behind it who share one of its limits."""

    def __init__(self) -> None:
        self._queues: dict[Bounds, deque[Waiter]] = {}
        self._ticket = itertools.count()

    def __bool__(self) -> bool:
        return bool(self._queues)

    def join(self, amounts: Amounts, bounds: Bounds) -> asyncio.Future[None]:
        """What a row awaits that has come last."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiter = Waiter(next(self._ticket), amounts, bounds, future)
        self._queues.setdefault(bounds, deque()).append(waiter)
        return future

    def serve(self, serve_one: Callable[[Waiter, bool], bool]) -> list[Waiter]:
        """Serve in order, and give those that could not be served.

        ``serve_one`` is told whether somebody before it who shares a limit still waits.
        """
        blocked: set[Limit] = set()
        left: list[Waiter] = []
        heads = [(queue[0].ticket, bounds) for bounds, queue in self._queues.items()]
        heapq.heapify(heads)
        while heads:
            _, bounds = heapq.heappop(heads)
            queue = self._queues[bounds]
            waiter = queue[0]
            behind = not blocked.isdisjoint(bounds.counted)
            if not waiter.future.done() and not serve_one(waiter, behind):
                left.append(waiter)
                blocked.update(bounds.counted)
                continue
            queue.popleft()
            if queue:
                heapq.heappush(heads, (queue[0].ticket, bounds))
            else:
                del self._queues[bounds]
        return left

    def first(self, has_room: Callable[[Waiter], bool]) -> Iterator[Waiter]:
        """The first of every queue for whom the run itself ``has_room``, in their order."""
        some = (itertools.islice(queue, _ASKED_AT_ONCE) for queue in self._queues.values())
        blocked: set[Limit] = set()
        for waiter in heapq.merge(*some, key=lambda waiter: waiter.ticket):
            if waiter.future.done() or not blocked.isdisjoint(waiter.bounds.run):
                continue
            if has_room(waiter):
                yield waiter
            else:
                blocked.update(waiter.bounds.run)

    def dismiss(self, error: Callable[[], Exception]) -> None:
        """Send everybody away."""
        for waiter in itertools.chain.from_iterable(self._queues.values()):
            if not waiter.future.done():
                waiter.future.set_exception(error())
        self._queues.clear()
