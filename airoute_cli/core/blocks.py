"""Blocks of an allowance that several processes use: when the next one may begin.

A process takes its part of a limit in blocks, each good for a moment, so that the cost of sharing
does not grow with the calls. A block counts against the limit as if all of it were used at its
last moment: whatever the process does with it, or if it dies, no window of 60 s holds more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

WINDOW_S = 60.0

# A call reaches the provider a little after it was granted, and not always equally late; a use is
# therefore remembered a little longer than a minute. Costs 0.5 % of the allowance.
SLACK_S = 0.3

# How long a block is good for; at the pace of the limit it is used up in half of that.
GOOD_FOR_S = 1.0


class Block(NamedTuple):
    """``amount`` units that may be used from ``start`` to ``until``, in seconds."""

    id: int
    start: float
    until: float
    amount: float


def opens(amount: float, limit: float, granted: Iterable[Block]) -> float:
    """The earliest start of a further block so that no window of 60 s holds more than the limit."""
    by_age = sorted(granted, key=lambda block: block.until)
    excess = sum(block.amount for block in by_age) + amount - limit
    start = float("-inf")
    for block in by_age:
        if excess <= 0:
            break
        start = block.until + WINDOW_S + SLACK_S
        excess -= block.amount
    return start
