"""The limits of one run, which no other process spends of: counted in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from airoute_cli.core.budget import Account, Limit
from airoute_cli.core.money import ZERO
from airoute_cli.engine.budget_limits import Amounts, BudgetLimits
from airoute_cli.engine.leases import Exhausted


@dataclass(slots=True)
class _Used:
    limit: Limit
    spent: Decimal = ZERO
    reserved: Decimal = ZERO


class RunLimits:
    """What is spent and reserved of each; ``before`` is what earlier passes of the run spent."""

    def __init__(self, limits: BudgetLimits, before: Iterable[tuple[Account, Decimal]]) -> None:
        self._used = [_Used(limit) for limit in limits.run]
        # Which of them hold for which accounts; a limit itself takes long to look up.
        self._known: dict[tuple[Account, ...], list[_Used]] = {}
        for account, usd in before:
            self.spend(account, usd)

    def reserve(self, account: Account, usd: Decimal) -> None:
        """Count an amount as reserved; one below zero is given back."""
        for used in self._over((account,)):
            used.reserved += usd

    def spend(self, account: Account, usd: Decimal) -> None:
        """Count an amount as spent."""
        for used in self._over((account,)):
            used.spent += usd

    def have_room(self, amounts: Amounts) -> bool:
        """Whether every limit has room just now."""
        for used in self._over(tuple(amounts)):
            asked = used.limit.among(amounts)
            if asked and used.spent + used.reserved + asked > used.limit.usd:
                return False
        return True

    def exhausted(self, amounts: Amounts) -> Exhausted | None:
        """The limit that will never have room, whatever is given back."""
        for used in self._over(tuple(amounts)):
            asked = used.limit.among(amounts)
            if asked and used.spent + asked > used.limit.usd:
                return Exhausted(used.limit, used.spent, used.reserved, asked)
        return None

    def _over(self, accounts: tuple[Account, ...]) -> list[_Used]:
        found = self._known.get(accounts)
        if found is None:
            found = [one for one in self._used if any(map(one.limit.covers, accounts))]
            self._known[accounts] = found
        return found
