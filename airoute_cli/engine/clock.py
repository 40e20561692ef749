"""The one clock of a run: whoever measures or waits is given it, so that it can be another one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Clock:
    """``now`` is seconds that only go forward, those of the event loop; ``wall`` is Unix time."""

    now: Callable[[], float]
    wall: Callable[[], float]

    @classmethod
    def real(cls) -> Self:
        """The clock of the running loop, and of the wall."""
        return cls(asyncio.get_running_loop().time, time.time)
