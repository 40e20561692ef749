"""A sliding window over what was used, with a pace below it."""

from __future__ import annotations

from collections import deque

WINDOW_S = 60.0

# A call reaches the provider a little after it was granted, and not always equally late; a use is
# therefore remembered a little longer than a minute. Costs 0.5 % of the allowance.
SLACK_S = 0.3

# What may go out at once after a pause, in seconds of the allowance.
BURST_S = 1.0

_WHEN, _AMOUNT = 0, 1


class Use:
    """One use of an allowance, which can still be corrected to what it really was."""

    __slots__ = ("amount", "when")

    def __init__(self, when: float, amount: float) -> None:
        self.when = when
        self.amount = amount


class Window:
    """An allowance of ``limit`` units in any 60 seconds.

    A token bucket would let through twice its size in one window (a full bucket at once, then the
    leak); so the bucket here is small and only paces, and an exact count of the last minute stands
    above it.
    """

    __slots__ = ("_credit", "_credit_at", "_used", "_uses", "burst", "limit", "rate")

    def __init__(self, limit: float, now: float) -> None:
        self.limit = limit
        self.rate = limit / WINDOW_S
        self.burst = max(1.0, self.rate * BURST_S)
        self._uses: deque[Use] = deque()
        self._used = 0.0
        self._credit = self.burst
        self._credit_at = now

    def ready_at(self, now: float, amount: float) -> float:
        """The earliest time at which ``amount`` fits; ``now`` or less means: at once.

        An amount above the whole limit is clamped to it: it goes out alone, and is never stuck.
        """
        self._forget(now)
        amount = min(amount, self.limit)
        return max(self._window_opens(now, amount), self._pace_allows(now, amount))

    def use(self, now: float, amount: float) -> Use:
        """Charge ``amount``, clamped as in ``ready_at``."""
        self._accrue(now)
        use = Use(now, min(amount, self.limit))
        self._uses.append(use)
        self._used += use.amount
        self._credit -= use.amount
        return use

    def correct(self, use: Use, amount: float) -> None:
        """Replace a reserved amount by what it really was."""
        change = min(amount, self.limit) - use.amount
        use.amount += change
        self._credit -= change
        if self._uses and use.when >= self._uses[0].when:
            self._used += change

    def _window_opens(self, now: float, amount: float) -> float:
        excess = self._used + amount - self.limit
        if excess <= 0:
            return now
        opens = now
        for use in self._uses:
            opens = use.when + WINDOW_S + SLACK_S
            excess -= use.amount
            if excess <= 0:
                break
        return opens

    def _pace_allows(self, now: float, amount: float) -> float:
        self._accrue(now)
        # A large amount needs only a full bucket, and then puts it in debt.
        missing = min(amount, self.burst) - self._credit
        return now + missing / self.rate if missing > 1e-9 else now  # noqa: PLR2004 - rounding

    def _accrue(self, now: float) -> None:
        self._credit = min(self.burst, self._credit + (now - self._credit_at) * self.rate)
        self._credit_at = now

    def _forget(self, now: float) -> None:
        horizon = now - WINDOW_S - SLACK_S
        while self._uses and self._uses[0].when <= horizon:
            self._used -= self._uses.popleft().amount
        if not self._uses:
            self._used = 0.0
