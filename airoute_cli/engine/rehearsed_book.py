"""The ledger of a rehearsal: in memory, from nothing, and gone with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal

from airoute_cli.core.budget import Account, Limit, Period, Standing
from airoute_cli.core.money import ZERO
from airoute_cli.edges.ledger import Allot, Booked, day_of


class RehearsedBook:
    """Implements Book; ``wall`` is Unix time."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self._spent: defaultdict[tuple[str, Account], Decimal] = defaultdict(Decimal)

    def exchange(self, booked: Booked, limits: Sequence[Limit], allot: Allot) -> None:
        """Book what was spent; nobody else holds anything."""
        for (day, account), spent in booked.items():
            for period in (day, day[:7]):
                self._spent[period, account] += spent.counted_usd
        day = day_of(self._wall())
        allot([self._standing(limit, day) for limit in limits])

    def close(self, booked: Booked) -> None:
        """Nothing is kept."""

    def _standing(self, limit: Limit, day: str) -> Standing:
        wanted = day if limit.period is Period.DAY else day[:7]
        spent = (
            usd
            for (period, account), usd in self._spent.items()
            if period == wanted and limit.covers(account)
        )
        return Standing(sum(spent, ZERO), ZERO)
