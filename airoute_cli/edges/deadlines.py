"""Deadlines of many blocks by one timer: thousands of calls under way need no timer each.

Blocks of the same length end in the order in which they began, so only the first of them is waited
for. What happens when a block's time is over is what ``asyncio.timeout`` does.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

# The clock of a loop may count milliseconds, and its timers go off that much early.
_GRAIN_S = 0.001


class Deadlines:
    """Makes deadlines, for the tasks of one loop."""

    def __init__(self) -> None:
        self._lines: dict[float, _Line] = {}
        # Known from the first block on: to find it takes as long as all else that a block does.
        self.loop: asyncio.AbstractEventLoop | None = None

    def within(self, seconds: float) -> Deadline:
        """A block (``with``) that ends with a TimeoutError after that many seconds."""
        return Deadline(self, seconds)

    def join(self, block: Deadline) -> _Line:
        """Put a block that begins now in line with those of its length."""
        line = self._lines.get(block.seconds)
        if line is None:
            self.loop = self.loop or asyncio.get_running_loop()
            line = self._lines[block.seconds] = _Line(self.loop)
        line.join(block)
        return line

    def leave(self, block: Deadline, line: _Line) -> None:
        """Take a block that has ended out of its line; an empty line leaves nothing behind."""
        if line.leave(block) and self._lines.get(block.seconds) is line:
            del self._lines[block.seconds]


class Deadline:
    """One block. ``expired``: its own time was over, and not that of a block around or inside."""

    __slots__ = ("_around", "_deadlines", "_line", "ends", "expired", "seconds", "task")

    def __init__(self, deadlines: Deadlines, seconds: float) -> None:
        self._deadlines = deadlines
        self.seconds = seconds
        self.ends = 0.0
        self.expired = False

    def __enter__(self) -> Self:
        task = asyncio.current_task(self._deadlines.loop)
        if task is None:
            raise RuntimeError("a deadline is that of a task")
        self.task = task
        self._around = task.cancelling()
        self._line = self._deadlines.join(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._deadlines.leave(self, self._line)
        if not self.expired:
            return
        if self.task.uncancel() <= self._around and kind is asyncio.CancelledError:
            raise TimeoutError from error


class _Line:
    """The blocks of one length, the one that ends first in front."""

    __slots__ = ("_blocks", "_loop", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._blocks: dict[Deadline, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def join(self, block: Deadline) -> None:
        block.ends = self._loop.time() + block.seconds
        self._blocks[block] = None
        if self._timer is None:
            self._timer = self._loop.call_at(block.ends, self._look)

    def leave(self, block: Deadline) -> bool:
        """Whether it was the last."""
        self._blocks.pop(block, None)
        if self._blocks:
            return False
        if self._timer:
            self._timer.cancel()
            self._timer = None
        return True

    def _look(self) -> None:
        """End the blocks whose time is over, and come back for the next one."""
        self._timer = None
        over = self._loop.time() + _GRAIN_S
        while self._blocks:
            block = next(iter(self._blocks))
            if block.ends > over:
                self._timer = self._loop.call_at(block.ends, self._look)
                return
            del self._blocks[block]
            block.expired = True
            block.task.cancel()
