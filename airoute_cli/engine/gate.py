"""The gate: the one place where a call waits until every limit allows it.

All limits of a call (of the run, of its provider, of its model; requests, tokens and concurrency)
are checked and charged in one synchronous step, so there is nothing to deadlock on. There is a
queue for each model. A queue that has to wait stands in line at the one subject that holds it back
(its model, its provider, the run); whoever is first there is served first, so a large call is not
passed for ever by small ones, and a queue that waits for its own model holds up no other.

A release looks only at the lines of the three subjects that it frees, and one timer wakes the
subject that is due next: the cost of a call does not grow with the number of models or of calls in
flight.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial

from airoute_cli.core.profile import Limits, Model
from airoute_cli.core.rate_limits import RateLimits
from airoute_cli.engine.gate_queues import NEVER, Queue, Subject, queues_of
from airoute_cli.engine.quota import OwnQuotas, Quotas, own_quota

Clock = Callable[[], float]


class GateClosedError(Exception):
    """No further call goes out: the run is ending, or its budget."""


class TurnedAwayError(Exception):
    """The model cannot be asked any more: see whether another one can."""


class Lease:
    """The right to make one call; give it back with ``release``."""

    __slots__ = ("_gate", "_granted_at", "_granted_rate", "_queue", "_taken", "_tokens")

    def __init__(self, gate: Gate, queue: Queue, now: float, tokens: int) -> None:
        self._gate = gate
        self._queue = queue
        self._granted_at = now
        self._granted_rate = queue.pace.rate
        self._tokens = tokens
        for subject in queue.subjects:
            subject.in_flight += 1
        self._taken = [subject.take(now, tokens) for subject in queue.metered]

    def release(self, tokens: int | None = None, *, refused: bool | None = None) -> None:
        """End the call; ``tokens`` is what it really used, None where nobody knows.

        ``refused``: the provider said that it was too fast; False: it answered; None: neither.
        """
        now, queue = self._gate.now(), self._queue
        if refused:
            queue.pace.refused(self._granted_at, self._granted_rate, now)
        elif refused is False:
            queue.pace.answered(self._granted_rate, now)
        for subject in queue.subjects:
            subject.in_flight -= 1
        if tokens is not None:
            for subject, taken in zip(queue.metered, self._taken, strict=True):
                subject.settle(taken, now, self._tokens, tokens)
        self._gate.freed(queue.subjects, now)


class Gate:
    """Grants calls so that no limit is passed and no allowed call waits."""

    def __init__(
        self,
        models: Iterable[Model],
        run: Limits,
        clock: Clock | None = None,
        quotas: Quotas | None = None,
    ) -> None:
        self.now = clock or asyncio.get_running_loop().time
        now = self.now()
        self._run = Subject(own_quota(run, now), run.max_concurrency)
        self._queues = queues_of(models, run, self._run, now, quotas or OwnQuotas(now))
        for subject in {one for queue in self._queues.values() for one in queue.subjects}:
            if subject.quota:
                subject.quota.listen(partial(self._changed, subject))
        self._wakes: list[tuple[float, int, Subject]] = []
        self._ticket = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = NEVER
        self._shut = asyncio.Event()
        self._when_shut: list[Callable[[], None]] = []
        self._when_spare: list[Callable[[], None]] = []
        self._when_granted: Callable[[], None] | None = None

    async def acquire(self, model: str, tokens: int, *, again: bool = False) -> Lease:
        """Wait until a call of that many tokens may go out to ``model``.

        ``again``: it is not the first one for its row, and so goes before those that are.
        Raises GateClosedError once the gate is shut, and TurnedAwayError.
        """
        if self._shut.is_set():
            raise GateClosedError
        queue = self._queues[model]
        if queue.head() is None and self._blocker(queue, tokens, now := self.now()) is None:
            return Lease(self, queue, now, tokens)
        future: asyncio.Future[Lease] = asyncio.get_running_loop().create_future()
        (queue.again if again else queue.waiting).append((future, tokens))
        if queue.stands_at is None:
            self._serve_one(queue, self.now())
            self._set_timer()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and not future.exception():
                future.result().release(0)
            elif queue.stands_at:
                self.freed((queue.stands_at,), self.now())
            raise

    def waiting(self, model: str) -> int:
        """How many calls wait for ``model``."""
        queue = self._queues[model]
        return len(queue.waiting) + len(queue.again)

    def waiting_in_all(self) -> int:
        """How many calls wait, for whatever model."""
        queues = self._queues.values()
        return sum([len(queue.waiting) + len(queue.again) for queue in queues])

    def free(self) -> int:
        """How many more calls may be under way at once, of the model that may have the most."""
        queues = self._queues.values()
        return max([min([one.free() for one in queue.subjects]) for queue in queues], default=0)

    def in_flight(self, model: str) -> int:
        """How many calls to ``model`` are under way."""
        return self._queues[model].subjects[0].in_flight

    def pause(self, model: str, seconds: float) -> None:
        """Let nothing out to ``model`` for that long: the provider asked for it."""
        self._queues[model].pace.pause(self.now() + seconds)

    def has_spare(self) -> bool:
        """Whether the run's own limits would let one more call out, of whatever model."""
        if self._run.line or self._run.full():
            return False
        ready = self._run.ready_at(now := self.now(), 1)
        return ready is not None and ready <= now

    def when_spare(self, then: Callable[[], None]) -> None:
        """Have ``then`` called when that may have become so."""
        self._when_spare.append(then)

    def when_granted(self, then: Callable[[], None]) -> None:
        """Have ``then`` called when a call that waited may go out."""
        self._when_granted = then

    def turn_away(self, model: str) -> None:
        """Send the calls that wait for ``model`` away."""
        _send_away(self._queues[model], TurnedAwayError)

    def observe(self, model: str, limits: RateLimits) -> None:
        """Follow what the headers of an answer of ``model`` tell of its limits."""
        self._queues[model].pace.observe(limits, self.now())

    def pace_of(self, model: str) -> float | None:
        """Calls a second that ``model`` is held to by what it was seen to bear; None: not held."""
        return self._queues[model].pace.rate

    def pump(self) -> None:
        """Grant whatever may go out now, and set the timer for what may go out next."""
        self._timer, self._timer_at = None, NEVER
        now = self.now()
        while self._wakes and self._wakes[0][0] <= now:
            at, _, subject = heapq.heappop(self._wakes)
            if at == subject.wakes_at:
                subject.wakes_at = NEVER
                self._serve_line(subject, now)
        self._set_timer()

    def freed(self, subjects: Iterable[Subject], now: float) -> None:
        """Something was given back to these: serve whoever stands in line for it."""
        if self._shut.is_set():
            return
        for subject in subjects:
            if subject.line:
                self._serve_line(subject, now)
        if self._wakes:
            self._set_timer()
        if self._when_spare and not self._run.line:
            for then in self._when_spare:
                then()

    def _changed(self, subject: Subject) -> None:
        self.freed((subject,), self.now())

    async def sleep(self, seconds: float) -> None:
        """Wait before a retry; raises GateClosedError as soon as the gate is shut."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._shut.wait(), seconds)
            raise GateClosedError

    def when_shut(self, then: Callable[[], None]) -> None:
        """Have ``then`` called whenever the gate is shut."""
        self._when_shut.append(then)

    def shut(self) -> None:
        """Let nothing more out; whoever waits is sent away. Calls under way are not touched."""
        self._shut.set()
        for then in self._when_shut:
            then()
        self._wakes.clear()
        if self._timer:
            self._timer.cancel()
            self._timer = None
        for queue in self._queues.values():
            _send_away(queue, GateClosedError)

    def _serve_line(self, subject: Subject, now: float) -> None:
        """Grant to the queues in line, one call each in turn, until the first has to wait."""
        line = subject.line
        while line:
            queue = _step_out(line)
            if self._serve_one(queue, now, first_at=subject) and queue.head():
                line.append(queue)
                queue.stands_at = subject
            elif queue.stands_at is subject:
                return

    def _serve_one(self, queue: Queue, now: float, first_at: Subject | None = None) -> bool:
        """Grant the first call of a queue, or stand it in line where it is held back."""
        head = queue.head()
        if head is None:
            return False
        future, tokens = head
        blocker = self._blocker(queue, tokens, now, first_at)
        if blocker is None:
            queue.pop()
            future.set_result(Lease(self, queue, now, tokens))
            if self._when_granted:
                self._when_granted()
            return True
        subject, ready = blocker
        queue.stands_at = subject
        if subject is first_at:
            subject.line.appendleft(queue)
        else:
            subject.line.append(queue)
        if ready is not None and subject.line[0] is queue:
            self._wake(subject, ready)
        return False

    @staticmethod
    def _blocker(
        queue: Queue, tokens: int, now: float, first_at: Subject | None = None
    ) -> tuple[Subject, float | None] | None:
        """The subject that holds a call back the longest, and until when if that is known."""
        for subject in queue.subjects:
            if subject.full() or (subject.line and subject is not first_at):
                return subject, None
        held: tuple[Subject, float | None] | None = None
        latest = now
        for subject in queue.metered:
            ready = subject.ready_at(now, tokens)
            if ready is None:
                held = held or (subject, None)
            elif ready > latest:
                held, latest = (subject, ready), ready
        return held

    def _wake(self, subject: Subject, at: float) -> None:
        if at < subject.wakes_at:
            subject.wakes_at = at
            heapq.heappush(self._wakes, (at, next(self._ticket), subject))

    def _set_timer(self) -> None:
        """The timer goes off when the first subject is due; a late one is never put off."""
        wakes = self._wakes
        while wakes and wakes[0][0] != wakes[0][2].wakes_at:
            heapq.heappop(wakes)
        if not wakes or self._timer_at <= wakes[0][0]:
            return
        if self._timer:
            self._timer.cancel()
        self._timer_at = wakes[0][0]
        delay = max(0.0, self._timer_at - self.now())
        self._timer = asyncio.get_running_loop().call_later(delay, self.pump)


def _send_away(queue: Queue, error: type[Exception]) -> None:
    for waiting in (queue.again, queue.waiting):
        for future, _ in waiting:
            if not future.done():
                future.set_exception(error())
        waiting.clear()


def _step_out(line: deque[Queue]) -> Queue:
    queue = line.popleft()
    queue.stands_at = None
    return queue
