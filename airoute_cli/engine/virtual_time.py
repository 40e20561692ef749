"""An event loop whose clock jumps to the next timer: hours of simulated work in a moment.

Nothing may be waited for but timers: no thread, no socket, no process.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from airoute_cli.engine.collector import few_collections

T = TypeVar("T")


class _Jumping(selectors.SelectSelector):
    """Never waits: the time that would have been waited is added to the clock."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        events = super().select(0)  # a signal comes through a pipe
        if not events and timeout is None:
            raise RuntimeError("everybody waits, and nothing will ever happen")
        if not events:
            self.now += max(0.0, timeout or 0.0)
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """``time`` begins at 0 and moves on only where everybody waits."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds of simulated time."""
        return self._jumping.now


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run ``main()`` in virtual time, from 0 on."""
    with few_collections(), asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main())
