"""Asking a judge about answers: calls of the plan like any other, without the route's own words."""

from __future__ import annotations

from dataclasses import replace

from airoute_cli.core.plan import Call, CallRole
from airoute_cli.core.request import Request
from airoute_cli.core.settings import EMPTY
from airoute_cli.engine.course import Course
from airoute_cli.engine.ways.way import Answer, Asker


class JudgeGoneError(Exception):
    """The judge cannot be asked in this run; ``branch`` is the course on which that was found.

    To go on without it would change what the route decides for every row to come.
    """

    def __init__(self, branch: Course) -> None:
        super().__init__()
        self.branch = branch


async def ask_judge(course: Course, asker: Asker, judge: Call, request: Request) -> Answer | None:
    """What the judge says; None where it does not answer. Raises JudgeGoneError."""
    route = replace(course.route, system=None, settings=EMPTY)
    branch = course.branch([judge], request, route)
    answer = await asker.first_answer(branch)
    if answer is None and asker.is_shut(judge.model):
        raise JudgeGoneError(branch)
    return answer


def judge_behind(calls: tuple[Call, ...], call: Call) -> Call | None:
    """The judge that the plan puts behind ``call``, before the next call for an answer."""
    place = next(place for place, other in enumerate(calls) if other is call)
    for other in calls[place + 1 :]:
        if other.role is CallRole.JUDGE:
            return other
        if other.role is not CallRole.SAMPLE:
            return None
    return None
