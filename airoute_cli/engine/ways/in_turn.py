"""In turn: the first model that answers, answers."""

from __future__ import annotations

from airoute_cli.core.outcome import Outcome
from airoute_cli.engine.course import Course, answered
from airoute_cli.engine.ways.way import Asker


class InTurn:
    """Implements Way."""

    async def follow(self, course: Course, asker: Asker) -> Outcome:
        """The first answer, as it comes."""
        answer = await asker.first_answer(course)
        if answer is None:
            return await asker.without_answer(course)
        return answered(course, answer.call, answer.completion)
