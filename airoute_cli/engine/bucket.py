"""A token bucket that paces: what may go out follows a rate, with hardly any burst."""

from __future__ import annotations

# What may go out at once, in seconds of the rate. Limiters at providers allow bursts that are small
# against a minute, so a full allowance must never leave at once.
BURST_S = 0.02

# What may be made up for after the loop was late, in seconds of the rate.
CATCH_UP_S = 0.05

_ROUNDING = 1e-9


class Bucket:
    """Credit that grows at ``rate`` units per second; what is taken may put it in debt."""

    __slots__ = ("_at", "_burst", "_credit", "_most", "_rate")

    def __init__(self, rate: float, now: float) -> None:
        self._at = now
        self._set(rate)
        self._credit = self._burst

    @property
    def rate(self) -> float:
        """Units per second."""
        return self._rate

    def change(self, rate: float, now: float) -> None:
        """Go on at another rate."""
        self._accrue(now)
        self._set(rate)
        self._credit = min(self._credit, self._burst)

    def ready_at(self, now: float, amount: float) -> float:
        """When ``amount`` may go; a large one needs only a whole burst, and then leaves a debt."""
        if now != self._at:
            self._accrue(now)
        missing = (min(self._burst, amount)) - self._credit
        return now + missing / self._rate if missing > _ROUNDING else now

    def take(self, now: float, amount: float) -> None:
        """Charge ``amount``."""
        if now != self._at:
            self._accrue(now)
        self._credit -= amount

    def give_back(self, amount: float) -> None:
        """Return what was not used after all; it may go out at once."""
        self._credit += amount

    def _set(self, rate: float) -> None:
        self._rate = rate
        self._burst = max(1.0, rate * BURST_S)
        self._most = self._burst + rate * CATCH_UP_S

    def _accrue(self, now: float) -> None:
        most = self._most
        if self._credit < most:
            credit = self._credit + (now - self._at) * self._rate
            self._credit = min(most, credit)
        self._at = now
