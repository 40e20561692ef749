"""One call: the wait at the gate, one try on the wire within its time, and the record of it."""

from __future__ import annotations

import asyncio

from airoute_cli.core.completion import Completion
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.outcome import Attempt
from airoute_cli.core.plan import Call
from airoute_cli.core.profile import Model
from airoute_cli.core.request import Request
from airoute_cli.edges.deadlines import Deadlines
from airoute_cli.engine import closure
from airoute_cli.engine.breaker import Ticket
from airoute_cli.engine.clock import Clock
from airoute_cli.engine.course import Course
from airoute_cli.engine.doors import Doors
from airoute_cli.engine.endpoints import EndpointSource
from airoute_cli.engine.gate import Gate, Lease, TurnedAwayError
from airoute_cli.engine.live_figures import LiveFigures
from airoute_cli.engine.meter import Meter, tokens_used
from airoute_cli.routing.tokens import estimate_request

# The provider said "not now" about the model, not about this request: all its rows slow down.
TOO_FAST = frozenset({ErrorKind.RATE_LIMIT, ErrorKind.OVERLOADED})

# The transport's own deadline comes first, as it can name the host; this one holds for the rest.
GRACE_S = 0.1


class Caller:
    """Makes the calls of an executor, and tells doors, figures and gate what came of each."""

    def __init__(
        self,
        endpoints: EndpointSource,
        gate: Gate,
        doors: Doors,
        figures: LiveFigures,
        clock: Clock,
    ) -> None:
        self._endpoints = endpoints
        self._gate = gate
        self._doors = doors
        self._figures = figures
        self._clock = clock
        self._deadlines = Deadlines()

    async def attempt(
        self, call: Call, model: Model, shaped: Request, course: Course, ticket: Ticket
    ) -> Completion:
        """The answer. Raises CallError, TurnedAwayError and GateClosedError."""
        closure.require(course.plan, model)
        asked = self._clock.now()
        if course.deadline is None:
            lease = await self._leave(call, course, ticket)
        else:
            lease = await self._leave_in_time(call, course, ticket)
        number = course.number()
        attempt: Attempt | None = None
        completion: Completion | None = None
        try:
            if course.on_attempt:
                course.on_attempt(call, number)
            now = self._clock.now()
            meter = Meter(model, call, self._clock, waited_s=now - asked, began=now)
            completion = await self._send(model, shaped, course, course.begin(now) - now)
            attempt = meter.answered(completion)
            self._figures.answered(attempt, estimate_request(shaped))
            self._doors.answered(model.name, ticket)
        except CallError as error:
            attempt = meter.failed(error)
            self._figures.failed(attempt)
            self._report(model, course, ticket, error)
            raise
        except asyncio.CancelledError:
            attempt = meter.failed(CallError(ErrorKind.CANCELLED, "interrupted"))
            raise
        finally:
            if attempt:
                course.note(attempt)
                if course.purse:
                    course.purse.book(call, attempt)
            if attempt is None or attempt.error is ErrorKind.CANCELLED:
                self._doors.left(model.name, ticket)
            lease.release(
                tokens_used(attempt) if attempt else None,
                refused=_too_fast(attempt) if attempt else None,
            )
            if attempt and course.on_end:
                course.on_end(number, attempt, completion)
        # What nobody reported is estimated, and says so.
        return completion if completion.usage else completion._replace(usage=attempt.usage)

    async def _leave_in_time(self, call: Call, course: Course, ticket: Ticket) -> Lease:
        """As ``_leave``, where the row's time has begun."""
        try:
            async with course.in_time():
                return await self._leave(call, course, ticket)
        except TimeoutError:
            course.over = course.out_of_time
            raise TurnedAwayError from None

    async def _leave(self, call: Call, course: Course, ticket: Ticket) -> Lease:
        """The leave for one call: first the budget, then the gate.

        So nobody waits for money while holding up a call. Raises TurnedAwayError where it was not
        to be had.
        """
        purse, lease, covered = course.purse, None, False
        try:
            if purse and not purse.covers(call):
                await purse.cover(call)
            covered = True
            tokens = call.input_tokens + call.max_output_tokens
            lease = await self._gate.acquire(call.model, tokens, again=bool(course.attempts))
            if not self._doors.still(call.model, ticket):
                raise TurnedAwayError
            if purse and not purse.begins(call):
                await purse.begin(call)
        except BaseException:
            if lease:
                lease.release(0)
            if purse and covered:
                purse.stay(call)
            self._doors.left(call.model, ticket)
            raise
        return lease

    async def _send(
        self, model: Model, shaped: Request, course: Course, row_s: float
    ) -> Completion:
        """One try on the wire, within the attempt's time and the row's. Raises CallError."""
        endpoint = self._endpoints.of(model)
        attempt_s = row_s
        if not model.provider.embedded:  # its time counts from when the model takes it up
            attempt_s = min(row_s, model.provider.timeout + GRACE_S)
        limit = self._deadlines.within(attempt_s)
        try:
            with limit:
                if course.on_text is None:
                    return await endpoint.complete(model, shaped)
                return await endpoint.stream(model, shaped, course.say)
        except TimeoutError:
            if not limit.expired:
                raise
            if attempt_s == row_s:
                course.over = course.out_of_time
                raise CallError(ErrorKind.TIMEOUT, "its call was cut off") from None
            message = f"{model.name} gave no whole answer within {model.provider.timeout:g} s"
            raise CallError(ErrorKind.TIMEOUT, message) from None

    def _report(self, model: Model, course: Course, ticket: Ticket, error: CallError) -> None:
        if course.over:  # the row's time was over, which says nothing of the model
            self._doors.left(model.name, ticket)
        else:
            self._doors.failed(model.name, ticket, error, course.request)


def _too_fast(attempt: Attempt) -> bool | None:
    """Whether the provider refused the pace; None: it neither answered nor said so."""
    return False if attempt.error is None else attempt.error in TOO_FAST or None
