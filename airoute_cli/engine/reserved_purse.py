"""What one row may spend: reserved before its first call, settled after its last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from airoute_cli.core.budget import Account, Spent
from airoute_cli.core.money import ZERO
from airoute_cli.core.outcome import Outcome
from airoute_cli.core.plan import Call, Plan
from airoute_cli.engine.budget import Budgets, ExhaustedError
from airoute_cli.engine.budget_limits import NO_AMOUNTS, Amounts, worst_amounts
from airoute_cli.engine.gate import GateClosedError
from airoute_cli.engine.leases import Exhausted
from airoute_cli.engine.purse import Purse


class UnaffordableError(GateClosedError):
    """A row may not spend what its next call may cost; the purse says why it was ``refused``."""


def purse_of(
    budgets: Budgets, plan: Plan, *, beside: Amounts = NO_AMOUNTS, spent: Amounts = NO_AMOUNTS
) -> Purse:
    """The purse of a plan's row.

    ``beside`` is reserved with the plan, and ``spent`` already for the same row.
    """
    if not budgets.limits.all:
        return Purse(budgets, plan)
    return ReservedPurse(budgets, plan, beside=beside, spent=spent)


class ReservedPurse(Purse):
    """That of a row within budgets."""

    __slots__ = ("_bounds", "_due", "_left", "_spent", "_wanted")

    def __init__(self, budgets: Budgets, plan: Plan, *, beside: Amounts, spent: Amounts) -> None:
        super().__init__(budgets, plan)
        self._wanted = worst_amounts(plan)
        for account, usd in beside.items():
            self._wanted[account] = self._wanted.get(account, ZERO) + usd
        # What is reserved, and of that what has left or is about to.
        self._left: dict[Account, Decimal] = {}
        self._due: dict[Account, Decimal] = {}
        self._spent = dict(spent)
        self._bounds = budgets.limits.over(tuple(self._wanted))

    @property
    def spent(self) -> Amounts:
        """What the row has spent, by account."""
        return self._spent

    def opens(self) -> bool:
        """See Purse."""
        self._check_request(self._wanted)
        if not self._budgets.obtains(self._wanted, self._bounds):
            return False
        self._left = dict(self._wanted)
        return True

    async def open(self) -> None:
        """See Purse."""
        if not self.opens():
            await self._obtain(self._wanted)

    def covers(self, call: Call) -> bool:
        """See Purse."""
        account, worst = self._account(call.model), call.worst_usd or ZERO
        due = self._due.get(account, ZERO) + worst
        lacking = due - self._left.get(account, ZERO)
        if lacking > 0:
            self._check_request({**self._left, account: due})
            if not self._budgets.take({account: lacking}, self._budgets.limits.over((account,))):
                return False
            self._left[account] = self._left.get(account, ZERO) + lacking
        self._due[account] = due
        return True

    async def cover(self, call: Call) -> None:
        """See Purse; what is not there just now is reserved with the rest, and in line."""
        if self.covers(call):
            return
        account, worst = self._account(call.model), call.worst_usd or ZERO
        left = self._left.items()
        idle = {name: max(ZERO, usd - self._due.get(name, ZERO)) for name, usd in left}
        self._release(idle)
        await self._obtain({**idle, account: worst})
        self._due[account] = self._due.get(account, ZERO) + worst

    def choose(self, call: Call, among: Iterable[Call]) -> None:
        """See Purse.

        It is the dearest that is reserved; a cheaper one is covered like any other call.
        """
        reserved = max(among, key=lambda one: one.worst_usd or ZERO)
        account, worst = self._account(reserved.model), reserved.worst_usd or ZERO
        if reserved.model != call.model:
            idle = self._left.get(account, ZERO) - self._due.get(account, ZERO)
            self._release({account: max(ZERO, min(worst, idle))})

    def stay(self, call: Call) -> None:
        """See Purse."""
        self._due[self._account(call.model)] -= call.worst_usd or ZERO

    def close(self, outcome: Outcome | None = None) -> None:
        """See Purse: what is left is given back."""
        super().close(outcome)
        self._release(self._left)
        self._left = {}

    def _end(self, account: Account, worst: Decimal, spent: Spent) -> None:
        if self._leave(account, worst):
            self._due[account] -= worst
        counted = spent.counted_usd
        left = self._left.get(account, ZERO)
        of_reserved = min(counted, left)
        self._left[account] = left - of_reserved
        self._spent[account] = self._spent.get(account, ZERO) + counted
        self._budgets.spend(account, spent, of_reserved)

    async def _obtain(self, amounts: Mapping[Account, Decimal]) -> None:
        try:
            await self._budgets.obtain(amounts, self._budgets.limits.over(tuple(amounts)))
        except ExhaustedError as error:
            raise self._refusal(error.exhausted) from None
        for account, usd in amounts.items():
            self._left[account] = self._left.get(account, ZERO) + usd

    def _release(self, amounts: Mapping[Account, Decimal]) -> None:
        given_back = dict(amounts)
        for account, usd in given_back.items():
            self._left[account] -= usd
        self._budgets.give_back(given_back)

    def _check_request(self, wanted: Mapping[Account, Decimal]) -> None:
        """Whether the row as a whole stays within what one row may cost."""
        for limit in self._bounds.request:
            spent, asked = limit.among(self._spent), limit.among(wanted)
            if spent + asked > limit.usd:
                raise self._refusal(Exhausted(limit, spent, ZERO, asked))

    def _refusal(self, exhausted: Exhausted) -> UnaffordableError:
        self.refused = exhausted
        return UnaffordableError()
