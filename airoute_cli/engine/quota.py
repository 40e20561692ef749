"""How much of the limits of one thing (the run, a provider, a model) is left."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from airoute_cli.core.profile import Limits, Model, Provider
from airoute_cli.engine.window import Use, Window


class Quota(Protocol):
    """Limits per minute, and what calls have used of them."""

    def listen(self, changed: Callable[[], None]) -> None:
        """Have ``changed`` called when a time that ``ready_at`` could not tell has come nearer."""
        ...

    def ready_at(self, now: float, tokens: int) -> float | None:
        """The earliest time for a call of that many tokens; None: a wake-up will come."""
        ...

    def take(self, now: float, tokens: int) -> Taken:
        """Charge one call."""
        ...

    def settle(self, taken: Taken, now: float, tokens: int) -> None:
        """Replace the reserved tokens of a call by what it really used."""
        ...


class Taken(NamedTuple):
    """What one call was charged; the quota that charged it knows what the parts mean."""

    tokens: Use | None = None
    block: int = 0
    amount: float = 0.0


class OwnQuota:
    """Limits that this process has for itself."""

    __slots__ = ("_requests", "_tokens")

    def __init__(self, limits: Limits, now: float) -> None:
        requests, tokens = limits.requests_per_minute, limits.tokens_per_minute
        self._requests = Window(requests, now) if requests else None
        self._tokens = Window(tokens, now) if tokens else None

    def listen(self, changed: Callable[[], None]) -> None:
        """Nothing changes here but by calls."""

    def ready_at(self, now: float, tokens: int) -> float:
        """The earliest time at which both limits allow it."""
        requests_at = self._requests.ready_at(now, 1) if self._requests else now
        return max(requests_at, self._tokens.ready_at(now, tokens)) if self._tokens else requests_at

    def take(self, now: float, tokens: int) -> Taken:
        """Charge one call."""
        if self._requests:
            self._requests.use(now, 1)
        return Taken(self._tokens.use(now, tokens)) if self._tokens else NOTHING_TAKEN

    def settle(self, taken: Taken, now: float, tokens: int) -> None:
        """Replace the reserved tokens of a call by what it really used."""
        if self._tokens and taken.tokens:
            self._tokens.settle(taken.tokens, now, tokens)


def own_quota(limits: Limits, now: float) -> Quota | None:
    """A quota of this process alone, None where nothing is limited by the minute."""
    stated = limits.requests_per_minute or limits.tokens_per_minute
    return OwnQuota(limits, now) if stated else None


class Quotas(Protocol):
    """Makes the quotas of providers and models."""

    def of_provider(self, provider: Provider) -> Quota | None:
        """The quota of a provider, None where it has no limit per minute."""
        ...

    def of_model(self, model: Model) -> Quota | None:
        """The quota of a model, None as a provider's."""
        ...


class OwnQuotas:
    """Limits that this process keeps for itself alone."""

    def __init__(self, now: float) -> None:
        self._now = now

    def of_provider(self, provider: Provider) -> Quota | None:
        """The quota of a provider."""
        return own_quota(provider.limits, self._now)

    def of_model(self, model: Model) -> Quota | None:
        """The quota of a model."""
        return own_quota(model.limits, self._now)


NOTHING_TAKEN = Taken()
