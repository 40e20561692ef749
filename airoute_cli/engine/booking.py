"""What was spent and does not stand in the ledger yet."""

from __future__ import annotations

from decimal import Decimal

from airoute_cli.core.budget import Account, Spent
from airoute_cli.core.money import ZERO
from airoute_cli.edges.ledger import Booked


class _Sum:
    """Spent by one account on one day; amounts of nothing, as most are, are not added."""

    __slots__ = (
        "attempts",
        "estimated_usd",
        "input_tokens",
        "output_tokens",
        "reported_usd",
        "rows",
        "unpriced",
        "unsettled_usd",
        "usd",
    )

    def __init__(self) -> None:
        self.rows = self.attempts = self.input_tokens = self.output_tokens = self.unpriced = 0
        self.usd = self.unsettled_usd = self.estimated_usd = self.reported_usd = ZERO

    def add(self, spent: Spent) -> None:
        (
            rows,
            attempts,
            input_tokens,
            output_tokens,
            usd,
            unsettled,
            estimated,
            reported,
            no_price,
        ) = spent
        self.rows += rows
        self.attempts += attempts
        self.input_tokens += input_tokens
        self.output_tokens += output_tokens
        self.unpriced += no_price
        if usd:
            self.usd += usd
        if unsettled:
            self.unsettled_usd += unsettled
        if estimated:
            self.estimated_usd += estimated
        if reported:
            self.reported_usd += reported

    def total(self) -> Spent:
        return Spent(
            self.rows,
            self.attempts,
            self.input_tokens,
            self.output_tokens,
            self.usd,
            self.unsettled_usd,
            self.estimated_usd,
            self.reported_usd,
            self.unpriced,
        )


class Booking:
    """Sums by day and account."""

    def __init__(self) -> None:
        self._by_day: dict[str, dict[Account, _Sum]] = {}

    def add(self, day: str, account: Account, spent: Spent) -> None:
        """Add what was spent; ``day`` is that of UTC."""
        self._of(day, account).add(spent)

    def add_row(self, day: str, account: Account, estimated_usd: Decimal) -> None:
        """Count a row that has ended, and what its plan was expected to cost."""
        found = self._of(day, account)
        found.rows += 1
        if estimated_usd:
            found.estimated_usd += estimated_usd

    def taken(self) -> Booked:
        """All of it; the sums begin anew."""
        by_day, self._by_day = self._by_day, {}
        return {
            (day, account): one.total()
            for day, sums in by_day.items()
            for account, one in sums.items()
        }

    def _of(self, day: str, account: Account) -> _Sum:
        sums = self._by_day.get(day)
        if sums is None:
            sums = self._by_day[day] = {}
        found = sums.get(account)
        if found is None:
            found = sums[account] = _Sum()
        return found
