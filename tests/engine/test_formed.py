"""Rows whose answer must be JSON: put right without a call, with one, or failed with what came."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.money import Price, Rates, Usage
from airoute_cli.core.outcome import Output, RowState
from airoute_cli.core.plan import CallRole
from airoute_cli.core.policy import Policy, PolicyRule
from airoute_cli.core.profile import RunSettings, When
from airoute_cli.core.request import Capability, Message, Request, ResponseSchema, Text, ToolCall
from tests.engine.ways.bench import Bench, Says, saying

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
MAIL = "anna@example.com"
GOOD, FENCED, WRONG = '{"n": 1}', '```json\n{"n": 1}\n```', '{"n": "one"}'


def bench(
    says: dict[str, Says], *models: str, route: dict[str, Any] | None = None, **more: Any
) -> Bench:
    made = Bench(says, more.pop("strategy", "fallback"), models or tuple(says), **more)
    form = {"schema": ResponseSchema(schema=SCHEMA), **(route or {})}
    made.profile = replace(
        made.profile, routes=tuple(replace(one, **form) for one in made.profile.routes)
    )
    return made


def without_schemas(made: Bench) -> Bench:
    plain = {name: replace(model, capabilities=frozenset()) for name, model in made.models.items()}
    made.models, made.profile = plain, replace(made.profile, models=plain)
    return made


@pytest.mark.parametrize(
    ("said", "state", "text"),
    [(GOOD, "valid", GOOD), (FENCED, "stripped", GOOD), ("{'n': 1}", "repaired", GOOD)],
)
def test_what_code_can_put_right_costs_no_call(said: str, state: str, text: str):
    made = bench({"a": saying(said)})
    outcome = made.run()
    assert outcome.completion
    assert (outcome.state, outcome.completion.text) == (RowState.COMPLETED, text)
    assert outcome.output == Output(state)
    assert made.asked.total() == 1
    # Nothing was shown before it was right.
    assert made.heard == [text]


def test_one_call_of_the_plan_puts_right_what_code_cannot():
    made = bench({"a": saying(WRONG, GOOD)}, route={"system": "Be brief."})
    outcome = made.run("secret question")
    assert outcome.completion
    assert (outcome.state, outcome.completion.text) == (RowState.COMPLETED, GOOD)
    assert outcome.output == Output("repair_call", reason="n: 'one' is not of type 'integer'")
    assert [attempt.model for attempt in outcome.attempts] == ["a", "a"]
    repair = made.requests[1][1]
    assert WRONG in repair.messages[0].text
    assert "n: 'one' is not of type 'integer'" in repair.messages[0].text
    # It is told the answer and the schema, and not the row again.
    assert [turn.role for turn in repair.messages] == ["user"]
    assert "secret question" not in repair.messages[0].text
    assert repair.schema == ResponseSchema(schema=SCHEMA)
    assert made.plan.calls[-1].role is CallRole.REPAIR


def test_the_repair_counts_in_the_worst_cost_and_is_bounded():
    made, plain = bench({"a": saying(WRONG)}), bench({"a": saying(WRONG)}, route={"repair": False})
    outcome, once = made.run(), plain.run()
    assert [attempt.model for attempt in outcome.attempts] == ["a", "a"]
    assert (len(once.attempts), once.failure and once.failure.code) == (1, "schema_invalid")
    [answer, repair] = made.plan.calls
    assert made.plan.worst_usd == (answer.worst_usd or 0) + (repair.worst_usd or 0)
    assert made.plan.expected_usd == answer.expected_usd
    assert plain.plan.worst_usd == answer.worst_usd
    assert repair.input_tokens > repair.max_output_tokens
    assert outcome.usd == Decimal(4)


DOWN = CallError(ErrorKind.SERVER, "down")


@pytest.mark.parametrize(
    ("strategy", "says", "asked"),
    [
        ("fallback", {"a": lambda _request, _n: DOWN, "b": saying(WRONG, GOOD)}, {"b": 2}),
        ("cascade", {"a": saying("no"), "b": saying(WRONG, GOOD)}, {"a": 1, "b": 2}),
        ("cascade", {"a": saying(FENCED), "b": saying(GOOD)}, {"a": 1}),
        (
            "ensemble",
            {"a": saying("no"), "b": saying(WRONG, GOOD), "c": saying(WRONG, GOOD)},
            {"a": 1, "b": 2, "c": 1},
        ),
    ],
)
def test_the_model_that_answered_puts_its_answer_right(
    strategy: str, says: dict[str, Says], asked: dict[str, int]
):
    accept = {"accept": {"min_length": 5}} if strategy == "cascade" else {}
    made = bench(says, strategy=strategy, **accept)
    outcome = made.run()
    assert outcome.state is RowState.COMPLETED
    assert {name: made.asked[name] for name in asked} == asked
    assert [call.model for call in made.plan.repairs] == list(says)


def test_only_the_dearest_repair_is_reserved():
    made = bench({"a": saying(WRONG), "b": saying(WRONG)})
    dear = replace(
        made.models["b"], price=Price(Rates(Decimal(2_000_000), Decimal(3_000_000)), "t")
    )
    made.models["b"] = dear
    made.run()
    first, second, repair, dearest = made.plan.calls
    assert made.plan.dearest_path == (first, second, dearest)
    costs = [call.worst_usd or 0 for call in (first, second, dearest)]
    assert made.plan.worst_usd == sum(costs)
    assert (repair.worst_usd or 0) < costs[-1]


def test_an_answer_that_stays_wrong_fails_the_row_and_is_kept():
    made = bench({"a": saying(WRONG)})
    outcome = made.run()
    assert outcome.state is RowState.FAILED
    assert outcome.failure
    assert outcome.failure.code == "schema_invalid"
    assert "n: 'one' is not of type 'integer'" in outcome.failure.message
    assert outcome.output
    assert (outcome.output.state, outcome.output.answer) == ("invalid", WRONG)
    assert made.heard == []


@pytest.mark.parametrize(
    ("limits", "second"),
    [
        (RunSettings(max_attempts=1), GOOD),
        (None, CallError(ErrorKind.BAD_REQUEST, "no")),
        (None, Completion('{"n": 1', FinishReason.LENGTH)),
    ],
)
def test_no_repair_beyond_the_attempts_and_none_that_failed(
    limits: RunSettings | None, second: Any
):
    says: Says = lambda _request, n: WRONG if n == 0 else second  # noqa: E731
    outcome = bench({"a": says}, settings=limits).run()
    assert outcome.failure
    assert (outcome.state, outcome.failure.code) == (RowState.FAILED, "schema_invalid")


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (FinishReason.LENGTH, "it was cut at its token limit"),
        (FinishReason.CONTENT_FILTER, "it was cut by the content filter"),
    ],
)
def test_an_answer_that_was_cut_is_not_guessed_whole(reason: FinishReason, told: str):
    cut = Completion('{"n": 1', reason, usage=Usage(1, 1))
    made = bench({"a": lambda _request, _n: cut})
    outcome = made.run()
    assert outcome.failure
    assert told in outcome.failure.message
    assert made.asked.total() == 1


@pytest.mark.parametrize(
    "completion",
    [
        Completion("", FinishReason.TOOL_CALLS, tool_calls=(ToolCall("1", "f", "{}"),)),
        Completion("", FinishReason.REFUSAL, refusal="I cannot"),
    ],
)
def test_tool_calls_and_refusals_have_no_form(completion: Completion):
    outcome = bench({"a": lambda _request, _n: completion}).run()
    assert (outcome.state, outcome.output) == (RowState.COMPLETED, None)


def test_a_rows_own_schema_wins_and_is_checked_too():
    own = ResponseSchema(schema={"type": "array"})
    request = Request((Message("user", (Text("list"),)),), schema=own)
    outcome = bench({"a": saying("Here: [1, 2]")}).run(request=request)
    assert outcome.completion
    assert (outcome.completion.text, outcome.output) == ("[1, 2]", Output("stripped"))


def test_a_model_without_a_field_for_it_is_asked_in_words_and_that_is_told():
    made = without_schemas(bench({"a": saying(WRONG, FENCED)}, route={"system": "Be brief."}))
    outcome = made.run()
    assert outcome.output
    assert (outcome.output.state, outcome.output.prompted) == ("repair_call", True)
    asked, repair = (request for _, request in made.requests)
    assert asked.schema is repair.schema is None
    assert asked.messages[0].role == "system"
    assert asked.messages[0].text.startswith("Be brief.\nAnswer with JSON only")
    assert '"required": ["n"]' in asked.messages[0].text
    native = bench({"a": saying(GOOD)})
    native.run()
    assert made.plan.calls[0].input_tokens > native.plan.calls[0].input_tokens
    assert native.requests[0][1].schema == ResponseSchema(schema=SCHEMA)


def test_a_cascade_goes_on_first_and_the_last_answer_is_put_right():
    accept = {"schema": True}
    says = {"a": saying(WRONG), "b": saying(FENCED), "c": saying(GOOD)}
    made = bench(says, strategy="cascade", accept=accept)
    outcome = made.run()
    assert outcome.completion
    assert (outcome.model, outcome.completion.text, outcome.accepted) == ("b", GOOD, True)
    assert outcome.output
    assert outcome.output.state == "stripped"


def test_originals_are_put_back_before_the_answer_is_judged():
    rule = PolicyRule("masked", When(detects=("pii.email",)), redact=frozenset({"pii.email"}))
    schema = {"type": "object", "properties": {"to": {"pattern": "@"}}}
    made = bench(
        {"a": saying('{"to": "<EMAIL_1>"}')},
        policy=Policy((rule,)),
        route={"schema": ResponseSchema(schema=schema)},
    )
    outcome = made.run(f"write to {MAIL}")
    assert outcome.completion
    assert outcome.completion.text == f'{{"to": "{MAIL}"}}'
    assert MAIL not in made.requests[0][1].messages[-1].text
    assert Capability.JSON_SCHEMA in made.models["a"].capabilities


def test_no_original_is_sent_to_the_model_that_puts_an_answer_right():
    rule = PolicyRule("masked", When(detects=("pii.email",)), redact=frozenset({"pii.email"}))
    schema = {"type": "object", "properties": {"to": {"enum": ["nobody"]}}}
    made = bench(
        {"a": saying('{"to": "<EMAIL_1>"}')},
        policy=Policy((rule,)),
        route={"schema": ResponseSchema(schema=schema)},
    )
    outcome = made.run(f"write to {MAIL}")
    assert [attempt.model for attempt in outcome.attempts] == ["a", "a"]
    assert all(MAIL not in str(request) for _, request in made.requests)
    assert outcome.failure
    assert outcome.failure.message.endswith('asks for: it does not meet "enum"')
    assert outcome.output
    assert outcome.output.answer == f'{{"to": "{MAIL}"}}'


def test_texts_are_normalised_where_the_route_says_so_and_not_shown_before():
    said = "\ufeffcafe\u0301  \n"
    made = bench(
        {"a": saying(said)}, route={"schema": None, "normalize": ("bom", "nfc", "trailing_space")}
    )
    outcome = made.run()
    assert outcome.completion
    assert outcome.completion.text == "caf\u00e9"
    assert made.heard == ["caf\u00e9"]
