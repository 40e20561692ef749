"""An ensemble: several answers at once, and one made of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from airoute_cli.core.completion import Completion
from airoute_cli.core.outcome import Outcome, RowFailure, RowState, Step, StepVerdict
from airoute_cli.core.plan import Call, CallRole
from airoute_cli.engine.course import Course, answered
from airoute_cli.engine.meter import total_usd
from airoute_cli.engine.ways.inspection import REFUSED, inspect
from airoute_cli.engine.ways.jury import JudgeGoneError, ask_judge
from airoute_cli.engine.ways.way import Answer, Asker
from airoute_cli.routing.acceptance.checks import Finding
from airoute_cli.routing.combine import COMBINERS, JUDGE, vote
from airoute_cli.routing.combine.base import Combined
from airoute_cli.routing.judging import choice_request, read_choice
from airoute_cli.routing.strategies.ensemble import Options

_BEHIND = frozenset({CallRole.FALLBACK, CallRole.STAND_IN})


@dataclass(frozen=True, slots=True)
class _Member:
    """One member's course: its answer, and what is wrong with it."""

    call: Call
    branch: Course
    answer: Answer | None
    fault: Finding | None

    @property
    def counts(self) -> bool:
        """Whether its answer is one of those that are combined."""
        return self.answer is not None and self.fault is None


class Ensemble:
    """Implements Way for one route."""

    def __init__(self, options: Options) -> None:
        self._options = options

    async def follow(self, course: Course, asker: Asker) -> Outcome:
        """One answer of those that the members gave, if enough of them did."""
        calls = [call for call in course.plan.calls if call.role is CallRole.MEMBER]
        quorum = self._options.quorum or len(calls) // 2 + 1
        members = await self._gather(course, asker, _up(calls, asker, quorum))
        valid = [member for member in members if member.counts]
        if len(valid) < quorum:
            return await self._without_quorum(course, asker, members, quorum)
        answers = [member.answer for member in valid if member.answer is not None]
        try:
            combined = await self._combine(course, asker, answers)
        except JudgeGoneError as gone:
            return (await asker.without_answer(gone.branch))._replace(steps=_steps(members))
        if combined is None:
            return _uncombined(course, members, answers)
        chosen = _with_text(answers[combined.place], combined)
        course.say(chosen.completion.text)
        steps = tuple(_step(member, valid[combined.place], self._options) for member in members)
        ended = answered(course, chosen.call, chosen.completion)
        return ended._replace(steps=steps, accepted=True, combined=combined.reason)

    async def _gather(self, course: Course, asker: Asker, calls: Sequence[Call]) -> list[_Member]:
        """All members at once. The first error that stops the run is raised when all are done."""
        asked = (self._ask(course, asker, call) for call in calls)
        given = await asyncio.gather(*asked, return_exceptions=True)
        for one in given:
            if isinstance(one, BaseException):
                raise one
        return [one for one in given if isinstance(one, _Member)]

    async def _ask(self, course: Course, asker: Asker, call: Call) -> _Member:
        branch = course.branch([call])
        answer = await asker.first_answer(branch)
        fault = None if answer is None else await self._fault(course, answer.completion)
        return _Member(call, branch, answer, fault)

    async def _fault(self, course: Course, completion: Completion) -> Finding | None:
        if completion.filtered or completion.refused:
            return REFUSED
        return await inspect(completion, course, self._options.accept)

    async def _combine(
        self, course: Course, asker: Asker, answers: Sequence[Answer]
    ) -> Combined | None:
        texts = [answer.completion.text for answer in answers]
        if self._options.combine != JUDGE:
            return COMBINERS[self._options.combine](texts, self._options.field)
        return await self._judged(course, asker, answers) or _voted(texts, self._options.field)

    async def _judged(
        self, course: Course, asker: Asker, answers: Sequence[Answer]
    ) -> Combined | None:
        """What the judge says; None where it may not see the row, or says nothing of use."""
        judge = next((call for call in course.plan.calls if call.role is CallRole.JUDGE), None)
        if judge is None:
            return None
        merges = self._options.judge_mode == "merge"
        completions = [answer.completion for answer in answers]
        request = choice_request(course.request, completions, merges=merges)
        verdict = await ask_judge(course, asker, judge, request)
        if verdict is None:
            return None
        if merges:
            text = verdict.completion.text.strip()
            reason = f"{judge.model} merged {len(answers)} answers"
            return Combined(0, reason, text=text) if text else None
        place = read_choice(verdict.completion, len(answers))
        if place is None:
            return None
        return Combined(place, f"{judge.model} picked one of {len(answers)} answers")

    async def _without_quorum(
        self, course: Course, asker: Asker, members: Sequence[_Member], quorum: int
    ) -> Outcome:
        """The route's fallback answers; without one, the row ends as its members did."""
        steps = _steps(members)
        behind = [call for call in course.plan.calls if call.role in _BEHIND]
        valid = sum(member.counts for member in members)
        told = f"{valid} of {len(members)} members gave a valid answer, and {quorum} must"
        if behind:
            branch = course.branch(behind)
            answer = await asker.first_answer(branch)
            if answer is None:
                return (await asker.without_answer(branch))._replace(steps=steps)
            course.say(answer.completion.text)
            ended = answered(course, answer.call, answer.completion)
            return ended._replace(steps=steps, accepted=False, combined=f"{told}: the fallback's")
        if not any(member.answer for member in members):
            return (await asker.without_answer(members[0].branch))._replace(steps=steps)
        return Outcome(
            RowState.FAILED, course.plan, failure=RowFailure("no_quorum", told), steps=steps
        )


def _up(calls: Sequence[Call], asker: Asker, quorum: int) -> Sequence[Call]:
    """The members that can be asked now, if they are enough; else all, and they are waited for."""
    up = [call for call in calls if asker.can_ask(call.model)]
    return up if len(up) >= quorum else calls


def _voted(texts: Sequence[str], field: str | None) -> Combined | None:
    """What the members say where the judge does not."""
    combined = vote.combine(texts, field)
    return combined and combined._replace(reason=f"without the judge's word: {combined.reason}")


def _with_text(answer: Answer, combined: Combined) -> Answer:
    if combined.text is None:
        return answer
    return Answer(answer.call, answer.completion._replace(text=combined.text))


def _uncombined(course: Course, members: Sequence[_Member], answers: Sequence[Answer]) -> Outcome:
    told = f"none of {len(answers)} answers has what is compared"
    steps = _steps(members)
    failure = RowFailure("not_combined", told)
    return Outcome(RowState.FAILED, course.plan, failure=failure, steps=steps)


def _steps(members: Sequence[_Member]) -> tuple[Step, ...]:
    """The members' steps where none was chosen."""
    return tuple(_step(member, None, None) for member in members)


def _step(member: _Member, chosen: _Member | None, options: Options | None) -> Step:
    usd = total_usd(member.branch.attempts)
    if member.answer is None:
        error = member.branch.error
        kind = str(error.kind) if error else None
        reason = str(error) if error else member.branch.over
        return Step(member.call.model, StepVerdict.FAILED, kind, reason, usd=usd)
    if member.fault is not None:
        fault = member.fault
        return Step(member.call.model, StepVerdict.REJECTED, fault.check, fault.reason, usd=usd)
    agrees = chosen is None or options is None or member is chosen or _same(member, chosen, options)
    verdict = StepVerdict.ACCEPTED if agrees else StepVerdict.OUTVOTED
    return Step(member.call.model, verdict, usd=usd)


def _same(member: _Member, chosen: _Member, options: Options) -> bool:
    if member.answer is None or chosen.answer is None:
        return False
    texts = [member.answer.completion.text, chosen.answer.completion.text]
    agreed = vote.combine(texts, options.field)
    return agreed is not None and agreed.agreeing > 1
