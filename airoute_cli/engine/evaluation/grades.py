"""Grades: each answer against what its case expects."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from airoute_cli.edges.verify import verify
from airoute_cli.engine.evaluation.answers import Answer
from airoute_cli.engine.evaluation.cases import Case
from airoute_cli.routing.grading.checks import first_miss

COMMAND_TIMEOUT_S = 30.0
COMMANDS_AT_ONCE = 4
# From this score of a judge on, in 0..1, an answer counts as accepted.
ACCEPTED_FROM = 0.7

# The judge's score of a case's answer, in 0..1, or why there is none, by the case and the text.
Judged = Mapping[tuple[str, str], float | str]
NOT_JUDGED = "the judge gave no score"


@dataclass(frozen=True, slots=True)
class Grade:
    """One contender's answer to one case; ``score`` is in 0..1, ``miss`` says what it lacks."""

    contender: str
    custom_id: str
    score: float
    accepted: bool
    miss: str | None
    state: str
    model: str | None
    route: str | None
    usd: Decimal | None
    latency_ms: float
    escalated: bool
    confidence: float | None

    def as_dict(self) -> dict[str, Any]:
        """For grades.jsonl."""
        return {name: getattr(self, name) for name in self.__slots__} | {
            "usd": None if self.usd is None else float(self.usd)
        }


async def grade(
    contender: str, cases: Sequence[Case], answers: Mapping[str, Answer], judged: Judged
) -> list[Grade]:
    """A grade for every case; one without an answer has score 0. Raises SetupError."""
    room = asyncio.Semaphore(COMMANDS_AT_ONCE)

    async def one(case: Case) -> Grade:
        async with room:
            return await _grade(contender, case, answers.get(case.custom_id), judged)

    return list(await asyncio.gather(*map(one, cases)))


async def _grade(contender: str, case: Case, answer: Answer | None, judged: Judged) -> Grade:
    if answer is None or answer.text is None:
        state = "pending" if answer is None else answer.state
        failure = answer.failure if answer else None
        return _made(contender, case, answer, 0.0, failure or f"no answer: {state}")
    miss = first_miss(answer.text, case.expected)
    if miss is None and case.expected.command:
        miss = await verify(case.expected.command, answer.text, COMMAND_TIMEOUT_S)
    if miss is not None:
        return _made(contender, case, answer, 0.0, miss)
    if case.expected.judge is None:
        return _made(contender, case, answer, 1.0, None)
    score = judged.get((case.custom_id, answer.text), "not asked")
    if isinstance(score, str):
        return _made(contender, case, answer, 0.0, f"{NOT_JUDGED}: {score}")
    miss = None if score >= ACCEPTED_FROM else f"the judge gave {score:.1f}"
    return _made(contender, case, answer, score, miss)


def _made(
    contender: str, case: Case, answer: Answer | None, score: float, miss: str | None
) -> Grade:
    return Grade(
        contender=contender,
        custom_id=case.custom_id,
        score=score,
        accepted=miss is None,
        miss=miss,
        state=answer.state if answer else "pending",
        model=answer.model if answer else None,
        route=answer.route if answer else None,
        usd=answer.usd if answer else Decimal(0),
        latency_ms=answer.latency_ms if answer else 0.0,
        escalated=bool(answer and answer.escalated),
        confidence=answer.confidence if answer else None,
    )
