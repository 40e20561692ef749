"""The pace of one model: what its provider bears, learned from its headers and its refusals.

Additive increase, multiplicative decrease, on the rate of calls and not on their number in flight:
a provider counts arrivals, so slow answers are no reason to send less.
"""

from __future__ import annotations

import math

from airoute_cli.core.blocks import WINDOW_S
from airoute_cli.core.rate_limits import Allowance, RateLimits
from airoute_cli.engine.bucket import Bucket
from airoute_cli.engine.chance import Chance

# A refusal takes the pace just below what was really served, by a tenth at least and half at most.
GENTLEST_CUT = 0.9
HARDEST_CUT = 0.5

# Back up by a hundredth of the pace a second; when all stays quiet the ceiling has moved, and the
# step doubles every few seconds.
STEP = 0.01
QUIET_S = 15.0
DOUBLES_EVERY_S = 5.0
MOST_DOUBLINGS = 5

# While the ceiling is not known yet, or the headers say that it is higher: half as much again a
# second.
SEARCH = 1.5
SEARCH_FROM = 2.0

SLOWEST = 1 / WINDOW_S
_BUCKET_LIKE = 0.25
_END_OF_WINDOW_S = 2.0
_NEARLY_NOTHING = 0.02


class _Served:
    """How many calls a second were answered, over the last whole bin and the running one."""

    __slots__ = ("_before", "_bin_s", "_count", "_since", "_started")

    def __init__(self, now: float) -> None:
        self._started = self._since = now
        self._bin_s = 1.0
        self._count = self._before = 0.0

    def add(self, now: float) -> None:
        self._roll(now)
        self._count += 1

    def rate(self, now: float) -> float:
        self._roll(now)
        share = 1 - (now - self._since) / self._bin_s
        return (self._before * share + self._count) / self._bin_s

    def known(self, now: float) -> bool:
        """Whether it has counted long enough to be trusted."""
        return now - self._started >= self._bin_s

    def suit(self, rate: float, now: float) -> None:
        """Count over some twenty calls at that rate."""
        self._roll(now)
        bin_s = min(WINDOW_S, max(1.0, 20 / rate))
        if bin_s > 2 * self._bin_s or bin_s < self._bin_s / 2:
            self._started = self._since = now
            self._bin_s, self._count, self._before = bin_s, 0.0, 0.0

    def _roll(self, now: float) -> None:
        bins = (now - self._since) // self._bin_s
        if bins >= 1:
            self._before = self._count if bins == 1 else 0.0
            self._count = 0.0
            self._since += bins * self._bin_s


class Pace:
    """Holds back nothing until a header or a refusal gives a reason to.

    ``stated`` is the rate in calls a second that the profile allows, which it never passes.
    """

    __slots__ = (
        "_base",
        "_chance",
        "_cut_at",
        "_grown_at",
        "_held_until",
        "_pressed",
        "_refused",
        "_requests",
        "_searching",
        "_served",
        "_stated",
        "_tokens",
        "_told",
    )

    def __init__(self, stated: float | None, now: float) -> None:
        self._stated = stated
        self._requests: Bucket | None = None
        self._tokens: Bucket | None = None
        self._told: float | None = None
        self._served = _Served(now)
        self._chance = Chance()
        self._base = 0.0
        self._cut_at = self._grown_at = self._held_until = -math.inf
        self._pressed = self._searching = self._refused = False

    @property
    def rate(self) -> float | None:
        """Calls a second, None while it holds back nothing."""
        return self._requests.rate if self._requests else None

    def pause(self, until: float) -> None:
        """Let nothing out before ``until``."""
        self._held_until = max(self._held_until, until)

    def ready_at(self, now: float, tokens: int) -> float:
        """The earliest time for a call."""
        ready = self._held_until
        if self._requests and (requests_at := self._requests.ready_at(now, 1)) > ready:
            ready = requests_at
        if self._tokens and (tokens_at := self._tokens.ready_at(now, tokens)) > ready:
            ready = tokens_at
        self._pressed = self._pressed or ready > now
        return ready

    def take(self, now: float, tokens: int) -> None:
        """A call goes out."""
        if self._requests:
            self._requests.take(now, 1)
        if self._tokens:
            self._tokens.take(now, tokens)

    def settle(self, reserved: int, tokens: int) -> None:
        """A call has used other than was reserved."""
        if self._tokens:
            self._tokens.give_back(reserved - tokens)

    def answered(self, at_rate: float | None, now: float) -> None:
        """A call that was let out at that rate was served.

        There is room to go up, if the pace is what holds calls back.
        """
        self._served.add(now)
        self._chance.answered(at_rate or math.inf)
        if self._requests is None or now <= self._grown_at:
            return
        elapsed = min(1.0, now - self._grown_at)
        self._grown_at = now
        if self._pressed:
            self._pressed = False
            self._go_at(min(self._grown(now, elapsed), self._ceiling), now)

    def refused(self, granted_at: float, at_rate: float | None, now: float) -> None:
        """The provider said "too fast" to a call that was let out at that time and rate.

        Calls that were under way when the pace was cut say nothing new: one cut a round trip.
        """
        if not self._chance.refused(at_rate or math.inf) or granted_at <= self._cut_at:
            return
        if (absolved := self._chance.absolves(self.rate or math.inf)) is not None:
            self._go_back_to(absolved, now)
            return
        self._cut_at = self._grown_at = now
        self._refused = True
        rate = self.rate or self._stated
        served = self._served.rate(now)
        if rate is None:
            self._searching = True
            self._go_at(max(SEARCH_FROM, served * GENTLEST_CUT), now)
        else:
            # A burst at the start is refused as a whole, and tells little of what a minute bears.
            self._searching = self._searching and not self._served.known(now)
            self._base = rate
            aim = served if self._served.known(now) else rate
            cut = min(max(aim * GENTLEST_CUT, rate * HARDEST_CUT), rate * GENTLEST_CUT)
            self._go_at(max(SLOWEST, self._chance.braked(rate, cut)), now)

    def observe(self, limits: RateLimits, now: float) -> None:
        """Follow what the headers of an answer tell: down at once, up by and by."""
        if limits.requests and (rate := self._sustained(limits.requests, now)):
            self._told = rate
            if self._requests is None or rate < self._requests.rate:
                self._refused = False
                self._go_at(max(SLOWEST, rate), now)
        if limits.tokens and (rate := self._sustained(limits.tokens, now)):
            if self._tokens is None:
                self._tokens = Bucket(rate, now)
            else:
                self._tokens.change(min(rate, self._tokens.rate * SEARCH), now)

    def _go_back_to(self, rate: float, now: float) -> None:
        """A slower pace was no better: take the old one again, and see whether more is borne."""
        self._cut_at = self._grown_at = now
        self._searching = True
        if math.isinf(rate) and math.isinf(self._ceiling):
            self._requests = None
        else:
            self._go_at(min(rate, self._ceiling), now)

    @property
    def _ceiling(self) -> float:
        known = [rate for rate in (self._stated, self._told) if rate is not None]
        return min(known, default=math.inf)

    def _go_at(self, rate: float, now: float) -> None:
        if self._requests is None:
            self._requests = Bucket(rate, now)
            self._grown_at = now
        else:
            self._requests.change(rate, now)
        self._served.suit(rate, now)

    def _grown(self, now: float, elapsed: float) -> float:
        rate = self.rate or SLOWEST
        if self._searching or not self._refused:
            return float(rate * SEARCH**elapsed)
        doublings = max(0.0, (now - self._cut_at - QUIET_S) / DOUBLES_EVERY_S)
        return float(rate + self._base * STEP * elapsed * 2 ** min(MOST_DOUBLINGS, doublings))

    def _sustained(self, told: Allowance, now: float) -> float | None:
        """The rate that an allowance bears; holds everything where nothing is left of it."""
        limit, left, reset = told.limit, told.remaining, told.reset_s
        if left is None or reset is None:
            return limit / WINDOW_S if limit else None
        if limit and reset > 0 and _refills(limit, left, reset):
            return limit / WINDOW_S
        if left <= 0:
            self.pause(now + reset)
            return None
        if limit and left < limit * _NEARLY_NOTHING and reset < _END_OF_WINDOW_S:
            return None  # the last few of a window that ends: not worth a crawl
        return left / reset if reset > 0 else None


def _refills(limit: float, left: float, reset: float) -> bool:
    """Whether it is a bucket that refills all the time, so that ``reset`` is when it is full.

    What is left then says nothing of the pace; in a fixed window it is all there is until the end.
    """
    refill = (limit - left) / reset * WINDOW_S
    return abs(refill - limit) <= limit * _BUCKET_LIKE
