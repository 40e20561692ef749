"""The limits of one run, which no other process spends of: counted in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from airoute_cli.core.budget import Account
from airoute_cli.core.money import ZERO
from airoute_cli.engine.budget_limits import Amounts, Bounds, BudgetLimits
from airoute_cli.engine.leases import Exhausted


@dataclass(slots=True)
class _Used:
    spent: Decimal = ZERO
    reserved: Decimal = ZERO


class RunLimits:
    """What is spent and reserved of each; ``before`` is what earlier passes of the run spent."""

    def __init__(self, limits: BudgetLimits, before: Iterable[tuple[Account, Decimal]]) -> None:
        self._limits = limits
        self._used = {limit: _Used() for limit in limits.run}
        for account, usd in before:
            for limit, used in self._used.items():
                if limit.covers(account):
                    used.spent += usd

    def reserve(self, account: Account, usd: Decimal) -> None:
        """Count an amount as reserved; one below zero is given back."""
        if not self._used:
            return
        for limit in self._limits.over((account,)).run:
            self._used[limit].reserved += usd

    def spend(self, account: Account, usd: Decimal) -> None:
        """Count an amount as spent."""
        if not self._used:
            return
        for limit in self._limits.over((account,)).run:
            self._used[limit].spent += usd

    def have_room(self, amounts: Amounts, bounds: Bounds) -> bool:
        """Whether every limit has room just now."""
        for limit in bounds.run:
            used, asked = self._used[limit], limit.among(amounts)
            if asked and used.spent + used.reserved + asked > limit.usd:
                return False
        return True

    def exhausted(self, amounts: Amounts, bounds: Bounds) -> Exhausted | None:
        """The limit that will never have room, whatever is given back."""
        for limit in bounds.run:
            used, asked = self._used[limit], limit.among(amounts)
            if asked and used.spent + asked > limit.usd:
                return Exhausted(limit, used.spent, used.reserved, asked)
        return None
