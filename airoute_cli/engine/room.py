"""How many rows may be under way: bounded, so that memory does not grow with the input."""

from __future__ import annotations

import asyncio
from collections import deque


class Room:
    """Admits rows while there is room for their number and their bytes.

    A row larger than all the room there is enters alone.
    """

    def __init__(self, rows: int, size: int) -> None:
        self._rows = rows
        self._bytes = size
        self._rows_in = 0
        self._bytes_in = 0
        self._waiting: deque[tuple[asyncio.Future[None], int]] = deque()

    async def enter(self, size: int) -> None:
        """Wait for room; only one caller at a time waits (the reader)."""
        if not self._waiting and self._fits(size):
            self._take(size)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((future, size))
        await future

    def leave(self, size: int) -> None:
        """A row has ended."""
        self._rows_in -= 1
        self._bytes_in -= size
        while self._waiting and self._fits(self._waiting[0][1]):
            future, wanted = self._waiting.popleft()
            if not future.done():
                self._take(wanted)
                future.set_result(None)

    def _fits(self, size: int) -> bool:
        if self._rows_in == 0:
            return True
        return self._rows_in < self._rows and self._bytes_in + size <= self._bytes

    def _take(self, size: int) -> None:
        self._rows_in += 1
        self._bytes_in += size
