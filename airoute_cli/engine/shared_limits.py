"""Limits that all processes on this machine keep together, as they use the same key."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from hashlib import blake2b

from airoute_cli.core.blocks import Block
from airoute_cli.core.errors import RunError
from airoute_cli.core.profile import Limits, Model, Provider
from airoute_cli.edges.limits_file import Exchange, LimitsFile
from airoute_cli.edges.secrets import set_variable
from airoute_cli.engine.aside import aside
from airoute_cli.engine.quota import NOTHING_TAKEN, Quota, Taken, own_quota
from airoute_cli.engine.share import Share


class SharedQuota:
    """Requests and tokens per minute, each from blocks of its own."""

    __slots__ = ("_requests", "_tokens")

    def __init__(self, requests: Share | None, tokens: Share | None) -> None:
        self._requests = requests
        self._tokens = tokens

    def listen(self, changed: Callable[[], None]) -> None:
        """Have ``changed`` called when a block has come."""
        for share in (self._requests, self._tokens):
            if share:
                share.changed = changed

    def ready_at(self, now: float, tokens: int) -> float | None:
        """The earliest time at which both limits allow it; None: ``changed`` will be called."""
        requests_at = self._requests.ready_at(now, 1) if self._requests else now
        tokens_at = self._tokens.ready_at(now, tokens) if self._tokens else now
        if requests_at is None or tokens_at is None:
            return None
        return max(tokens_at, requests_at)

    def take(self, now: float, tokens: int) -> Taken:
        """Charge one call."""
        if self._requests:
            self._requests.charge(now, 1)
        return self._tokens.take(now, tokens) if self._tokens else NOTHING_TAKEN

    def settle(self, taken: Taken, now: float, tokens: int) -> None:
        """Replace the reserved tokens of a call by what it really used."""
        if self._tokens:
            self._tokens.settle(taken, now, tokens)


Aside = Callable[[Callable[[], Block | None]], Awaitable[Block | None]]


def _nothing(_: str) -> None:
    """Where nobody listens."""


class SharedLimits:
    """Makes the quotas of a run's providers and models. Use inside the loop, and close.

    The file is opened for the first limit that is shared. Where it cannot be used, each process
    keeps the limits for itself, and ``tell`` says so once.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        now: Callable[[], float],
        tell: Callable[[str], None] = _nothing,
        aside: Aside = aside,
    ) -> None:
        self._environ = environ
        self._now = now
        self._tell = tell
        self._aside = aside
        self._shares: list[Share] = []
        self._file: LimitsFile | None = None
        self._failed = False

    def of_provider(self, provider: Provider) -> Quota | None:
        """The quota of a provider."""
        return self._quota(provider, "", provider.limits)

    def of_model(self, model: Model) -> Quota | None:
        """The quota of a model."""
        return self._quota(model.provider, model.wire_name, model.limits)

    async def aclose(self) -> None:
        """Give back what is left of every block, and close the file."""
        await asyncio.gather(*(share.aclose() for share in self._shares))
        if self._file:
            self._file.close()

    def _quota(self, provider: Provider, model: str, limits: Limits) -> Quota | None:
        stated = limits.requests_per_minute or limits.tokens_per_minute
        if not stated or not provider.shared_limits or provider.embedded or not self._opened():
            return own_quota(limits, self._now())
        return SharedQuota(
            self._share(provider, model, "requests", limits.requests_per_minute),
            self._share(provider, model, "tokens", limits.tokens_per_minute),
        )

    def _share(self, provider: Provider, model: str, unit: str, limit: int | None) -> Share | None:
        if limit is None:
            return None
        subject = _hashed(_whose(provider, self._environ), provider.base_url or "", model, unit)
        self._shares.append(Share(subject, limit, self._now, self._trade))
        return self._shares[-1]

    def _opened(self) -> bool:
        if self._file is None and not self._failed:
            try:
                self._file = LimitsFile(self._now())
            except RunError as error:
                self._fail(error)
        return self._file is not None

    async def _trade(self, told: Exchange) -> Block | None:
        file = self._file
        if file is None:
            return None
        try:
            return await self._aside(lambda: file.exchange(told, self._now()))
        except RunError as error:
            self._fail(error)
            raise

    def _fail(self, error: RunError) -> None:
        if not self._failed:
            self._failed = True
            self._tell(str(error))


def _whose(provider: Provider, environ: Mapping[str, str]) -> str:
    """What tells one account from another: the key, or where ever new ones come from."""
    if provider.api_key_cmd:
        return "\0".join(provider.api_key_cmd)
    if provider.api_key_keyring:
        return "\0".join(provider.api_key_keyring)
    found = set_variable(provider, environ)
    return environ[found].strip() if found else ""


def _hashed(*parts: str) -> bytes:
    told = "\0\0".join(parts).encode(errors="surrogateescape")
    return blake2b(told, digest_size=16, person=b"airoute-limits").digest()
