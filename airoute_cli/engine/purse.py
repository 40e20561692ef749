"""What one row spends: it is booked, and known before its calls leave.

Where the profile has a budget it is reserved, too; see ``reserved_purse``.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from airoute_cli.core.budget import Account, Spent
from airoute_cli.core.money import ZERO
from airoute_cli.core.outcome import Attempt, Outcome, RowState
from airoute_cli.core.plan import Call, Plan
from airoute_cli.engine.budget import Budgets
from airoute_cli.engine.budget_limits import Amounts
from airoute_cli.engine.leases import Exhausted


def spent_on(attempt: Attempt) -> Spent:
    """What an attempt cost, or may have cost."""
    usage, settled, unsettled = attempt.usage, attempt.usd, attempt.unsettled_usd
    return Spent(
        0,
        1,
        usage.input_tokens if usage else 0,
        usage.output_tokens if usage else 0,
        settled or ZERO,
        unsettled or ZERO,
        reported_usd=attempt.reported_usd or ZERO,
        unpriced=int(settled is None or unsettled is None),
    )


class Purse:
    """Of one row; open it before its first call, and close it when the row has ended.

    This one is of a profile without a budget, so that nothing is reserved, and nothing waited for
    but the ledger. What may have to wait is first tried at once, as most rows need not.
    ``refused`` is the limit that has no room for the row.
    """

    __slots__ = ("_accounts", "_begun", "_budgets", "_ended", "plan", "refused")

    def __init__(self, budgets: Budgets, plan: Plan) -> None:
        self.plan = plan
        self.refused: Exhausted | None = None
        self._budgets = budgets
        self._accounts: dict[str, Account] = {}
        self._begun: list[tuple[Account, Decimal]] = []
        self._ended: list[tuple[Account, Decimal]] = []

    @property
    def spent(self) -> Amounts:
        """What the row has spent, by account."""
        spent: dict[Account, Decimal] = {}
        for account, usd in self._ended:
            spent[account] = spent.get(account, ZERO) + usd
        return spent

    def opens(self) -> bool:
        """Whether what the dearest path of the plan may cost is reserved at once.

        Raises UnaffordableError, GateClosedError and RunError.
        """
        self._budgets.require_open()
        return True

    async def open(self) -> None:
        """Reserve it; wait where others may give something back. Raises as ``opens`` does."""
        self.opens()

    def covers(self, call: Call) -> bool:  # noqa: ARG002 - there is nothing to reserve
        """Whether the next call to leave is reserved; a try after one that may be billed is not.

        Raises as ``opens`` does.
        """
        return True

    async def cover(self, call: Call) -> None:
        """See that it is; meanwhile nothing is held but what has left, and so ends by itself.

        Raises as ``opens`` does.
        """

    def begins(self, call: Call) -> bool:
        """Whether a call that is covered may leave at once, and is about to."""
        account, worst = self._account(call.model), call.worst_usd or ZERO
        if not self._budgets.begins(account, worst):
            return False
        self._begun.append((account, worst))
        return True

    async def begin(self, call: Call) -> None:
        """A call that is covered is about to leave, as soon as the ledger knows of it."""
        account, worst = self._account(call.model), call.worst_usd or ZERO
        await self._budgets.begin(account, worst)
        self._begun.append((account, worst))

    def choose(self, call: Call, among: Iterable[Call]) -> None:
        """Of these calls only ``call`` will be made: what is reserved for another is free again."""

    def stay(self, call: Call) -> None:
        """A call that is covered does not leave after all."""

    def book(self, call: Call, attempt: Attempt) -> None:
        """The call is over: what it cost, or the most that it may have cost, is spent."""
        self._end(self._account(call.model), call.worst_usd or ZERO, spent_on(attempt))

    def close(self, outcome: Outcome | None = None) -> None:
        """What has begun and was never told of counts as spent; nothing stays reserved."""
        if self._begun:
            for account, worst in tuple(self._begun):
                self._end(account, worst, Spent(attempts=1, unsettled_usd=worst))
        if outcome and outcome.attempts and outcome.state is not RowState.PENDING:
            account = self._account(outcome.model or outcome.attempts[-1].model)
            self._budgets.count_row(account, self.plan.expected_usd or ZERO)

    def _end(self, account: Account, worst: Decimal, spent: Spent) -> None:
        self._leave(account, worst)
        self._ended.append((account, spent.counted_usd))
        self._budgets.spend(account, spent)

    def _leave(self, account: Account, worst: Decimal) -> bool:
        """Whether such a call had begun, and is over now."""
        try:
            self._begun.remove((account, worst))
        except ValueError:
            return False
        self._budgets.ended(account, worst)
        return True

    def _account(self, model: str) -> Account:
        account = self._accounts.get(model)
        if account is None:
            account = self._accounts[model] = Account(self.plan.tier, self.plan.route, model)
        return account
