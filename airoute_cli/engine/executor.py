"""Executes a plan: its calls in order, each with its retries, until one answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from airoute_cli.core.completion import Completion
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.outcome import Attempt, Outcome, RowFailure, RowState
from airoute_cli.core.plan import Call, Plan
from airoute_cli.core.profile import Model, OnTruncated, Profile, Route
from airoute_cli.core.request import Request
from airoute_cli.engine import closure
from airoute_cli.engine.endpoints import Endpoints, OnText
from airoute_cli.engine.gate import Gate, GateClosedError
from airoute_cli.engine.live_figures import LiveFigures
from airoute_cli.engine.meter import Meter, tokens_used, total_usd
from airoute_cli.engine.retry import Verdict, decide
from airoute_cli.engine.veil import Veil
from airoute_cli.routing.shape import shape
from airoute_cli.routing.tokens import estimate_request

OnAttempt = Callable[[Call, int], None]

# The provider said "not now" about the model, not about this request: all its rows slow down.
TOO_FAST = frozenset({ErrorKind.RATE_LIMIT, ErrorKind.OVERLOADED})


@dataclass(slots=True)
class _Course:
    """One plan on its way: what is asked, what happened, and what the reader has seen."""

    plan: Plan
    request: Request
    route: Route
    on_text: OnText | None
    on_attempt: OnAttempt | None
    attempts: list[Attempt] = field(default_factory=list)
    error: CallError | None = None
    spoken: bool = False

    def say(self, text: str) -> None:
        self.spoken = True
        if self.on_text:
            self.on_text(text)


class Executor:
    """Runs plans against endpoints, through the gate."""

    def __init__(
        self, profile: Profile, endpoints: Endpoints, gate: Gate, figures: LiveFigures
    ) -> None:
        self._models = profile.models
        self._routes = {route.name: route for route in profile.routes}
        self._endpoints = endpoints
        self._gate = gate
        self._figures = figures

    async def run(
        self,
        plan: Plan,
        request: Request,
        *,
        on_text: OnText | None = None,
        on_attempt: OnAttempt | None = None,
    ) -> Outcome:
        """Do what the plan says; a failed call is an outcome, never an exception.

        ``on_text`` gets the answer piece by piece; ``on_attempt`` is told of each call (and its
        number) before it leaves. When the gate is shut meanwhile, the row is pending again.
        """
        if not plan.calls:
            return closure.nobody(plan)
        started = time.monotonic()
        veil = Veil(plan, request, on_text)
        course = _Course(plan, veil.request, self._route(plan), veil.on_text, on_attempt)
        try:
            answer = await self._first_answer(course)
        except GateClosedError:
            outcome = Outcome(RowState.PENDING, plan)
        else:
            outcome = _answered(course, *answer) if answer else _failed(course)
        return replace(
            veil.lift(outcome),
            attempts=tuple(course.attempts),
            usd=total_usd(course.attempts),
            latency_ms=(time.monotonic() - started) * 1000,
        )

    def _route(self, plan: Plan) -> Route:
        """The plan's route; a model that was named by hand has none, and so none of its wishes."""
        named = Route(plan.route, plan.strategy, ())
        return self._routes.get(plan.route, named)

    async def _first_answer(self, course: _Course) -> tuple[Call, Completion] | None:
        calls = course.plan.calls
        for call, more_models in zip(calls, [True] * (len(calls) - 1) + [False], strict=True):
            completion, goes_on = await self._ask(call, course, more_models=more_models)
            if completion is not None:
                return call, completion
            if not goes_on:
                return None
        return None

    async def _ask(
        self, call: Call, course: _Course, *, more_models: bool
    ) -> tuple[Completion | None, bool]:
        """The answer of one model after its retries, or None and whether to ask the next one."""
        model = self._models[call.model]
        shaped = shape(course.request, course.route, model, call.dropped)
        tries = 0
        while True:
            tries += 1
            try:
                return await self._attempt(call, model, shaped, course), False
            except CallError as error:
                course.error = error
            decision = decide(
                course.error, tries=tries, attempts=len(course.attempts), more_models=more_models
            )
            # Two answers are never spliced: what the reader has seen cannot be taken back.
            if course.spoken:
                return None, False
            if decision.verdict is not Verdict.AGAIN:
                return None, decision.verdict is Verdict.NEXT_MODEL
            if _pauses(course.error):
                self._gate.pause(call.model, decision.delay_s)
            else:
                await self._gate.sleep(decision.delay_s)

    async def _attempt(
        self, call: Call, model: Model, shaped: Request, course: _Course
    ) -> Completion:
        closure.require(course.plan, model)
        asked = time.monotonic()
        lease = await self._gate.acquire(model.name, call.input_tokens + call.max_output_tokens)
        if course.on_attempt:
            course.on_attempt(call, len(course.attempts) + 1)
        meter = Meter(model, call, waited_s=time.monotonic() - asked)
        attempt: Attempt | None = None
        try:
            completion = await self._send(model, shaped, course)
            attempt = meter.answered(completion)
            self._figures.answered(attempt, estimate_request(shaped))
        except CallError as error:
            attempt = meter.failed(error)
            self._figures.failed(attempt)
            raise
        except asyncio.CancelledError:
            attempt = meter.failed(CallError(ErrorKind.CANCELLED, "interrupted"))
            raise
        finally:
            if attempt:
                course.attempts.append(attempt)
            lease.release(
                tokens_used(attempt) if attempt else None,
                refused=_too_fast(attempt) if attempt else None,
            )
        return completion

    async def _send(self, model: Model, shaped: Request, course: _Course) -> Completion:
        endpoint = self._endpoints.of(model)
        if course.on_text is None:
            return await endpoint.complete(model, shaped)
        return await endpoint.stream(model, shaped, course.say)


def _pauses(error: CallError) -> bool:
    """Whether all rows of the model wait; a refusal without a time only slows its pace."""
    if error.kind is ErrorKind.RATE_LIMIT:
        return error.retry_after is not None
    return error.kind is ErrorKind.OVERLOADED


def _too_fast(attempt: Attempt) -> bool | None:
    """Whether the provider refused the pace; None: it neither answered nor said so."""
    return False if attempt.error is None else attempt.error in TOO_FAST or None


def _answered(course: _Course, call: Call, completion: Completion) -> Outcome:
    if completion.truncated and course.route.on_truncated is OnTruncated.FAIL:
        failure = RowFailure(
            ErrorKind.TRUNCATED,
            f"the answer was cut at {call.max_output_tokens:,} tokens and the route "
            f'{course.plan.route!r} says on_truncated = "fail"; raise max_output_tokens',
        )
        return Outcome(RowState.FAILED, course.plan, completion, call.model, failure=failure)
    return Outcome(RowState.COMPLETED, course.plan, completion, call.model)


def _failed(course: _Course) -> Outcome:
    error = course.error
    code = error.kind if error else ErrorKind.SERVER
    count = len(course.attempts)
    tries = f" (after {count} attempts)" if count > 1 else ""
    return Outcome(
        RowState.FAILED, course.plan, failure=RowFailure(code, f"{error or 'no answer'}{tries}")
    )
