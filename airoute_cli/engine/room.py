"""How many rows may be under way: bounded, so that memory does not grow with the input."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Self

from airoute_cli.core.profile import Profile

# Rows under way, waiting ones included: enough to have some at hand for every call that ends, and
# few enough for the processor's cache.
ROWS_UNDER_WAY = 256
BYTES_UNDER_WAY = 64 * 2**20

# A model's rows may take that many times the room that is still free: two thirds of it all for
# one, two fifths each for two, and so on, so that there is always some for the rows of another.
TIMES_THE_FREE = 2


class Room:
    """Room for a number of rows and for their bytes.

    A row larger than all the room there is enters alone. ``shared``: several models have rows, and
    none may take it all.
    """

    def __init__(self, rows: int, size: int, *, shared: bool = False) -> None:
        self._rows = rows
        self._bytes = size
        self.shared = shared
        self._rows_in = 0
        self._bytes_in = 0
        self._rows_of: Counter[str] = Counter()
        self._bytes_of: Counter[str] = Counter()
        self._changed: asyncio.Future[None] | None = None

    @classmethod
    def for_run(cls, profile: Profile, concurrency: int, *, ordered: bool) -> Self:
        """The room of a run; results in the input's order let no row pass another."""
        first = {model for route in profile.routes for model in route.models}
        rows = max(ROWS_UNDER_WAY, 2 * concurrency)
        return cls(rows, BYTES_UNDER_WAY, shared=len(first) > 1 and not ordered)

    def fits(self, model: str, size: int) -> bool:
        """Whether there is room for one more row of that model."""
        if not self.left(size):
            return False
        if not self.shared or self._rows_of[model] == 0:
            return True
        free, free_bytes = self._rows - self._rows_in, self._bytes - self._bytes_in
        return (
            self._rows_of[model] < TIMES_THE_FREE * free
            and self._bytes_of[model] + size <= TIMES_THE_FREE * free_bytes
        )

    def left(self, size: int) -> bool:
        """Whether there is room for one more row of some model."""
        if self._rows_in == 0:
            return True
        return self._rows_in < self._rows and self._bytes_in + size <= self._bytes

    def enter(self, model: str, size: int) -> None:
        """A row begins, for which there is room."""
        self._take(model, 1, size)

    def leave(self, model: str, size: int) -> None:
        """A row has ended."""
        self._take(model, -1, -size)
        self.nudge()

    def nudge(self) -> None:
        """Have whoever waits for a change look again."""
        if self._changed and not self._changed.done():
            self._changed.set_result(None)

    async def change(self) -> None:
        """Wait until a row has ended or somebody nudges; only the reader waits."""
        self._changed = asyncio.get_running_loop().create_future()
        await self._changed

    def _take(self, model: str, rows: int, size: int) -> None:
        self._rows_in += rows
        self._bytes_in += size
        if self.shared:
            self._rows_of[model] += rows
            self._bytes_of[model] += size
