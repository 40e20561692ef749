"""Looking at one answer without a further call: the cheap checks first, then the command."""

from __future__ import annotations

from airoute_cli.core.completion import Completion
from airoute_cli.edges.verify import verify
from airoute_cli.engine.course import Course
from airoute_cli.routing.acceptance.checks import Finding, first_fault
from airoute_cli.routing.acceptance.options import Accept

REFUSED = Finding("refusal", "the model refused to answer")


async def inspect(completion: Completion, course: Course, accept: Accept) -> Finding | None:
    """What ``accept`` finds wrong; None where it finds nothing. Raises SetupError.

    What is looked at is what the user gets: with the originals of what was replaced.
    """
    given = course.as_given(completion)
    fault = first_fault(given, course.original or course.request, accept)
    if fault is not None or not accept.verify:
        return fault
    said = await verify(accept.verify, given.text, accept.verify_timeout)
    return None if said is None else Finding("verify", said)
