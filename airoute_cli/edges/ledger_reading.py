"""Reading the ledger: what was spent for what, without changing anything in it."""

from __future__ import annotations

import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from airoute_cli.core.budget import NOTHING_SPENT, By, Spent
from airoute_cli.core.money import ZERO
from airoute_cli.edges.ledger import as_sentence, holders, is_dead, ledger_path

_SPENT = """SELECT profile, {column}, rows, attempts, input_tokens, output_tokens, usd,
    unsettled_usd, estimated_usd, reported_usd, unpriced FROM spent WHERE day >= ?"""
_HELD = """SELECT {column}, begun_usd FROM held JOIN holders USING (holder)
    WHERE holder = ? AND day >= ?"""


@dataclass(slots=True)
class Costs:
    """What was spent, by profile and key; and what processes hold for calls under way."""

    spent: dict[tuple[str, str], Spent] = field(default_factory=dict)
    processes: int = 0
    held_usd: Decimal = ZERO

    @property
    def total(self) -> Spent:
        """All together."""
        total = NOTHING_SPENT
        for spent in self.spent.values():
            total = total.plus(spent)
        return total


def read_costs(by: By, since: str = "") -> Costs:
    """What the ledger holds from a day of UTC on. Nothing where there is no ledger yet.

    What a dead process held for calls that had left is told as unsettled. Raises RunError.
    """
    if not ledger_path().exists():
        return Costs()
    with as_sentence(), closing(sqlite3.connect(ledger_path(), timeout=30.0)) as database:
        spent: defaultdict[tuple[str, str], Spent] = defaultdict(lambda: NOTHING_SPENT)
        costs = Costs()
        for profile, key, *amounts in database.execute(_SPENT.format(column=by), (since,)):
            spent[profile, key] = spent[profile, key].plus(_spent(amounts))
        for profile, key, usd, dead in _held(database, by, since):
            if dead:
                spent[profile, key] = spent[profile, key].plus(Spent(unsettled_usd=usd))
            else:
                costs.held_usd += usd
        now = time.time()
        costs.processes = sum(not is_dead(holder, now) for holder in holders(database))
        costs.spent = dict(sorted(spent.items()))
        return costs


def _held(
    database: sqlite3.Connection, by: By, since: str
) -> Iterator[tuple[str, str, Decimal, bool]]:
    now = time.time()
    for holder in list(holders(database)):
        dead = is_dead(holder, now)
        for key, usd in database.execute(_HELD.format(column=by), (holder.holder, since)):
            if Decimal(usd):
                yield holder.profile, key, Decimal(usd), dead


def _spent(amounts: list[Any]) -> Spent:
    exact: list[Any] = [Decimal(one) if isinstance(one, str) else one for one in amounts]
    return Spent(*exact)
