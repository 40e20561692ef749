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
        self.lines: dict[float, _Line] = {}
        # Known from the first block on: to find it takes as long as all else that a block does.
        self.loop: asyncio.AbstractEventLoop | None = None

    def within(self, seconds: float) -> Deadline:
        """A block (``with``) that ends with a TimeoutError after that many seconds."""
        return Deadline(self, seconds)

    def begin_line(self, seconds: float) -> _Line:
        """A line for the blocks of that length."""
        self.loop = self.loop or asyncio.get_running_loop()
        line = self.lines[seconds] = _Line(self.loop)
        return line

    def end_line(self, seconds: float, line: _Line) -> None:
        """An empty line leaves nothing behind."""
        line.stop()
        if self.lines.get(seconds) is line:
            del self.lines[seconds]


class Deadline:
    """One block. ``expired``: its own time was over, and not that of a block around or inside."""

    __slots__ = ("_around", "_deadlines", "_line", "ends", "expired", "seconds", "task")

    def __init__(self, deadlines: Deadlines, seconds: float) -> None:
        self._deadlines = deadlines
        self.seconds = seconds
        self.ends = 0.0
        self.expired = False

    def __enter__(self) -> Self:
        deadlines, seconds = self._deadlines, self.seconds
        task = asyncio.current_task(deadlines.loop)
        if task is None:
            raise RuntimeError("a deadline is that of a task")
        self.task = task
        self._around = task.cancelling()
        self._line = line = deadlines.lines.get(seconds) or deadlines.begin_line(seconds)
        self.ends = line.now() + seconds
        line.blocks[self] = None
        if line.timer is None:
            line.wait_for(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        line = self._line
        line.blocks.pop(self, None)
        if not line.blocks:
            self._deadlines.end_line(self.seconds, line)
        if not self.expired:
            return
        if self.task.uncancel() <= self._around and kind is asyncio.CancelledError:
            raise TimeoutError from error


class _Line:
    """The blocks of one length, the one that ends first in front."""

    __slots__ = ("_loop", "blocks", "now", "timer")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.now = loop.time
        self.blocks: dict[Deadline, None] = {}
        self.timer: asyncio.TimerHandle | None = None

    def wait_for(self, block: Deadline) -> None:
        """Have the timer go off when that block's time is over."""
        self.timer = self._loop.call_at(block.ends, self._look)

    def stop(self) -> None:
        if self.timer:
            self.timer.cancel()
            self.timer = None

    def _look(self) -> None:
        """End the blocks whose time is over, and come back for the next one."""
        self.timer = None
        over = self.now() + _GRAIN_S
        for block in tuple(self.blocks):
            if block.ends > over:
                self.wait_for(block)
                return
            del self.blocks[block]
            block.expired = True
            block.task.cancel()
