"""Connections to one place that wait for their next request."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from airoute_cli.edges.http.connection import Connection

# Servers and what lies between them close a connection that is idle for longer, some without a
# word; a request that goes out in that moment would be lost, and may be billed.
KEPT_IDLE_S = 15.0


class Pool:
    """The last one that came back goes out first, so that no more are kept than are needed.

    How many there are at once is no business of the pool: the engine limits, and a second limit
    would only hide in which queue a call waits.
    """

    def __init__(self, dial: Callable[[], Awaitable[Connection]]) -> None:
        self._dial = dial
        self._idle: deque[Connection] = deque()
        self._now = asyncio.get_running_loop().time

    async def take(self) -> Connection:
        """A connection for one exchange. Raises CallError where none can be made."""
        while self._idle:
            connection = self._idle.pop()
            if self._is_fresh(connection, self._now()):
                return connection
            connection.drop()
        return await self._dial()

    def give_back(self, connection: Connection) -> None:
        """The exchange is over; where it was broken off, so is the connection."""
        if not connection.reusable:
            connection.drop()
            return
        connection.idle_since = now = self._now()
        self._idle.append(connection)
        while not self._is_fresh(self._idle[0], now):
            self._idle.popleft().drop()

    def close(self) -> None:
        """Close those that wait."""
        while self._idle:
            self._idle.pop().drop()

    @staticmethod
    def _is_fresh(connection: Connection, now: float) -> bool:
        return connection.reusable and now - connection.idle_since < KEPT_IDLE_S
