"""Refusals by chance: whether a slower pace is refused any less.

A provider that is asked too fast refuses fewer when it is asked more slowly. One that refuses a
share of its calls at any pace (a busy service) would draw the pace down for ever, and the run with
it. So calls and refusals are counted by the pace they went out at; where the share is as large at
half a pace as it was at that pace, only more than that share speaks against the pace.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

# A share says something when it is of so many calls, and when it is so small: a ceiling far below
# the pace refuses most calls, and goes on doing so for a few halvings.
FEW_CALLS = 40
ENOUGH_CALLS = 50
LARGEST_SHARE = 0.25
AS_LARGE = 0.5

# A ceiling that refuses no more than this is not below half the pace: so the pace may fall to half,
# and further only when enough calls have told of that half.
BRAKED_SHARE = 0.4

# Levels of the pace to a doubling of it; this one is told from those at least twice as high.
STEPS = 4
_NEAR = 1

# What is known fades, so that another day's ceiling is not measured against this one's: each level
# counts some of its last calls.
REMEMBERED_CALLS = 400

# Refusals above twice their usual share add up; so many mean that it is the pace after all.
TOLERATED = 2.0
SURPRISING = 5.0
NEGLIGIBLE = 0.005
NOT_FEWER = 0.75


class _Level:
    """The calls that went out at one pace, or nearly."""

    __slots__ = ("calls", "fastest", "refused")

    def __init__(self) -> None:
        self.calls = self.refused = self.fastest = 0.0

    @property
    def share(self) -> float:
        return self.refused / self.calls if self.calls else 0.0

    def count(self, rate: float, *, refused: bool) -> None:
        if self.calls >= REMEMBERED_CALLS:
            self.calls /= 2
            self.refused /= 2
        self.calls += 1
        if refused:
            self.refused += 1
        self.fastest = max(self.fastest, rate)


class Chance:
    """Tells refusals by chance from those that mean the pace. ``inf`` is a pace that is not held.

    ``share`` of the calls is refused at any pace, as far as is known; None: none is known to be.
    """

    __slots__ = ("_fall", "_falls_from", "_levels", "_recent", "_surprise", "share")

    def __init__(self) -> None:
        self._levels: dict[float, _Level] = {}
        self._fall = _Level()
        self._falls_from = self._recent = self._surprise = 0.0
        self.share: float | None = None

    def answered(self, rate: float) -> None:
        """A call that went out at that rate was served."""
        self._count(rate, refused=False)

    def refused(self, rate: float) -> bool:
        """Count a refusal of a call at that rate; whether it speaks against the pace."""
        self._count(rate, refused=True)
        if self.share is None:
            return True
        if self._surprise < SURPRISING:
            return False
        self._surprise = 0.0
        return True

    def absolves(self, rate: float) -> float | None:
        """The highest pace that is refused no more than this one, once that has become clear."""
        if self.share is not None:
            return None
        level = _level(rate)
        here = _sum(counts for one, counts in self._levels.items() if one <= level + _NEAR)
        if here.calls < FEW_CALLS or here.share > LARGEST_SHARE:
            return None
        higher = sorted(one for one in self._levels if one > level + _NEAR + STEPS)
        for count in range(1, len(higher) + 1):
            above = _sum(self._levels[one] for one in higher[:count])
            if above.calls >= ENOUGH_CALLS and above.share * AS_LARGE <= here.share:
                self.share = self._recent = _sum((here, above)).share
                self._surprise = 0.0
                return above.fastest
        return None

    def braked(self, rate: float, wanted: float) -> float:
        """How far down from ``rate`` the pace may go at once, ``wanted`` or above it."""
        told = self._fall.calls >= FEW_CALLS or self._fall.share > BRAKED_SHARE
        if rate > self._falls_from or told:
            self._falls_from = rate
            self._fall = _Level()
        return max(wanted, self._falls_from / 2)

    def _count(self, rate: float, *, refused: bool) -> None:
        place = _level(rate)
        level = self._levels.get(place)
        if level is None:
            level = self._levels[place] = _Level()
        level.count(rate, refused=refused)
        if self._falls_from:  # else the first refusal begins it anew
            self._fall.count(rate, refused=refused)
        if self.share is not None:
            self._surprise = max(0.0, self._surprise + refused - TOLERATED * self.share)
            self._follow(self.share, refused=refused)

    def _follow(self, share: float, *, refused: bool) -> None:
        """Expect fewer where there are fewer; never more, or a ceiling would be got used to."""
        self._recent += (refused - self._recent) / REMEMBERED_CALLS
        self.share = min(share, self._recent / NOT_FEWER)
        if self.share < NEGLIGIBLE:
            self.share = None
            self._levels.clear()


def _level(rate: float) -> float:
    return rate if math.isinf(rate) else math.floor(STEPS * math.log2(rate))


def _sum(levels: Iterable[_Level]) -> _Level:
    total = _Level()
    for one in levels:
        total.calls += one.calls
        total.refused += one.refused
        total.fastest = max(total.fastest, one.fastest)
    return total
