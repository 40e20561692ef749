"""What one row may spend: reserved before its first call, settled after its last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from airoute_cli.core.budget import Account, Spent
from airoute_cli.core.money import ZERO
from airoute_cli.core.outcome import Attempt, Outcome, RowState
from airoute_cli.core.plan import Call, Plan
from airoute_cli.engine.budget import Budgets, ExhaustedError
from airoute_cli.engine.budget_limits import NO_AMOUNTS, Amounts, worst_amounts
from airoute_cli.engine.gate import GateClosedError
from airoute_cli.engine.leases import Exhausted


def spent_on(attempt: Attempt) -> Spent:
    """What an attempt cost, or may have cost."""
    usage, settled, unsettled = attempt.usage, attempt.usd, attempt.unsettled_usd
    return Spent(
        attempts=1,
        input_tokens=usage.input_tokens if usage else 0,
        output_tokens=usage.output_tokens if usage else 0,
        usd=settled or ZERO,
        unsettled_usd=unsettled or ZERO,
        reported_usd=attempt.reported_usd or ZERO,
        unpriced=int(settled is None or unsettled is None),
    )


class UnaffordableError(GateClosedError):
    """A row may not spend what its next call may cost; the purse says why it was ``refused``."""


class Purse:
    """The reservation of one row; open it with ``open`` and close it when the row has ended.

    ``refused`` is the limit that has no room for it.
    """

    def __init__(
        self,
        budgets: Budgets,
        plan: Plan,
        *,
        beside: Amounts = NO_AMOUNTS,
        spent: Amounts = NO_AMOUNTS,
    ) -> None:
        """``beside`` is reserved with the plan, and ``spent`` already for the same row."""
        self.plan = plan
        self.refused: Exhausted | None = None
        self._budgets = budgets
        # What is reserved, and of that what has left or is about to.
        self._left = worst_amounts(plan)
        self._accounts = {account.model: account for account in self._left}
        for account, usd in beside.items():
            self._left[account] = self._left.get(account, ZERO) + usd
        self._due: dict[Account, Decimal] = {}
        self._spent = dict(spent)
        self._begun: list[tuple[Account, Decimal]] = []
        self._bounds = budgets.limits.over(tuple(self._left))

    @property
    def spent(self) -> Amounts:
        """What the row has spent, by account."""
        return self._spent

    async def open(self) -> None:
        """Reserve the dearest path of the plan; wait while others may give something back.

        Raises UnaffordableError, GateClosedError and RunError.
        """
        self._check_request(self._left)
        left, self._left = self._left, {}
        await self._obtain(left)

    async def cover(self, call: Call) -> None:
        """See that the next call to leave is reserved; a try after one that may be billed is not.

        While it waits nothing is held but what has left, or is about to, and so ends by itself.
        Raises as ``open`` does.
        """
        account, worst = self._account(call.model), call.worst_usd or ZERO
        due = self._due.get(account, ZERO) + worst
        lacking = due - self._left.get(account, ZERO)
        if lacking > 0:
            self._check_request({**self._left, account: due})
            await self._add(account, lacking, worst)
        self._due[account] = self._due.get(account, ZERO) + worst

    async def begin(self, call: Call) -> None:
        """A call that is covered is about to leave."""
        account, worst = self._account(call.model), call.worst_usd or ZERO
        await self._budgets.begin(account, worst)
        self._begun.append((account, worst))

    def choose(self, call: Call, among: Iterable[Call]) -> None:
        """Of these calls only ``call`` will be made: what is reserved for another is free again.

        It is the dearest that is reserved; a cheaper one is covered like any other call.
        """
        reserved = max(among, key=lambda one: one.worst_usd or ZERO)
        account, worst = self._account(reserved.model), reserved.worst_usd or ZERO
        if reserved.model != call.model:
            idle = self._left.get(account, ZERO) - self._due.get(account, ZERO)
            self._release({account: max(ZERO, min(worst, idle))})

    def stay(self, call: Call) -> None:
        """A call that is covered does not leave after all."""
        self._due[self._account(call.model)] -= call.worst_usd or ZERO

    def book(self, call: Call, attempt: Attempt) -> None:
        """The call is over: what it cost, or the most that it may have cost, is spent."""
        self._end(self._account(call.model), call.worst_usd or ZERO, spent_on(attempt))

    def close(self, outcome: Outcome | None = None) -> None:
        """Give back what is left. What has begun and was never told of counts as spent."""
        for account, worst in list(self._begun):
            self._end(account, worst, Spent(attempts=1, unsettled_usd=worst))
        if outcome and outcome.attempts and outcome.state is not RowState.PENDING:
            account = self._account(outcome.model or outcome.attempts[-1].model)
            estimated = self.plan.expected_usd or ZERO
            self._budgets.spend(account, Spent(rows=1, estimated_usd=estimated))
        self._release(self._left)
        self._left = {}

    def _end(self, account: Account, worst: Decimal, spent: Spent) -> None:
        if (account, worst) in self._begun:
            self._begun.remove((account, worst))
            self._due[account] -= worst
            self._budgets.ended(account, worst)
        counted = spent.counted_usd
        of_reserved = min(counted, self._left.get(account, ZERO))
        self._left[account] = self._left.get(account, ZERO) - of_reserved
        self._spent[account] = self._spent.get(account, ZERO) + counted
        self._budgets.spend(account, spent, of_reserved)

    async def _add(self, account: Account, lacking: Decimal, worst: Decimal) -> None:
        """Reserve more for a call; where it is not there just now, with the rest, and in line."""
        if self._budgets.take({account: lacking}, self._budgets.limits.over((account,))):
            self._left[account] = self._left.get(account, ZERO) + lacking
            return
        left = self._left.items()
        idle = {name: max(ZERO, usd - self._due.get(name, ZERO)) for name, usd in left}
        self._release(idle)
        await self._obtain({**idle, account: worst})

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

    def _account(self, model: str) -> Account:
        account = self._accounts.get(model)
        if account is None:
            account = self._accounts[model] = Account(self.plan.tier, self.plan.route, model)
        return account
