"""A sliding window over what was used, with a pace below it."""

from __future__ import annotations

from collections import deque

from airoute_cli.core.blocks import SLACK_S, WINDOW_S
from airoute_cli.engine.bucket import Bucket

# Uses this close together are remembered as one, at the time of the last: a window then holds a
# bounded number of entries at any limit, and errs on the safe side by 0.1 % at most.
GRAIN_S = 0.05


class _Entry:
    """What was used within one grain of time."""

    __slots__ = ("amount", "live", "since", "until")

    def __init__(self, now: float) -> None:
        self.since = now
        self.until = now
        self.amount = 0.0
        self.live = True


class Use:
    """One use of an allowance, which can still be settled at what it really was."""

    __slots__ = ("amount", "entry")

    def __init__(self, entry: _Entry, amount: float) -> None:
        self.entry = entry
        self.amount = amount


class Window:
    """An allowance of ``limit`` units in any 60 seconds.

    A token bucket would let through twice its size in one window (a full bucket at once, then the
    leak); so the bucket here is small and only paces, and an exact count of the last minute stands
    above it.
    """

    __slots__ = ("_bucket", "_entries", "_used", "limit")

    def __init__(self, limit: float, now: float) -> None:
        self.limit = limit
        self._bucket = Bucket(limit / WINDOW_S, now)
        self._entries: deque[_Entry] = deque()
        self._used = 0.0

    def ready_at(self, now: float, amount: float) -> float:
        """The earliest time at which ``amount`` fits; ``now`` or less means: at once.

        An amount above the whole limit is clamped to it: it goes out alone, and is never stuck.
        """
        amount = min(amount, self.limit)
        return max(self._opens_at(now, amount), self._bucket.ready_at(now, amount))

    def use(self, now: float, amount: float) -> Use:
        """Charge ``amount``, clamped as in ``ready_at``."""
        amount = min(amount, self.limit)
        self._bucket.take(now, amount)
        return Use(self._book(now, amount), amount)

    def settle(self, use: Use, now: float, amount: float) -> None:
        """Replace a reserved amount by what it really was.

        What was used beyond the reservation is booked now, not back then: every window in which a
        later grant falls together with the use then holds it too, however long the call took.
        """
        change = min(amount, self.limit) - use.amount
        use.amount += change
        self._bucket.give_back(-change)
        if change > 0:
            self._book(now, change)
        elif use.entry.live:
            use.entry.amount += change
            self._used += change

    def _book(self, now: float, amount: float) -> _Entry:
        self._forget(now)
        last = self._entries[-1] if self._entries else None
        if last is None or now - last.since > GRAIN_S:
            last = _Entry(now)
            self._entries.append(last)
        last.until = now
        last.amount += amount
        self._used += amount
        return last

    def _opens_at(self, now: float, amount: float) -> float:
        self._forget(now)
        excess = self._used + amount - self.limit
        if excess <= 0:
            return now
        opens = now
        for entry in self._entries:
            opens = entry.until + WINDOW_S + SLACK_S
            excess -= entry.amount
            if excess <= 0:
                break
        return opens

    def _forget(self, now: float) -> None:
        entries = self._entries
        horizon = now - WINDOW_S - SLACK_S
        while entries and entries[0].until <= horizon:
            gone = entries.popleft()
            gone.live = False
            self._used -= gone.amount
        if not entries:
            self._used = 0.0
