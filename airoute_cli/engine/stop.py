"""How a run is asked to end: the first signal drains, the second aborts."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum


class StopReason(StrEnum):
    """Why a run ended before its input did."""

    INTERRUPTED = "interrupted"
    TERMINATED = "terminated"
    UNAVAILABLE = "unavailable"
    CANARY = "canary"
    BUDGET = "budget"


_SIGNALS = {
    signal.SIGINT: StopReason.INTERRUPTED,
    signal.SIGHUP: StopReason.INTERRUPTED,
    signal.SIGTERM: StopReason.TERMINATED,
}

OnSignal = Callable[[StopReason], None]


@contextmanager
def signals(on_signal: OnSignal) -> Iterator[None]:
    """Hand SIGINT, SIGTERM and SIGHUP to ``on_signal`` while the block runs in the loop."""
    loop = asyncio.get_running_loop()
    # A run started with nohup ignores SIGHUP, and goes on ignoring it.
    heeded = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    for number in heeded:
        loop.add_signal_handler(number, on_signal, _SIGNALS[number])
    try:
        yield
    finally:
        for number in heeded:
            loop.remove_signal_handler(number)
