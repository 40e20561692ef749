"""Budgets: who may spend how much in what time. All amounts are exact decimals in US dollars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from airoute_cli.core.frozen import frozen
from airoute_cli.core.money import ZERO

# The key of a row's metadata that says to which tier it belongs.
TIER_KEY = "tier"
NO_TIER = ""


class OnBudget(StrEnum):
    """What becomes of a row for which a budget has no room left."""

    STOP = "stop"
    FAIL = "fail"
    DEGRADE = "degrade"
    DEFER = "defer"


class Period(StrEnum):
    """What a limit is counted over. Days and months are those of UTC."""

    REQUEST = "per_request"
    RUN = "per_run"
    DAY = "per_day"
    MONTH = "per_month"


# Counted over every process of this user on the machine, and so in the ledger.
SHARED = frozenset({Period.DAY, Period.MONTH})


@frozen
class Budget:
    """The most that may be spent; None: no limit."""

    per_request: Decimal | None = None
    per_run: Decimal | None = None
    per_day: Decimal | None = None
    per_month: Decimal | None = None


NO_BUDGET = Budget()


class Account(NamedTuple):
    """For what money is spent. In a limit's eyes None is any: what is not known counts against it.

    ``tier`` and ``route`` are empty where a row has none.
    """

    tier: str | None
    route: str | None
    model: str | None


class Scope(StrEnum):
    """Whose budget it is."""

    POLICY = "policy"
    TIER = "tier"
    ROUTE = "route"
    MODEL = "model"


@frozen
class Limit:
    """One amount of one budget; ``name`` is that of the tier, route or model."""

    scope: Scope
    name: str
    period: Period
    usd: Decimal

    def covers(self, account: Account) -> bool:
        """Whether what is spent for ``account`` counts against it."""
        if self.scope is Scope.POLICY:
            return True
        spent_for = getattr(account, self.scope)
        return spent_for is None or self._same(spent_for)

    def among(self, amounts: Mapping[Account, Decimal]) -> Decimal:
        """The part of ``amounts`` that counts against it."""
        part = ZERO
        for account, usd in amounts.items():
            if usd and self.covers(account):
                part = part + usd if part else usd
        return part

    @property
    def shared(self) -> bool:
        """Whether it is counted over all processes."""
        return self.period in SHARED

    @property
    def where(self) -> str:
        """Where it stands in a profile."""
        return _WHERE[self.scope].format(self.name)

    def __str__(self) -> str:
        return f"{self.where} {self.period} = {dollars(self.usd)}"

    def _same(self, name: str) -> bool:
        if self.scope is Scope.TIER:  # as metadata is compared everywhere
            return self.name.casefold() == name.casefold()
        return self.name == name


_WHERE: Mapping[Scope, str] = {
    Scope.POLICY: "[policy] budget",
    Scope.TIER: 'the budget of tier "{}"',
    Scope.ROUTE: 'the budget of route "{}"',
    Scope.MODEL: 'the budget of model "{}"',
}


def limits_of(scope: Scope, name: str, budget: Budget) -> Iterator[Limit]:
    """The limits that a budget states."""
    for period in Period:
        usd: Decimal | None = getattr(budget, period)
        if usd is not None:
            yield Limit(scope, name, period, usd)


def tier_of(metadata: Mapping[str, Any]) -> str:
    """The tier of a row, as text; empty where it has none."""
    value = metadata.get(TIER_KEY)
    if value is None:
        return NO_TIER
    return str(value).lower() if isinstance(value, bool) else str(value)


def dollars(usd: Decimal) -> str:
    """An amount without the digits that say nothing: ``$20``, ``$0.0125``."""
    text = f"{usd:f}"
    return f"${text.rstrip('0').rstrip('.') if '.' in text else text}"


class Spent(NamedTuple):
    """What was spent: ``usd`` by the price table, ``reported_usd`` as the provider itself says.

    ``unsettled_usd`` is the most that was billed for what nobody reported, and counts as spent.
    ``unpriced`` attempts have a price that nobody knows, and are in none of the amounts.
    """

    rows: int = 0
    attempts: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: Decimal = ZERO
    unsettled_usd: Decimal = ZERO
    estimated_usd: Decimal = ZERO
    reported_usd: Decimal = ZERO
    unpriced: int = 0

    @property
    def counted_usd(self) -> Decimal:
        """What counts against a limit."""
        return self.usd + self.unsettled_usd if self.unsettled_usd else self.usd

    def plus(self, other: Spent) -> Spent:
        """Both together."""
        return Spent(
            self.rows + other.rows,
            self.attempts + other.attempts,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.usd + other.usd,
            self.unsettled_usd + other.unsettled_usd,
            self.estimated_usd + other.estimated_usd,
            self.reported_usd + other.reported_usd,
            self.unpriced + other.unpriced,
        )


NOTHING_SPENT = Spent()


class By(StrEnum):
    """What costs are added up by."""

    MODEL = "model"
    ROUTE = "route"
    DAY = "day"
    TIER = "tier"
    RUN = "run"


class Hold(NamedTuple):
    """What a process holds of an account: for the plans under way, and for calls that have left."""

    reserved_usd: Decimal = ZERO
    begun_usd: Decimal = ZERO

    @property
    def most_usd(self) -> Decimal:
        """What others must leave alone."""
        return max(self.reserved_usd, self.begun_usd)


class Standing(NamedTuple):
    """How a limit stands: what is spent of it in this period, and what other processes hold."""

    spent_usd: Decimal
    others_usd: Decimal
