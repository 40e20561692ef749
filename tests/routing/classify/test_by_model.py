"""What a model is asked for a label, what its answer means, and how planning goes by it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import orjson
import pytest

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.label import Label, ModelClassifier
from airoute_cli.core.money import Price, Rates
from airoute_cli.core.plan import CallRole, Plan
from airoute_cli.core.policy import Policy, PolicyRule, Requirement
from airoute_cli.core.profile import Model, Profile, Provider, Route, When
from airoute_cli.core.request import Message, Request, Row, Text
from airoute_cli.core.templates import Template
from airoute_cli.engine.audit_records import basis_in, basis_told, plan_told
from airoute_cli.routing.classify.by_model import HEAD_CHARS, TAIL_CHARS, Asking
from airoute_cli.routing.planner import Planner
from airoute_cli.routing.tasks import TASKS

HERE, THERE = Provider("local", "llama-cpp"), Provider("there", "openai", "http://t.example/v1")
PRICE = Price(Rates(Decimal(1), Decimal(2)), "test")
CHEAP = Model("cheap", THERE, "cheap-1", PRICE)
STRONG = Model("strong", THERE, "strong-1", PRICE)
HOME = Model("home", HERE, "home-1", Price(Rates(Decimal(0), Decimal(0)), "free"), private=True)
INTENT = ModelClassifier(
    "intent", "cheap", "other", (("refund", "wants money back"), ("delivery", ""))
)
ROUTES = (
    Route("words", "single", ("home",), when=When(contains_any=("urgent",))),
    Route("pro", "single", ("strong",), when=When(task=("refund",), metadata={"tier": ("pro",)})),
    Route("refunds", "single", ("strong",), when=When(task=("refund",))),
    Route("rest", "single", ("home",)),
)
PRIVATE = PolicyRule("pii", When(detects=("pii",)), Requirement(private=True))


def a_profile(**changed: Any) -> Profile:
    models = {model.name: model for model in (CHEAP, STRONG, HOME)}
    given = {"routes": ROUTES, "classifier": INTENT} | changed
    return Profile("p", "p.toml", {"local": HERE, "there": THERE}, models, **given)


def a_row(text: str = "hello", **metadata: str) -> Row:
    request = Request((Message("system", (Text("be kind"),)), Message("user", (Text(text),))))
    return Row("r", 1, b"d" * 16, request, b"{}", metadata)


def told(text: str, confidence: float | None = None, *, cut: bool = False) -> Completion:
    reason = FinishReason.LENGTH if cut else FinishReason.STOP
    return Completion(text, reason, confidence=confidence)


def asked(plan: Plan) -> Label:
    assert plan.asks_first
    assert plan.label_call
    assert plan.label_call.role is CallRole.CLASSIFIER
    assert plan.label
    return plan.label


def test_the_model_gets_the_users_text_alone_under_a_schema_of_the_labels():
    asking = Asking(INTENT, CHEAP)
    request = asking.request(a_row("my money").request)
    system, user = request.messages
    assert user.text == "<prompt>\nmy money\n</prompt>"
    assert "- refund: wants money back\n- delivery\n- other: none of the others" in system.text
    assert "be kind" not in system.text
    assert request.schema
    assert request.schema.schema
    fields = request.schema.schema["properties"]
    assert fields["label"]["enum"] == ["refund", "delivery", "other"]
    assert list(fields) == ["label", "confidence"]
    assert request.settings.temperature == 0


def test_an_embedded_model_is_sure_by_its_tokens_and_is_not_asked_to_say_so():
    asking = Asking(INTENT, HOME)
    request = asking.request(a_row().request)
    assert request.schema
    assert request.schema.schema
    assert list(request.schema.schema["properties"]) == ["label"]
    plan = Planner(a_profile(classifier=replace(INTENT, model="home"))).plan(a_row(), {})
    assert plan.label_call
    assert plan.label_call.logprobs
    label = asking.read(asked(plan), told('{"label": "refund"}', 0.8))
    assert (label.task, label.confidence, label.by) == ("refund", 0.8, "logprobs")


def test_of_a_long_text_the_middle_is_not_sent():
    text = f"start {'x' * 100_000} end"
    (_, user) = Asking(INTENT, CHEAP).request(a_row(text).request).messages
    assert user.text.startswith("<prompt>\nstart")
    assert user.text.endswith(" end\n</prompt>")
    assert len(user.text) < HEAD_CHARS + TAIL_CHARS + 100
    assert asked(Planner(a_profile()).plan(a_row(text), {})).input_tokens < 3_000


def test_without_labels_of_its_own_it_is_asked_for_the_built_in_tasks():
    asking = Asking(ModelClassifier("t", "cheap", "other"), CHEAP)
    assert asking.labels == TASKS
    assert all(f"- {task}: " in asking.system for task in TASKS)


@pytest.mark.parametrize(
    ("answer", "task", "why"),
    [
        (told('{"label": "refund", "confidence": 0.9}'), "refund", ""),
        (told('```json\n{"label": " Refund ", "confidence": 1}\n```'), "refund", ""),
        (told('{"label": "refund", "confidence": 0.5}'), "other", "below min_confidence = 0.7"),
        (told('{"label": "refund"}'), "other", "below min_confidence = 0.7"),
        (told('{"label": "refund", "confidence": 90}'), "other", "below min_confidence = 0.7"),
        (told('{"label": "money"}'), "other", "cheap answered with none of the labels"),
        (told("refund"), "other", "cheap answered with none of the labels"),
        (told('{"label": "refund"', cut=True), "other", "cheap's answer was cut"),
    ],
)
def test_an_answer_is_a_label_or_the_reason_for_the_default(answer, task: str, why: str):
    asking = Asking(replace(INTENT, min_confidence=0.7), CHEAP)
    label = asking.read(Label("other", "cheap", asked=True), answer)
    assert label.task == task
    assert label.why.startswith(why)
    assert bool(label.why) is bool(why)


def test_the_model_is_asked_only_where_a_route_goes_by_the_task():
    planner = Planner(a_profile())
    first = planner.plan(a_row("urgent: money back"), {})
    assert (first.route, first.label, first.label_call) == ("words", None, None)
    asked(planner.plan(a_row(), {}))
    by_hand = planner.plan(a_row(), {}, only_model="home")
    assert (by_hand.label, by_hand.label_call) == (None, None)
    only = Planner(a_profile(routes=(ROUTES[1], ROUTES[3])))
    assert only.plan(a_row(), {}).label is None, "the row's tier decides before its task"
    asked(only.plan(a_row(tier="pro"), {}))


def test_without_a_text_of_the_user_there_is_nothing_to_ask_about():
    plan = Planner(a_profile()).plan(a_row(" "), {})
    assert (plan.label_call, plan.route) == (None, "rest")
    assert str(plan.label) == "the default, as there is no text of a user"


def test_a_template_with_variants_by_task_goes_by_the_task():
    worded = Route("rest", "single", ("home",), template="t")
    template = Template("t", "{{ prompt }}", tasks={"refund": "money: {{ prompt }}"})
    planner = Planner(a_profile(routes=(worded,), templates={"t": template}))
    pending = asked(planner.plan(a_row(), {}))
    plan = planner.plan(a_row(), {}, label=replace(pending, said="refund", confidence=1.0))
    assert plan.prompts["home"].messages[-1].text == "money: hello"


def test_a_label_chooses_the_route_and_its_call_counts():
    planner = Planner(a_profile())
    pending = asked(planner.plan(a_row(), {}))
    plan = planner.plan(a_row(), {}, label=replace(pending, said="refund", confidence=0.9))
    assert (plan.route, plan.asks_first) == ("refunds", False)
    assert plan.label_call
    alone = plan._replace(label_call=None)
    assert plan.worst_usd == alone.worst_usd + plan.label_call.worst_usd  # type: ignore[operator]
    known = planner.plan(a_row(), {}, label=replace(pending, asked=False, said="refund"))
    assert (known.route, known.label_call) == ("refunds", None)


def test_whom_the_policy_keeps_away_is_not_asked_and_the_row_takes_the_default():
    planner = Planner(a_profile(policy=Policy((PRIVATE,))))
    plan = planner.plan(a_row("mail anna@example.com"), {})
    assert (plan.label_call, plan.route) == (None, "rest")
    assert plan.label
    assert plan.label.task == "other"
    assert 'cheap may not see the row: policy "pii": it is not private' in str(plan.label)
    asked(planner.plan(a_row("hello"), {}))


def test_a_row_that_nobody_may_answer_by_default_is_asked_about_all_the_same():
    narrow = (ROUTES[2], Route("rest", "single", ("strong",), when=When(starts_with=("never",))))
    plan = Planner(a_profile(routes=narrow)).plan(a_row(), {})
    assert plan.refusal
    asked(plan)


def _labels(pending: Label) -> Iterator[Label]:
    yield pending
    yield pending.unasked("it is down")
    yield replace(pending, why="cheap gave no answer (timeout)")
    for said in ("refund", "delivery"):
        for confidence in (None, 0.0, 0.5, 0.9):
            yield replace(pending, said=said, confidence=confidence, by="stated", of="ab")
            yield replace(pending, said=said, confidence=confidence, by="stated", asked=False)


@pytest.mark.parametrize("text", ["hello", "urgent", "mail anna@example.com"])
def test_a_plan_is_made_again_from_its_basis_whatever_came_of_asking(text: str):
    classifier = replace(INTENT, min_confidence=0.4)
    profile = a_profile(classifier=classifier, policy=Policy((PRIVATE,)))
    planner, again = Planner(profile), Planner(profile, recalling=True)
    row = a_row(text, tier="pro")
    pending = planner.plan(row, {}).label or Label("other", "cheap", asked=True)
    for label in _labels(pending):
        plan = planner.plan(row, {}, label=label)
        assert planner.plan(row, {}, label=label, explain=True).calls == plan.calls
        assert plan.basis
        stored = orjson.loads(orjson.dumps(basis_told(plan.basis, ["tier"]), default=str))
        made = again.plan_again(basis_in(stored), {})
        assert plan_told(made, 3) == plan_told(plan, 3)
        assert made.label == plan.label
