"""One row on its way through its plan: what is left to ask, what happened, how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from types import MappingProxyType

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.errors import FALLS_BACK, CallError, ErrorKind
from airoute_cli.core.outcome import Attempt, Outcome, RowFailure, RowState
from airoute_cli.core.plan import Call, Plan
from airoute_cli.core.profile import Model, OnTruncated, OnUnavailable, Route, RunSettings
from airoute_cli.core.request import Request
from airoute_cli.engine.before import Before
from airoute_cli.engine.endpoints import OnText
from airoute_cli.engine.lasting import Lasting
from airoute_cli.engine.purse import Purse

# Gets each call and its number before it leaves...
OnAttempt = Callable[[Call, int], None]
# ...and the same number with how it ended.
OnEnd = Callable[[int, Attempt, Completion | None], None]

_WITHOUT_MODELS: Mapping[OnUnavailable, RowState] = MappingProxyType(
    {
        OnUnavailable.PENDING: RowState.PENDING,
        OnUnavailable.DEGRADE: RowState.PENDING,  # those who could stand in cannot be asked either
        OnUnavailable.DEFER: RowState.DEFERRED,
        OnUnavailable.HANDOFF: RowState.HANDED_OFF,
        OnUnavailable.FAIL: RowState.FAILED,
    }
)


@dataclass(slots=True)
class Course:
    """``deadline`` is on the run's clock; None until the row's time has begun.

    ``left`` are those of its ``calls`` that may still be made. ``answers_seen`` is how often a
    model had answered when it failed at the row for the second time, and ``excused`` that the row's
    failures were put down to a model once. ``over`` is why no more is done for the row whatever is
    left of the plan. ``trunk`` is the row's own course, where this is a branch of it: one of
    several answers that the row needs. ``prompts`` are what a template made of the request, by the
    names of models. ``original`` is the request before anything in it was replaced, and ``lifted``
    puts that back into an answer, where anything was. ``place`` is the model at whose canary the
    row has kept a place after its call. ``numbered`` are the calls that the row has begun.
    """

    plan: Plan
    request: Request
    route: Route
    settings: RunSettings
    on_text: OnText | None
    on_attempt: OnAttempt | None
    on_end: OnEnd | None
    purse: Purse | None = None
    prompts: Mapping[str, Request] = field(default_factory=dict)
    original: Request | None = None
    lifted: Callable[[Completion], Completion] | None = None
    calls: tuple[Call, ...] = ()
    left: list[Call] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    tries: dict[str, int] = field(default_factory=dict)
    error: CallError | None = None
    deadline: float | None = None
    answers_seen: dict[str, int] = field(default_factory=dict)
    excused: bool = False
    spoken: bool = False
    over: str | None = None
    trunk: Course | None = None
    place: str | None = None
    numbered: int = 0

    def take_up(self, before: Before) -> None:
        """Go on from the calls that were made for the row before it was planned."""
        self.attempts = list(before.attempts)
        self.numbered = len(before.attempts)
        self.deadline = before.deadline

    def branch(
        self, calls: Sequence[Call], request: Request | None = None, route: Route | None = None
    ) -> Course:
        """A course of its own for some calls of the plan, within the row's time and attempts.

        Nobody reads along: which answer is given is not decided yet.
        """
        return Course(
            self.plan,
            request or self.request,
            route or self.route,
            self.settings,
            None,
            self.on_attempt,
            self.on_end,
            self.purse,
            prompts={} if request else self.prompts,
            calls=tuple(calls),
            left=list(calls),
            trunk=self.trunk or self,
        )

    def number(self) -> int:
        """The number of the row's next call, from 1."""
        row = self.trunk or self
        row.numbered += 1
        return row.numbered

    def request_to(self, model: str) -> Request:
        """What one model is asked."""
        return self.prompts.get(model, self.request)

    def as_given(self, completion: Completion) -> Completion:
        """An answer as the user gets it, which is what is accepted or not."""
        return self.lifted(completion) if self.lifted else completion

    def note(self, attempt: Attempt) -> None:
        """Keep the record of an attempt, here and with the row."""
        self.attempts.append(attempt)
        if self.trunk:
            self.trunk.attempts.append(attempt)

    def say(self, text: str) -> None:
        """Hand a piece of the answer on."""
        self.spoken = True
        if self.on_text:
            self.on_text(text)

    def begin(self, now: float) -> float:
        """When the row's time ends; it begins now if it has not yet."""
        if self.trunk:
            self.deadline = self.trunk.begin(now)
        if self.deadline is None:
            self.deadline = now + self.settings.row_timeout
        return self.deadline

    def in_time(self) -> AbstractAsyncContextManager[object]:
        """A block that the row's time ends with a TimeoutError, if it has begun."""
        return nullcontext() if self.deadline is None else asyncio.timeout_at(self.deadline)

    def drop(self, call: Call) -> None:
        """Ask this model no more."""
        self.left = [other for other in self.left if other is not call]

    def widen(self, narrow: Model, models: Mapping[str, Model]) -> None:
        """Keep the models whose window may hold what was too much for ``narrow``."""
        window = narrow.context_window
        if window is not None:
            self.left = [
                call
                for call in self.left
                if (other := models[call.model].context_window) is None or other > window
            ]

    @property
    def spent(self) -> bool:
        """Whether every attempt that the row has was made."""
        made = self.trunk.attempts if self.trunk else self.attempts
        return len(made) >= self.settings.max_attempts

    @property
    def out_of_time(self) -> str:
        """What is told of a row that was given up because of its time."""
        return f"the row's time was over (row_timeout = {self.settings.row_timeout:g} s)"

    @property
    def no_attempts_left(self) -> str:
        """What is told of a row that was given up because of its attempts."""
        return f"the row's attempts were used up (max_attempts = {self.settings.max_attempts})"

    @property
    def blamed(self) -> bool:
        """Whether the row failed for a reason that lies in itself, and not in who was asked."""
        return self.spoken or (self.error is not None and self.error.kind not in FALLS_BACK)


def answered(course: Course, call: Call, completion: Completion) -> Outcome:
    """The end of a row with an answer; a refusal without a word is none, as it is as an error."""
    if completion.finish_reason is FinishReason.STOP and not completion.refusal:
        return Outcome(RowState.COMPLETED, course.plan, completion, call.model)  # as nearly all do
    if completion.empty and (completion.filtered or completion.refused):
        who = "the provider's content filter" if completion.filtered else call.model
        failure = RowFailure(ErrorKind.CONTENT_POLICY, f"{who} gave no answer to this prompt")
        return Outcome(RowState.FAILED, course.plan, completion, call.model, failure=failure)
    if completion.truncated and course.route.on_truncated is OnTruncated.FAIL:
        failure = RowFailure(
            ErrorKind.TRUNCATED,
            f"the answer was cut at {call.max_output_tokens:,} tokens and the route "
            f'{course.plan.route!r} says on_truncated = "fail"; raise max_output_tokens',
        )
        return Outcome(RowState.FAILED, course.plan, completion, call.model, failure=failure)
    return Outcome(RowState.COMPLETED, course.plan, completion, call.model)


def unavailable(course: Course, why: Lasting) -> Outcome:
    """The end of a row whose models cannot be asked: as its route wants it."""
    state = _WITHOUT_MODELS[course.route.on_unavailable]
    return Outcome(state, course.plan, failure=RowFailure(why.code, f"{why}{_tries(course)}"))


def failed(course: Course) -> Outcome:
    """The end of a row whose models were asked in vain."""
    error = course.error
    code = error.kind if error else ErrorKind.SERVER
    over = f"{course.over}; the last error: " if course.over else ""
    return Outcome(
        RowState.FAILED,
        course.plan,
        failure=RowFailure(code, f"{over}{error or 'no answer'}{_tries(course)}"),
    )


def _tries(course: Course) -> str:
    count = len(course.attempts)
    return f" (after {count} attempts)" if count > 1 else ""
