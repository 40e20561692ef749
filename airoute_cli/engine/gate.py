"""The gate: the one place where a call waits until every limit allows it.

All limits of a call (of the run, of its provider, of its model; requests, tokens and concurrency)
are checked and charged in one synchronous step, so there is nothing to deadlock on. There is a
queue for each model, so a model that has to wait holds up no other, and one timer for all of them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from airoute_cli.core.profile import Limits, Model, Provider
from airoute_cli.edges.llama_loading import DEFAULT_SLOTS
from airoute_cli.engine.window import Use, Window

Clock = Callable[[], float]


class _Subject:
    """The limits of one thing (the run, a provider or a model) and how much of them is used."""

    def __init__(self, limits: Limits, now: float) -> None:
        self.requests = (
            Window(limits.requests_per_minute, now) if limits.requests_per_minute else None
        )
        self.tokens = Window(limits.tokens_per_minute, now) if limits.tokens_per_minute else None
        self.max_concurrency = limits.max_concurrency
        self.in_flight = 0

    def ready_at(self, now: float, tokens: int) -> float | None:
        """The earliest time; None: not before another call ends."""
        if self.max_concurrency is not None and self.in_flight >= self.max_concurrency:
            return None
        by_requests = self.requests.ready_at(now, 1) if self.requests else now
        by_tokens = self.tokens.ready_at(now, tokens) if self.tokens else now
        return max(by_requests, by_tokens)

    def take(self, now: float, tokens: int) -> Use | None:
        self.in_flight += 1
        if self.requests:
            self.requests.use(now, 1)
        return self.tokens.use(now, tokens) if self.tokens else None


@dataclass(slots=True)
class _Queue:
    """The calls that wait for one model. ``not_before`` is set by a provider's Retry-After."""

    subjects: tuple[_Subject, ...]
    waiting: deque[tuple[asyncio.Future[None], int]] = field(default_factory=deque)
    not_before: float = 0.0


class GateClosedError(Exception):
    """The run is ending: no further call goes out."""


class Lease:
    """The right to make one call; give it back with ``release``."""

    __slots__ = ("_gate", "_subjects", "_uses")

    def __init__(self, gate: Gate, subjects: tuple[_Subject, ...], now: float, tokens: int) -> None:
        self._gate = gate
        self._subjects = subjects
        self._uses = [subject.take(now, tokens) for subject in subjects]

    def release(self, tokens: int | None = None) -> None:
        """End the call; ``tokens`` is what it really used, None where nobody knows."""
        for subject, use in zip(self._subjects, self._uses, strict=True):
            subject.in_flight -= 1
            if use is not None and subject.tokens is not None and tokens is not None:
                subject.tokens.correct(use, tokens)
        self._gate.pump()


class Gate:
    """Grants calls so that no limit is passed and no allowed call waits."""

    def __init__(self, models: Iterable[Model], run: Limits, clock: Clock | None = None) -> None:
        self._clock = clock or asyncio.get_running_loop().time
        self._queues = _queues(models, run, self._clock())
        self._granted: dict[asyncio.Future[None], Lease] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._shut = asyncio.Event()

    async def acquire(self, model: str, tokens: int) -> Lease:
        """Wait until a call of that many tokens may go out to ``model``.

        Raises GateClosedError once the gate is shut.
        """
        if self._shut.is_set():
            raise GateClosedError
        queue = self._queues[model]
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.waiting.append((future, tokens))
        self.pump()
        try:
            await future
        except asyncio.CancelledError:
            if lease := self._granted.pop(future, None):
                lease.release(0)
            raise
        return self._granted.pop(future)

    def pause(self, model: str, seconds: float) -> None:
        """Let nothing out to ``model`` for that long: the provider asked for it."""
        queue = self._queues[model]
        queue.not_before = max(queue.not_before, self._clock() + seconds)

    def pump(self) -> None:
        """Grant whatever may go out now, and set the timer for what may go out next."""
        if self._shut.is_set():
            return
        now = self._clock()
        times = [when for queue in self._queues.values() if (when := self._serve(queue, now))]
        if self._timer:
            self._timer.cancel()
        self._timer = None
        if times:
            delay = max(0.0, min(times) - now)
            self._timer = asyncio.get_running_loop().call_later(delay, self.pump)

    async def sleep(self, seconds: float) -> None:
        """Wait before a retry; raises GateClosedError as soon as the gate is shut."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._shut.wait(), seconds)
            raise GateClosedError

    def shut(self) -> None:
        """Let nothing more out; whoever waits is sent away. Calls under way are not touched."""
        self._shut.set()
        if self._timer:
            self._timer.cancel()
        for queue in self._queues.values():
            for future, _ in queue.waiting:
                if not future.done():
                    future.set_exception(GateClosedError())
            queue.waiting.clear()

    def _serve(self, queue: _Queue, now: float) -> float | None:
        while queue.waiting:
            future, tokens = queue.waiting[0]
            if future.done():  # cancelled while it waited
                queue.waiting.popleft()
                continue
            times = [subject.ready_at(now, tokens) for subject in queue.subjects]
            if None in times:
                return None  # a release pumps again
            ready = max(queue.not_before, *(when for when in times if when is not None))
            if ready > now:
                return ready
            queue.waiting.popleft()
            self._granted[future] = Lease(self, queue.subjects, now, tokens)
            future.set_result(None)
        return None


def _queues(models: Iterable[Model], run: Limits, now: float) -> Mapping[str, _Queue]:
    whole_run = _Subject(run, now)
    providers: dict[str, _Subject] = {}
    queues: dict[str, _Queue] = {}
    for model in models:
        provider = model.provider
        if provider.name not in providers:
            providers[provider.name] = _Subject(_limits(provider), now)
        own = _Subject(model.limits, now)
        queues[model.name] = _Queue((whole_run, providers[provider.name], own))
    return queues


def _limits(provider: Provider) -> Limits:
    """An embedded model answers as many rows at once as it has slots; the others wait here."""
    limits = provider.limits
    if provider.embedded and limits.max_concurrency is None:
        return replace(limits, max_concurrency=DEFAULT_SLOTS)
    return limits
