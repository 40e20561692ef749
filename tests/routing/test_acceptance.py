"""``accept``: each check, by a table of answers that pass and answers that do not."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.request import Message, Request, ResponseSchema, Text, ToolCall
from airoute_cli.routing.acceptance.checks import confidence_fault, first_fault
from airoute_cli.routing.acceptance.options import Accept

SOURCE = "The contract ends on the 3rd of May. Either side may give notice."
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def request(schema: dict[str, Any] | None = None) -> Request:
    told = ResponseSchema(schema=schema) if schema else None
    return Request((Message("user", (Text(SOURCE),)),), schema=told)


def answer(text: str, reason: FinishReason = FinishReason.STOP, **more: Any) -> Completion:
    return Completion(text, reason, **more)


@pytest.mark.parametrize(
    ("accept", "text", "check"),
    [
        ({}, "yes", None),
        ({}, "  ", "not_empty"),
        ({"not_empty": False}, "", None),
        ({"min_length": 4}, "abcd", None),
        ({"min_length": 4}, " abc ", "min_length"),
        ({"max_length": 3}, "abcd", "max_length"),
        ({"regex": r"^\d+$"}, "42", None),
        ({"regex": r"^\d+$"}, "forty-two", "regex"),
        ({"schema": True}, '{"n": 1}', None),
        ({"schema": True}, '{"n": "1"}', "schema"),
        ({"schema": True}, "{}", "schema"),
        ({"schema": True}, "n is 1", "schema"),
        ({"quotes": True}, 'It says "ends on the 3rd of May".', None),
        ({"quotes": True}, "It says \u201cEnds on the  3rd of may.\u201d", None),
        ({"quotes": True}, "It says \u201eends on the 4th of May\u201c.", "quotes"),
        ({"quotes": True}, 'It says "ends in May", so "give notice".', "quotes"),
        ({"quotes": True}, 'The word "contract" is defined.', None),
        ({"min_length": 2, "regex": "x"}, "y", "min_length"),
    ],
)
def test_the_first_check_that_does_not_pass_is_told(accept, text, check):
    finding = first_fault(answer(text), request(SCHEMA), Accept(**accept))
    assert (finding and finding.check) == check


def test_a_cut_answer_and_a_tool_call():
    assert first_fault(answer("yes", FinishReason.LENGTH), request(), Accept()).check == (
        "not_truncated"
    )
    kept = Accept(not_truncated=False)
    assert first_fault(answer("yes", FinishReason.LENGTH), request(), kept) is None
    calls = answer("", FinishReason.TOOL_CALLS, tool_calls=(ToolCall("1", "f", "{}"),))
    assert first_fault(calls, request(), Accept(schema=True)) is None


def test_without_a_schema_any_json_will_do():
    assert first_fault(answer("[1, 2]"), request(), Accept(schema=True)) is None
    assert first_fault(answer("[1, 2"), request(), Accept(schema=True)).check == "schema"


@pytest.mark.parametrize(
    ("confidence", "passes"), [(0.7, True), (0.71, True), (0.69, False), (None, False)]
)
def test_the_bound_of_the_confidence_itself_is_enough(confidence, passes):
    finding = confidence_fault(confidence, Accept(min_confidence=0.7))
    assert (finding is None) is passes


def test_without_a_bound_nobody_asks_how_sure_a_model_is():
    assert confidence_fault(None, Accept()) is None


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"regex": "("}, "is no regular expression"),
        ({"min_confidence": 0.5, "confidence": "judge"}, 'needs judge = "NAME"'),
        ({"judge": "strong"}, "judge has no meaning"),
        ({"min_confidence": 0}, "greater than 0"),
        ({"shema": True}, "Extra inputs"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(options, told):
    with pytest.raises(ValidationError) as raised:
        Accept(**options)
    assert told in str(raised.value)
