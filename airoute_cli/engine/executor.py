"""Executes a plan: its calls in order, each with its retries, until one answers."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from airoute_cli.core.completion import Completion
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.outcome import Outcome, RowState
from airoute_cli.core.plan import Call, CallRole, Plan
from airoute_cli.core.profile import Model, Profile, Route
from airoute_cli.core.request import Request
from airoute_cli.engine import closure
from airoute_cli.engine.before import NOTHING_BEFORE, Before
from airoute_cli.engine.caller import Caller
from airoute_cli.engine.canary import Canary
from airoute_cli.engine.clock import Clock
from airoute_cli.engine.course import Course, OnAttempt, OnEnd, failed, unavailable
from airoute_cli.engine.doors import TROUBLE, Doors
from airoute_cli.engine.endpoints import EndpointSource, OnText
from airoute_cli.engine.formed import formed, in_form
from airoute_cli.engine.gate import Gate, GateClosedError, TurnedAwayError
from airoute_cli.engine.lasting import is_lasting, may_be_lasting
from airoute_cli.engine.live_figures import LiveFigures
from airoute_cli.engine.meter import total_usd
from airoute_cli.engine.purse import Purse
from airoute_cli.engine.retry import Verdict, decide
from airoute_cli.engine.veil import Veil
from airoute_cli.engine.ways import IN_TURN, ways_of
from airoute_cli.engine.ways.way import Answer
from airoute_cli.routing.output.form import with_form
from airoute_cli.routing.probing import probed
from airoute_cli.routing.shape import shape

# Answers to calls that left before an outage may still come after a row's first failure.
_NOT_YET_THE_LAST = 2


class Executor:
    """Runs plans against endpoints, through the doors and the gate."""

    def __init__(
        self,
        profile: Profile,
        endpoints: EndpointSource,
        gate: Gate,
        figures: LiveFigures,
        *,
        doors: Doors,
        canary: Canary,
        clock: Clock,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._models: Mapping[str, Model] = profile.models
        self._routes = {route.name: route for route in profile.routes}
        self._settings = profile.run
        self._ways = ways_of(profile.routes)
        self._caller = Caller(endpoints, gate, doors, figures, clock)
        self._gate = gate
        self._doors = doors
        self._canary = canary
        self._clock = clock
        self._jitter = jitter

    async def run(
        self,
        plan: Plan,
        request: Request,
        *,
        on_text: OnText | None = None,
        on_attempt: OnAttempt | None = None,
        on_end: OnEnd | None = None,
        purse: Purse | None = None,
        before: Before = NOTHING_BEFORE,
    ) -> Outcome:
        """Do what the plan says; a failed call is an outcome, never an exception.

        ``on_text`` gets the answer piece by piece; ``on_attempt`` is told of each call (and its
        number) before it leaves, ``on_end`` of how it ended. When the gate is shut meanwhile, or
        the ``purse`` has nothing left for the next call, the row is pending again. ``before`` is
        what was done for the row already, and counts as its own.
        """
        if not plan.calls:
            return closure.nobody(plan)
        started = self._clock.now() if before.started is None else before.started
        veil = Veil(plan, request, on_text)
        route = self._route(plan)
        asked = with_form(veil.request, route)
        # What may have to be put right is not shown before.
        held_back = bool(asked.schema or route.normalize)
        course = Course(
            plan,
            asked,
            route,
            self._settings,
            None if held_back else veil.on_text,
            on_attempt,
            on_end,
            purse,
            veil.prompts,
            with_form(veil.original, route),
            veil.puts_back,
        )
        course.calls = plan.calls
        if plan.calls[-1].role is CallRole.REPAIR:  # they stand last
            course.calls = tuple(call for call in plan.calls if call.role is not CallRole.REPAIR)
        course.left = list(course.calls)
        if before.attempts:
            course.take_up(before)
        try:
            way = IN_TURN if plan.degraded else self._ways.get(course.route.name, IN_TURN)
            outcome = await way.follow(course, self)
            if asked.schema:
                outcome = await formed(outcome, course, self, veil.show)
        except GateClosedError:
            outcome = Outcome(RowState.PENDING, plan)
        self._judge(outcome, course, before)
        outcome = in_form(veil.lift(outcome), route)
        given = outcome.completion if outcome.state is RowState.COMPLETED else None
        if on_text and held_back and given:
            on_text(given.text or given.refusal or "")
        attempts = tuple(course.attempts)
        return outcome.over(attempts, total_usd(attempts), (self._clock.now() - started) * 1000)

    def _judge(self, outcome: Outcome, course: Course, before: Before = NOTHING_BEFORE) -> None:
        """Tell the canary what has become of a row, after what was done ``before``."""
        if self._canary.watches:
            asked = course.attempts[len(before.attempts) :]
            self._canary.judge(outcome, [attempt.model for attempt in asked])
        if course.place is not None:
            self._canary.leave(course.place)

    def _route(self, plan: Plan) -> Route:
        """The plan's route; a model that was named by hand has none, and so none of its wishes."""
        return self._routes.get(plan.route) or Route(plan.route, plan.strategy, ())

    def can_ask(self, model: str) -> bool:
        """Whether a model can be asked now."""
        return self._doors.can_ask(model)

    def is_shut(self, model: str) -> bool:
        """Whether a model cannot be asked in this run any more."""
        return self._doors.is_shut(model)

    async def ask_once(self, call: Call, course: Course) -> Completion | None:
        """The answer of one model after its retries, which is not waited for while it is down.

        Raises GateClosedError when the run is stopped meanwhile.
        """
        if not self._doors.can_ask(call.model):
            return None
        try:
            return await self._ask(call, course)
        finally:
            # The row goes on whatever came of it, so that it says nothing of the model's health.
            self._judge(Outcome(RowState.COMPLETED), course)

    async def first_answer(self, course: Course) -> Answer | None:
        """Ask whoever comes first of those that can be asked; where nobody can, wait."""
        while course.left and course.over is None:
            call = next((one for one in course.left if self._doors.can_ask(one.model)), None)
            if call is None:
                await self._wait(course)
            elif completion := await self._ask(call, course):
                return Answer(call, completion)
        return None

    async def _wait(self, course: Course) -> None:
        """Wait for one of the models left to be asked again, as long as the row has time."""
        until = course.begin(self._clock.now())
        course.left = [call for call in course.left if not self._doors.is_shut(call.model)]
        if self._clock.now() >= until:
            course.over = course.out_of_time
        elif course.left:
            await self._doors.wait([call.model for call in course.left], until)

    async def without_answer(self, course: Course) -> Outcome:
        """The end of a course on which nobody answered."""
        if course.blamed:
            return failed(course)
        error, last = course.error, course.attempts[-1].model if course.attempts else ""
        if error and may_be_lasting(error):
            await self._doors.second_opinion(last)
        barred = [call.model for call in course.calls if not self._doors.can_ask(call.model)]
        return unavailable(course, self._doors.why_not(barred[0])) if barred else failed(course)

    async def _ask(self, call: Call, course: Course) -> Completion | None:
        """The answer of one model after its retries; None: see what else is left to do."""
        if not (self._comes_in(call.model, course) or await self._waits_in_line(call, course)):
            return None
        answer: Completion | None = None
        try:
            model = self._models[call.model]
            shaped = _shaped(call, model, course)
            while (ticket := self._doors.enter(model.name)) is not None:
                try:
                    answer = await self._caller.attempt(call, model, shaped, course, ticket)
                except TurnedAwayError:
                    break
                except CallError as raised:
                    error = course.error = raised
                else:
                    break
                if not await self._goes_on(call, model, course, error):
                    break
        finally:
            # Its verdict is still to come: another call may have to put the answer right.
            if answer is not None and course.request.schema and course.trunk is None:
                course.place = call.model
            else:
                self._canary.leave(call.model)
        return answer

    def _comes_in(self, model: str, course: Course) -> bool:
        """Whether a row has come to the canary of ``model``; none waits while it keeps a place.

        Raises GateClosedError.
        """
        row = course.trunk or course
        kept, row.place = row.place, None
        if kept == model:
            return True
        if kept is not None:
            self._canary.leave(kept)
        return self._canary.lets_in(model)

    async def _waits_in_line(self, call: Call, course: Course) -> bool:
        """Whether a row has come to the canary of its model in time. Raises GateClosedError."""
        try:
            async with course.in_time():
                await self._canary.enter(call.model)
        except TimeoutError:
            course.over = course.out_of_time
        except TurnedAwayError:
            pass
        else:
            return True
        return False

    async def _goes_on(self, call: Call, model: Model, course: Course, error: CallError) -> bool:
        """Whether the model is asked again after ``error``, once its time has come."""
        course.tries[model.name] = course.tries.get(model.name, 0) + 1
        if course.tries[model.name] == _NOT_YET_THE_LAST:
            course.answers_seen[model.name] = self._doors.answers(model.name)
        delay_s = self._next_step(call, model, course, error)
        if delay_s is None:
            return False
        if _pauses(error):
            self._gate.pause(model.name, delay_s)
        else:
            await self._gate.sleep(delay_s)
        return True

    def _next_step(
        self, call: Call, model: Model, course: Course, error: CallError
    ) -> float | None:
        """Seconds until the model is asked again, None to go on with what ``course`` has left."""
        now = self._clock.now()
        left_s = course.begin(now) - now
        # Two answers are never spliced: what the reader has seen cannot be taken back.
        if course.blamed:
            course.left = []
        elif course.spent:
            course.over = course.no_attempts_left
        elif left_s <= 0:
            course.over = course.out_of_time
        elif error.kind is ErrorKind.CONTEXT_WINDOW:
            course.drop(call)
            course.widen(model, self._models)
        elif not self._doors.can_ask(model.name):
            course.tries[model.name] = 0  # it was the model's fault, and not the row's
        elif is_lasting(error):
            return 0.0  # another row was answered since
        else:
            return self._retry(call, course, error, left_s)
        return None

    def _retry(self, call: Call, course: Course, error: CallError, left_s: float) -> float | None:
        others = any(
            other is not call and self._doors.can_ask(other.model) for other in course.left
        )
        tries = course.tries[call.model]
        decision = decide(
            error, tries=tries, more_models=others, left_s=left_s, jitter=self._jitter
        )
        if decision.verdict is Verdict.AGAIN:
            return decision.delay_s
        if others or not self._excused(call, course, error):
            course.drop(call)
        return None

    def _excused(self, call: Call, course: Course, error: CallError) -> bool:
        """Whether the row waits for the model instead of failing, as it may be an outage: once."""
        if course.excused or error.kind not in TROUBLE:
            return False
        course.excused = self._doors.suspect(call.model, course.answers_seen.get(call.model))
        if course.excused:
            course.tries[call.model] = 0
        return course.excused


def _shaped(call: Call, model: Model, course: Course) -> Request:
    """The request as it is sent for this use of the model."""
    asked = course.request_to(model.name)
    shaped = shape(asked, course.route, model, call.dropped, prompted=call.prompted)
    repeated = len(course.plan.calls) > 1 and _is_repeated(call, course.plan)
    if repeated or call.logprobs:
        return probed(shaped, call, model, repeated=repeated)
    return shaped


def _is_repeated(call: Call, plan: Plan) -> bool:
    """Whether the plan asks the same model for several answers to the same request."""
    return call.role is not CallRole.JUDGE and any(
        other.model == call.model and other.sample for other in plan.calls
    )


def _pauses(error: CallError) -> bool:
    """Whether all rows of the model wait; a refusal without a time only slows its pace."""
    if error.kind is ErrorKind.RATE_LIMIT:
        return error.retry_after is not None
    return error.kind is ErrorKind.OVERLOADED
