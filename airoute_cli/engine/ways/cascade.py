"""A cascade: the next model is asked where an answer is not accepted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from airoute_cli.core.completion import Completion
from airoute_cli.core.errors import ErrorKind
from airoute_cli.core.outcome import Outcome, RowFailure, RowState, Step, StepVerdict
from airoute_cli.core.plan import Call, CallRole
from airoute_cli.engine.course import Course, answered
from airoute_cli.engine.meter import total_usd
from airoute_cli.engine.ways.inspection import REFUSED, inspect
from airoute_cli.engine.ways.jury import JudgeGoneError, ask_judge, judge_behind
from airoute_cli.engine.ways.way import Answer, Asker
from airoute_cli.routing.acceptance.checks import Finding, confidence_fault
from airoute_cli.routing.combine import vote
from airoute_cli.routing.judging import read_score, score_request
from airoute_cli.routing.strategies.cascade import Options

_STEPS = frozenset({CallRole.ANSWER, CallRole.ESCALATION})
_BEHIND = frozenset({CallRole.FALLBACK, CallRole.STAND_IN})


class _Looked(NamedTuple):
    """An answer that was looked at: what is wrong with it, and how sure its model is."""

    answer: Answer
    fault: Finding | None
    confidence: float | None = None


class Cascade:
    """Implements Way for one route."""

    def __init__(self, options: Options) -> None:
        self._options = options

    async def follow(self, course: Course, asker: Asker) -> Outcome:
        """The first answer that is accepted; the last one, flagged, where none is."""
        left = [call for call in course.plan.calls if call.role in _STEPS]
        behind = [call for call in course.plan.calls if call.role in _BEHIND]
        steps: list[Step] = []
        kept: Answer | None = None
        while left or kept is None:
            before = len(course.attempts)
            branch = course.branch([*left, *behind])
            answer = await asker.first_answer(branch)
            if answer is None:
                if self._goes_on_after(branch, left):
                    steps.append(_failed_step(course, before, branch, left[0]))
                    left = left[1:]
                    continue
                return await self._unanswered(course, asker, branch, kept, steps)
            try:
                is_last = answer.call not in left[:-1]
                looked = await self._look(course, asker, answer, is_last=is_last)
            except JudgeGoneError as gone:
                return (await asker.without_answer(gone.branch))._replace(steps=tuple(steps))
            steps.append(_step(course, before, looked))
            kept = looked.answer
            if looked.fault is None or self._is_final(looked):
                return self._given(course, looked, steps)
            left = _after(left, answer.call)
            if answer.call in behind:
                break
        return self._rejected(course, kept, steps)

    async def _look(
        self, course: Course, asker: Asker, answer: Answer, *, is_last: bool
    ) -> _Looked:
        """The cheap checks first, then the command, then what costs calls."""
        accept = self._options.accept
        if answer.completion.filtered or answer.completion.refused:
            return _Looked(answer, REFUSED)
        fault = await inspect(answer.completion, course, accept)
        if fault is not None or is_last or accept.min_confidence is None:
            return _Looked(answer, fault)
        looked = await self._confidence(course, asker, answer)
        return looked._replace(fault=confidence_fault(looked.confidence, accept))

    async def _confidence(self, course: Course, asker: Asker, answer: Answer) -> _Looked:
        accept = self._options.accept
        if accept.confidence == "agreement":
            return await _agreement(course, asker, answer)
        if accept.confidence == "logprobs":
            return _Looked(answer, None, answer.completion.confidence)
        judge = judge_behind(course.plan.calls, answer.call)
        if judge is None:
            return _Looked(answer, None)
        asked = score_request(course.request, answer.completion)
        verdict = await ask_judge(course, asker, judge, asked)
        return _Looked(answer, None, None if verdict is None else read_score(verdict.completion))

    def _is_final(self, looked: _Looked) -> bool:
        return looked.fault is REFUSED and not self._options.escalate_on_refusal

    def _goes_on_after(self, branch: Course, left: Sequence[Call]) -> bool:
        """Whether a model's refusal in the form of an error leads to the next one."""
        error = branch.error
        refused = error is not None and error.kind is ErrorKind.CONTENT_POLICY
        return refused and self._options.escalate_on_refusal and len(left) > 1

    def _given(self, course: Course, looked: _Looked, steps: Sequence[Step]) -> Outcome:
        return _ended(course, looked.answer, steps, accepted=looked.fault is None)

    def _rejected(self, course: Course, kept: Answer, steps: Sequence[Step]) -> Outcome:
        if self._options.on_rejected == "keep":
            return _ended(course, kept, steps, accepted=False)
        last = steps[-1]
        why = f"no answer was accepted; {last.model}: {last.check}: {last.reason}"
        return Outcome(
            RowState.FAILED,
            course.plan,
            kept.completion,
            kept.call.model,
            failure=RowFailure("not_accepted", why),
            steps=tuple(steps),
            accepted=False,
        )

    async def _unanswered(
        self,
        course: Course,
        asker: Asker,
        branch: Course,
        kept: Answer | None,
        steps: list[Step],
    ) -> Outcome:
        """Nobody is left who answers; an answer that was not good enough may still be had."""
        outcome = await asker.without_answer(branch)
        if outcome.state is not RowState.FAILED or kept is None:
            return outcome._replace(steps=tuple(steps))
        failure = outcome.failure
        check, reason = (failure.code, failure.message) if failure else (None, None)
        asked = branch.attempts[-1].model if branch.attempts else kept.call.model
        usd = total_usd(branch.attempts)
        steps.append(Step(asked, StepVerdict.FAILED, check, reason, usd=usd))
        return self._rejected(course, kept, steps)


async def _agreement(course: Course, asker: Asker, answer: Answer) -> _Looked:
    """The answer that most of the samples gave, and their share of all that were given."""
    samples = [
        call
        for call in course.plan.calls
        if call.role is CallRole.SAMPLE and call.model == answer.call.model
    ]
    branches = [course.branch([call]) for call in samples if asker.can_ask(call.model)]
    asked = (asker.first_answer(branch) for branch in branches)
    given = await asyncio.gather(*asked, return_exceptions=True)
    for one in given:
        if isinstance(one, BaseException):
            raise one  # when all are done
    answers = [answer, *(one for one in given if isinstance(one, Answer))]
    combined = vote.combine([one.completion.text for one in answers], None)
    if combined is None or len(answers) == 1:
        return _Looked(answer, None)
    return _Looked(answers[combined.place], None, combined.agreeing / len(answers))


def _after(left: Sequence[Call], call: Call) -> list[Call]:
    """The steps behind the one that answered."""
    places = [place for place, other in enumerate(left) if other is call]
    return list(left[places[0] + 1 :]) if places else []


def _step(course: Course, before: int, looked: _Looked) -> Step:
    fault = looked.fault
    return Step(
        looked.answer.call.model,
        StepVerdict.ACCEPTED if fault is None else StepVerdict.REJECTED,
        None if fault is None else fault.check,
        None if fault is None else fault.reason,
        looked.confidence,
        total_usd(course.attempts[before:]),
    )


def _failed_step(course: Course, before: int, branch: Course, call: Call) -> Step:
    error = branch.error
    usd = total_usd(course.attempts[before:])
    check = None if error is None else str(error.kind)
    return Step(call.model, StepVerdict.FAILED, check, str(error), usd=usd)


def _ended(course: Course, answer: Answer, steps: Sequence[Step], *, accepted: bool) -> Outcome:
    course.say(_spoken(answer.completion))
    ended = answered(course, answer.call, answer.completion)
    return ended._replace(steps=tuple(steps), accepted=accepted)


def _spoken(completion: Completion) -> str:
    return completion.text or completion.refusal or ""
