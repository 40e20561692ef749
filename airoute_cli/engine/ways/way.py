"""What a way of carrying out a plan gets and gives."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from airoute_cli.core.completion import Completion
from airoute_cli.core.outcome import Outcome
from airoute_cli.core.plan import Call
from airoute_cli.engine.course import Course


class Answer(NamedTuple):
    """Who answered, and what."""

    call: Call
    completion: Completion


class Asker(Protocol):
    """Who asks models, with retries and fallbacks; the executor."""

    def can_ask(self, model: str) -> bool:
        """Whether a model can be asked now: it is not known to be down."""
        ...

    def is_shut(self, model: str) -> bool:
        """Whether a model cannot be asked in this run any more."""
        ...

    async def first_answer(self, course: Course) -> Answer | None:
        """The answer of the first model of what the course has left; None: nobody gave one.

        Raises GateClosedError when the run is stopped meanwhile.
        """
        ...

    async def without_answer(self, course: Course) -> Outcome:
        """The end of a course on which nobody answered."""
        ...


class Way(Protocol):
    """How the calls of a plan become one outcome."""

    async def follow(self, course: Course, asker: Asker) -> Outcome:
        """The end of a row. Raises GateClosedError as the asker does."""
        ...
