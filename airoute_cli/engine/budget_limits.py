"""Which limits of a profile a plan falls under, and what it may cost for each account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from airoute_cli.core.budget import Account, Limit, Period, Scope, limits_of
from airoute_cli.core.money import ZERO
from airoute_cli.core.plan import Plan
from airoute_cli.core.profile import Profile

Amounts = Mapping[Account, Decimal]
NO_AMOUNTS: Amounts = MappingProxyType({})


class Bounds(NamedTuple):
    """The limits that some accounts fall under, by how they are counted."""

    request: tuple[Limit, ...] = ()
    run: tuple[Limit, ...] = ()
    shared: tuple[Limit, ...] = ()

    @property
    def counted(self) -> tuple[Limit, ...]:
        """Those over more than one row."""
        return (*self.run, *self.shared)


class BudgetLimits:
    """All limits of a profile; which of them hold for which accounts is found once."""

    def __init__(self, profile: Profile) -> None:
        self.all = tuple(_stated(profile))
        self.run = tuple(limit for limit in self.all if limit.period is Period.RUN)
        self.shared = tuple(limit for limit in self.all if limit.shared)
        self._known: dict[tuple[Account, ...], Bounds] = {}

    def over(self, accounts: tuple[Account, ...]) -> Bounds:
        """The limits that any of ``accounts`` falls under."""
        if accounts not in self._known:
            self._known[accounts] = self._find(accounts)
        return self._known[accounts]

    def _find(self, accounts: tuple[Account, ...]) -> Bounds:
        found = [limit for limit in self.all if any(map(limit.covers, accounts))]
        return Bounds(
            request=tuple(limit for limit in found if limit.period is Period.REQUEST),
            run=tuple(limit for limit in found if limit.period is Period.RUN),
            shared=tuple(limit for limit in found if limit.shared),
        )


def _stated(profile: Profile) -> Iterator[Limit]:
    policy = profile.policy
    yield from limits_of(Scope.POLICY, "", policy.budget)
    for name, budget in policy.tiers.items():
        yield from limits_of(Scope.TIER, name, budget)
    for route in profile.routes:
        yield from limits_of(Scope.ROUTE, route.name, route.budget)
    for model in profile.models.values():
        yield from limits_of(Scope.MODEL, model.name, model.budget)


def worst_amounts(plan: Plan) -> dict[Account, Decimal]:
    """The dearest path of a plan, by account. A price that nobody knows is in none of them."""
    amounts: dict[Account, Decimal] = {}
    for call in plan.dearest_path:
        account = Account(plan.tier, plan.route, call.model)
        amounts[account] = amounts.get(account, ZERO) + (call.worst_usd or ZERO)
    return amounts
