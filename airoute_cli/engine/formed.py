"""Brings a row's answer into the form that was asked for: checked, put right, or failed."""

from __future__ import annotations

from dataclasses import replace

from airoute_cli.core.completion import Completion
from airoute_cli.core.outcome import Outcome, Output, OutputState, RowFailure, RowState
from airoute_cli.core.plan import Call
from airoute_cli.core.profile import Route
from airoute_cli.core.settings import EMPTY
from airoute_cli.engine.course import Course
from airoute_cli.engine.ways.way import Asker
from airoute_cli.routing.output.check import Checked, Show, check
from airoute_cli.routing.output.form import repair_request
from airoute_cli.routing.output.normalise import normalised

SCHEMA_INVALID = "schema_invalid"


async def formed(outcome: Outcome, course: Course, asker: Asker, show: Show | None) -> Outcome:
    """``outcome`` with an answer that fits the request's schema, or failed without one.

    Refusals and tool calls have no form. ``show`` puts back what was replaced in the request.
    Raises GateClosedError when the run is stopped meanwhile.
    """
    completion, schema = outcome.completion, course.request.schema
    if schema is None or completion is None or not _has_form(outcome, completion):
        return outcome
    checked = check(completion.text, schema.schema, mend=not _is_cut(completion), show=show)
    if checked.state is OutputState.INVALID and not _is_cut(completion):
        checked = await _repaired(checked, outcome.model, course, asker, show)
    return _ended(outcome, completion, checked, prompted=_is_prompted(course, outcome.model))


def in_form(outcome: Outcome, route: Route) -> Outcome:
    """``outcome`` with its text in the forms that the route wants."""
    completion = outcome.completion
    if completion is None or not route.normalize:
        return outcome
    text = normalised(completion.text, route.normalize)
    return outcome._replace(completion=completion._replace(text=text))


def _is_cut(completion: Completion) -> bool:
    return completion.truncated or completion.filtered


def _has_form(outcome: Outcome, completion: Completion) -> bool:
    completed = outcome.state is RowState.COMPLETED
    return completed and not (completion.refusal or completion.tool_calls)


async def _repaired(
    checked: Checked, model: str | None, course: Course, asker: Asker, show: Show | None
) -> Checked:
    """What one call of the plan makes of an answer; ``checked`` itself where that is no better."""
    call, schema = _repair_call(model, course, asker), course.request.schema
    if call is None or schema is None:
        return checked
    if course.purse:
        course.purse.choose(call, course.plan.repairs)
    request = repair_request(course.request, checked.text, checked.reason or "")
    route = replace(course.route, system=None, schema=None, settings=EMPTY)
    answer = await asker.first_answer(course.branch([call], request, route))
    if answer is None or _is_cut(answer.completion):
        return checked
    again = check(answer.completion.text, schema.schema, show=show)
    if again.state is OutputState.INVALID:
        return checked
    return again._replace(state=OutputState.REPAIR_CALL, reason=checked.reason)


def _repair_call(model: str | None, course: Course, asker: Asker) -> Call | None:
    """The call of the plan for it, if one can be made now: best of the model that answered."""
    if course.spent or course.over is not None or course.plan.degraded:
        return None
    calls = sorted(course.plan.repairs, key=lambda call: call.model != model)
    return next((call for call in calls if asker.can_ask(call.model)), None)


def _ended(
    outcome: Outcome, completion: Completion, checked: Checked, *, prompted: bool
) -> Outcome:
    if checked.state is not OutputState.INVALID:
        output = Output(checked.state, prompted, checked.reason)
        return outcome._replace(completion=completion._replace(text=checked.text), output=output)
    why = checked.reason or "it does not fit"
    if _is_cut(completion):
        where = "by the content filter" if completion.filtered else "at its token limit"
        why = f"it was cut {where} ({why})"
    output = Output(OutputState.INVALID, prompted, why, completion.text)
    failure = RowFailure(SCHEMA_INVALID, f"the answer is not what the schema asks for: {why}")
    return outcome._replace(state=RowState.FAILED, failure=failure, output=output)


def _is_prompted(course: Course, model: str | None) -> bool:
    return any(call.prompted for call in course.plan.calls if call.model == model)
