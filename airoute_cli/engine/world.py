"""What a run stands in: its clock, whom it asks, and whether anything of it outlasts it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

from airoute_cli.edges.audit_key import Seal, user_seal
from airoute_cli.engine.aside import aside
from airoute_cli.engine.clock import Clock
from airoute_cli.engine.endpoints import Endpoints, EndpointSource, OnLimits
from airoute_cli.engine.shared_limits import SharedLimits
from airoute_cli.engine.spending import IN_THE_LEDGER, Means

T = TypeVar("T")


class Aside(Protocol):
    """Does blocking work without holding up the loop."""

    def __call__(self, work: Callable[[], T]) -> Awaitable[T]:
        """What ``work`` gives, or raises."""
        ...


@dataclass(frozen=True, slots=True)
class World:
    """The outside, as far as a run may touch it.

    ``lasting``: what it learns and spends is kept for others, and what it writes is synced to the
    disk. In a rehearsal neither is, and there are no threads. ``shared_limits`` makes those that
    hold for all processes of this machine, given whom to tell what is wrong with their file;
    ``jitter`` draws from 0 to 1 for the waits before retries.
    """

    clock: Clock
    endpoints: Callable[[OnLimits], EndpointSource]
    aside: Aside = aside
    lasting: bool = True
    shared_limits: Callable[[Callable[[str], None]], SharedLimits] | None = None
    means: Means = IN_THE_LEDGER
    seal: Callable[[], Seal] = user_seal
    jitter: Callable[[], float] = random.random

    @classmethod
    def real(cls, environ: Mapping[str, str]) -> Self:
        """The one out there. Make it inside the running loop."""
        clock = Clock.real()
        return cls(
            clock,
            lambda on_limits: Endpoints(environ, on_limits),
            shared_limits=lambda tell: SharedLimits(environ, clock.now, tell),
        )


def at_once(work: Callable[[], T]) -> asyncio.Future[T]:
    """An Aside that does the work here and now."""
    future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    try:
        future.set_result(work())
    except Exception as error:  # noqa: BLE001 - it is handed to whoever awaits
        future.set_exception(error)
    return future
