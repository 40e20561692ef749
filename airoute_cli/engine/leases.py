"""What a process holds in the ledger, so that most calls leave without asking it.

For every account the ledger must hold, before a call leaves, at least what is reserved for the
plans under way and what was spent since the last exchange; and of that apart what has left. So more
is held than is needed just now: a quarter more than the most since the last exchange, as rows come
and go in waves, or what was spent since then, whichever is more. Amounts for calls that left are
limited by nothing but that; what is reserved must leave room under every limit that is shared with
other processes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from airoute_cli.core.budget import Account, Hold, Limit, Standing
from airoute_cli.core.money import ZERO
from airoute_cli.engine.budget_limits import Amounts

_AND_SPARE = Decimal("1.25")
# No more than this share of what is left of a limit is held without need.
_OF_WHAT_IS_LEFT = Decimal("0.125")


@dataclass(slots=True)
class Held:
    """One account in this process: what is used of it, and what the ledger holds for it.

    ``unbooked`` was spent since the last exchange. ``lease`` bounds ``reserved + unbooked``, and
    ``begun_lease`` bounds ``begun + unbooked``. The peaks are those since the last exchange.
    """

    reserved: Decimal = ZERO
    begun: Decimal = ZERO
    unbooked: Decimal = ZERO
    lease: Decimal = ZERO
    begun_lease: Decimal = ZERO
    reserved_peak: Decimal = ZERO
    begun_peak: Decimal = ZERO

    def reserve(self, usd: Decimal) -> None:
        """Count an amount as reserved; one below zero is given back."""
        self.reserved += usd
        self.reserved_peak = max(self.reserved_peak, self.reserved)

    def begin(self, usd: Decimal) -> None:
        """Count a call as one that has left."""
        self.begun += usd
        self.begun_peak = max(self.begun_peak, self.begun)

    def may_reserve(self, usd: Decimal) -> bool:
        """Whether so much more can be reserved without asking the ledger."""
        return self.reserved + self.unbooked + usd <= self.lease

    def may_begin(self, usd: Decimal) -> bool:
        """Whether a call that may cost so much can leave without telling the ledger."""
        return not usd or self.begun + self.unbooked + usd <= self.begun_lease

    def book(self, starting: Decimal, *, wanted: bool = True) -> _Account:
        """Go over to what the next exchange will hold; nothing more than that is used meanwhile.

        ``starting`` is for calls that wait for this exchange to leave. Where nothing is ``wanted``
        by rows that wait, what was used at the peak is kept for those that come meanwhile.
        """
        leaving = self.begun + starting
        begun = max(leaving + self.unbooked, max(leaving, self.begun_peak) * _AND_SPARE)
        self.begun_lease = min(self.begun_lease - self.unbooked, begun)
        held, peak = self.lease - self.unbooked, max(self.reserved, self.reserved_peak)
        kept = self.reserved if wanted else max(self.reserved, min(held, peak))
        self.lease = min(held, kept)
        spare = max(self.unbooked, peak * _AND_SPARE - kept)
        self.unbooked, self.reserved_peak, self.begun_peak = ZERO, self.reserved, self.begun
        return _Account(kept, begun, spare)


@dataclass(slots=True)
class _Account:
    """What an exchange is to hold of one account: at least, for calls that leave, and to spare."""

    reserved: Decimal = ZERO
    begun: Decimal = ZERO
    spare: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Exhausted:
    """A limit under which an amount will never fit: ``spent`` and the amount pass it together."""

    limit: Limit
    spent: Decimal
    reserved: Decimal
    asked: Decimal


@dataclass(slots=True)
class Claim:
    """What is asked of one exchange with the ledger, and what it said.

    ``asks`` come in the order in which they wait; ``exhausted`` tells of those that will never fit,
    by their place. ``others_hold`` says that another process holds what one of them waits for.
    """

    accounts: dict[Account, _Account]
    limits: tuple[Limit, ...]
    asks: Sequence[tuple[Amounts, tuple[Limit, ...]]]
    exhausted: dict[int, Exhausted] = field(default_factory=dict)
    others_hold: bool = False

    def allot(self, standings: Sequence[Standing]) -> Mapping[Account, Hold]:
        """Serve the asks in order, as far as every limit has room; then hold some to spare."""
        stand = dict(zip(self.limits, standings, strict=True))
        base = {name: account.reserved for name, account in self.accounts.items()}
        mine = {limit: limit.among(base) for limit in self.limits}
        blocked: set[Limit] = set()
        for place, (amounts, limits) in enumerate(self.asks):
            self._serve(place, amounts, limits, stand, mine, blocked)
        self._spare(stand, mine)
        return {
            name: Hold(account.reserved if self.limits else ZERO, account.begun)
            for name, account in self.accounts.items()
        }

    def _serve(
        self,
        place: int,
        amounts: Amounts,
        limits: tuple[Limit, ...],
        stand: Mapping[Limit, Standing],
        mine: dict[Limit, Decimal],
        blocked: set[Limit],
    ) -> None:
        asked = {limit: limit.among(amounts) for limit in limits}
        for limit, usd in asked.items():
            spent, others = stand[limit]
            if spent + usd > limit.usd:
                self.exhausted[place] = Exhausted(limit, spent, mine[limit] + others, usd)
                return
        full = [limit for limit in limits if _room(limit, stand, mine) < asked[limit]]
        if full or not blocked.isdisjoint(limits):
            self.others_hold |= any(stand[limit].others_usd > 0 for limit in full)
            blocked.update(limits)
            return
        for name, usd in amounts.items():
            self.accounts.setdefault(name, _Account()).reserved += usd
        for limit, usd in asked.items():
            mine[limit] += usd

    def _spare(self, stand: Mapping[Limit, Standing], mine: dict[Limit, Decimal]) -> None:
        for name, account in self.accounts.items():
            over = [limit for limit in self.limits if limit.covers(name)]
            room = [_room(limit, stand, mine) * _OF_WHAT_IS_LEFT for limit in over]
            spare = max(ZERO, min([account.spare, *room]))
            account.reserved += spare
            for limit in over:
                mine[limit] += spare


def _room(limit: Limit, stand: Mapping[Limit, Standing], mine: Mapping[Limit, Decimal]) -> Decimal:
    spent, others = stand[limit]
    return limit.usd - spent - others - mine[limit]
