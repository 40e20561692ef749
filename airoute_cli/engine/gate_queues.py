"""The queues at the gate: what has limits, and the calls that wait for it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from airoute_cli.core.blocks import WINDOW_S
from airoute_cli.core.profile import Limits, Model, Provider
from airoute_cli.edges.llama_loading import DEFAULT_SLOTS
from airoute_cli.engine.pace import Pace
from airoute_cli.engine.quota import NOTHING_TAKEN, Quota, Quotas, Taken

if TYPE_CHECKING:
    from airoute_cli.engine.gate import Lease

NEVER = float("inf")
# What is free where nothing limits how many calls may be under way.
MANY = 1_000


# With the tokens that each reserves.
Waiting = deque["tuple[asyncio.Future[Lease], int]"]


class Subject:
    """One thing that has limits, and the queues that stand in line for it.

    ``quota`` is None where nothing is limited by the minute.
    """

    __slots__ = ("in_flight", "line", "max_concurrency", "pace", "quota", "wakes_at")

    def __init__(
        self, quota: Quota | None, max_concurrency: int | None, pace: Pace | None = None
    ) -> None:
        self.quota = quota
        self.max_concurrency = max_concurrency
        self.pace = pace
        self.in_flight = 0
        self.line: deque[Queue] = deque()
        self.wakes_at = NEVER

    def full(self) -> bool:
        """Whether no further call can go out before another one ends."""
        return self.max_concurrency is not None and self.in_flight >= self.max_concurrency

    def free(self) -> int:
        """How many more calls may be under way at once."""
        return MANY if self.max_concurrency is None else self.max_concurrency - self.in_flight

    def ready_at(self, now: float, tokens: int) -> float | None:
        """The earliest time by its limits per minute; None: the quota tells."""
        ready = self.quota.ready_at(now, tokens) if self.quota else now
        if self.pace and ready is not None:
            paced = self.pace.ready_at(now, tokens)
            return max(ready, paced)
        return ready

    def take(self, now: float, tokens: int) -> Taken:
        """Charge one call to its limits per minute; who takes it counts it as one in flight."""
        if self.pace:
            self.pace.take(now, tokens)
        return self.quota.take(now, tokens) if self.quota else NOTHING_TAKEN

    def settle(self, taken: Taken, now: float, reserved: int, tokens: int) -> None:
        """Replace the reserved tokens of a call by what it really used."""
        if self.quota:
            self.quota.settle(taken, now, tokens)
        if self.pace:
            self.pace.settle(reserved, tokens)


class Queue:
    """The calls that wait for one model; ``subjects`` are the model, its provider and the run.

    ``metered`` are those of them that have limits per minute, or a pace.
    """

    __slots__ = ("again", "metered", "pace", "stands_at", "subjects", "waiting")

    def __init__(self, subjects: tuple[Subject, ...], pace: Pace) -> None:
        self.subjects = subjects
        self.metered = tuple([one for one in subjects if one.quota or one.pace])
        self.pace = pace
        self.waiting: Waiting = deque()
        # Rows that were let out before: behind all who wait for their first call, a retry would
        # take the longer the more rows are read ahead.
        self.again: Waiting = deque()
        self.stands_at: Subject | None = None

    def head(self) -> tuple[asyncio.Future[Lease], int] | None:
        """The first that still waits."""
        first = self.again or self.waiting
        if not first:
            return None
        if not first[0][0].done():
            return first[0]
        for waiting in (self.again, self.waiting):
            while waiting and waiting[0][0].done():  # cancelled while it waited
                waiting.popleft()
            if waiting:
                return waiting[0]
        return None

    def pop(self) -> None:
        """Take the head out."""
        (self.again or self.waiting).popleft()


def queues_of(
    models: Iterable[Model], run: Limits, whole_run: Subject, now: float, quotas: Quotas
) -> Mapping[str, Queue]:
    """The queue of each model by its name; models of one provider share that subject."""
    providers: dict[str, Subject] = {}
    queues: dict[str, Queue] = {}
    for model in models:
        provider = model.provider
        if provider.name not in providers:
            at_once = _limits(provider).max_concurrency
            providers[provider.name] = Subject(quotas.of_provider(provider), at_once)
        pace = Pace(_stated(model, run), now)
        own = Subject(quotas.of_model(model), model.limits.max_concurrency, pace)
        queues[model.name] = Queue((own, providers[provider.name], whole_run), pace)
    return queues


def _stated(model: Model, run: Limits) -> float | None:
    """The most calls a second that the profile and the flags allow one model."""
    levels = (model.limits, model.provider.limits, run)
    stated = [limits.requests_per_minute for limits in levels if limits.requests_per_minute]
    return min(stated) / WINDOW_S if stated else None


def _limits(provider: Provider) -> Limits:
    """An embedded model answers as many rows at once as it has slots; the others wait here."""
    limits = provider.limits
    if provider.embedded and limits.max_concurrency is None:
        return replace(limits, max_concurrency=DEFAULT_SLOTS)
    return limits
