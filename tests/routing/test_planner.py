from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.budget import OnBudget
from airoute_cli.core.errors import UsageError
from airoute_cli.core.figures import Figures
from airoute_cli.core.plan import CallRole, Candidate, Plan, RuleVerdict
from airoute_cli.core.policy import Forbidden, OnEmpty, Policy, PolicyRule
from airoute_cli.core.profile import OnUnavailable, Route, UnknownPrice, When
from airoute_cli.core.request import Capability, ResponseSchema, Tool
from airoute_cli.core.settings import Settings
from airoute_cli.routing.eligible import UNPRICED
from airoute_cli.routing.planner import Planner

REFUND = Route("refunds", "fallback", ("a", "b"), when=When(contains_any=("refund",)))
DEFAULT = Route("default", "single", ("c",))
WEIGHTS = {"weights": {"a": 50, "b": 50}}
TOOLS = frozenset({Capability.TOOLS})


def names(plan: Plan) -> list[str]:
    return [call.model for call in plan.calls]


def test_the_first_route_that_matches_makes_the_plan(make: Any):
    planner = Planner(make.profile([REFUND, DEFAULT]))
    plan = planner.plan(make.row("I want a refund"), {})
    assert (plan.route, plan.strategy, plan.refusal) == ("refunds", "fallback", None)
    assert plan.reason == 'route "refunds": contains "refund"; fallback order'
    assert [(call.model, call.role) for call in plan.calls] == [
        ("a", CallRole.ANSWER),
        ("b", CallRole.FALLBACK),
    ]
    assert (plan.candidates, plan.rules) == ((), ())


def test_a_route_without_when_is_the_default(make: Any):
    plan = Planner(make.profile([REFUND, DEFAULT])).plan(make.row("hello"), {})
    assert plan.reason == 'route "default": the default; single: the only model'


def test_no_route_is_a_refusal(make: Any):
    plan = Planner(make.profile([REFUND])).plan(make.row("hello"), {}, explain=True)
    assert plan.calls == ()
    assert plan.refusal == "no route matches and there is no default route"
    assert plan.rules == (RuleVerdict("refunds", False, 'does not contain "refund"'),)


def test_calls_carry_tokens_cap_and_costs(make: Any):
    planner = Planner(make.profile([DEFAULT]))
    snapshot = {"c": Figures(answers=4, output_tokens=50, token_ratio=2)}
    row = make.row("x" * 384, settings=Settings(max_output_tokens=200))
    (call,) = planner.plan(row, snapshot).calls
    assert (call.input_tokens, call.max_output_tokens) == (200, 200)
    assert (call.expected_usd, call.worst_usd) == (Decimal("0.00025"), Decimal("0.0004"))


def test_explaining_holds_every_route_and_every_model(make: Any):
    late = Route("late", "single", ("a",))
    route = Route("w", "weighted", ("a", "b"), fallback=("c", "d"), options=WEIGHTS)
    models = [make.model(name) for name in "abc"] + [make.model("d", None)]
    planner = Planner(make.profile([REFUND, route, late], models))
    plan = planner.plan(make.row(digest=b"1" * 16), {}, explain=True)
    assert plan.rules == (
        RuleVerdict("refunds", False, 'does not contain "refund"'),
        RuleVerdict("w", True, "the default"),
        RuleVerdict("late", False, "not reached"),
    )
    drawn = names(plan)[0]
    passed = ({"a", "b"} - {drawn}).pop()
    assert {candidate.model: candidate for candidate in plan.candidates} == {
        drawn: Candidate(drawn, True, True, "weight 50 of 100, by the row's digest"),
        passed: Candidate(passed, True, False, "weight 50 of 100, not drawn"),
        "c": Candidate("c", True, True, "the route's fallback"),
        "d": Candidate("d", False, False, UNPRICED),
    }
    assert [candidate.model for candidate in plan.candidates] == ["a", "b", "c", "d"]


def test_a_model_that_was_not_drawn_may_still_be_the_fallback(make: Any):
    route = Route("w", "weighted", ("a", "b"), fallback=("a", "b"), options=WEIGHTS)
    plan = Planner(make.profile([route])).plan(make.row(), {})
    assert sorted(names(plan)) == ["a", "b"]


def test_a_model_stands_once_in_a_plan(make: Any):
    route = Route("r", "fallback", ("a", "b"), fallback=("b", "c", "a", "c"))
    assert names(Planner(make.profile([route])).plan(make.row(), {})) == ["a", "b", "c"]


def test_the_fallback_answers_where_the_models_may_not(make: Any):
    models = [make.model("a"), make.model("c", capabilities=TOOLS)]
    route = Route("r", "single", ("a",), fallback=("c",))
    plan = Planner(make.profile([route], models)).plan(make.row(tools=(Tool("f"),)), {})
    assert [(call.model, call.role) for call in plan.calls] == [("c", CallRole.ANSWER)]
    assert plan.reason == (
        'route "r": the default; the route\'s fallback, as none of its models may answer'
    )


def test_whoever_may_stand_in_comes_last_and_the_cheapest_first(make: Any):
    models = [
        make.model("a"),
        make.model("dear", 9),
        make.model("cheap", 2),
        make.model("no", None),
    ]
    route = Route("r", "single", ("a",), on_unavailable=OnUnavailable.DEGRADE)
    plan = Planner(make.profile([route], models)).plan(make.row(), {}, explain=True)
    assert [(call.model, call.role) for call in plan.calls] == [
        ("a", CallRole.ANSWER),
        ("cheap", CallRole.STAND_IN),
        ("dear", CallRole.STAND_IN),
    ]
    assert {one.model: one.taken for one in plan.candidates} == {
        "a": True,
        "dear": True,
        "cheap": True,
        "no": False,
    }


def test_nobody_stands_in_for_models_that_may_not_answer(make: Any):
    models = [make.model("a", context_window=1), make.model("b")]
    route = Route("r", "single", ("a",), on_unavailable=OnUnavailable.DEGRADE)
    assert Planner(make.profile([route], models)).plan(make.row(), {}).calls == ()


def test_a_refusal_names_every_model_with_its_reason(make: Any):
    models = [make.model("a"), make.model("b", context_window=5, capabilities=TOOLS)]
    route = Route("r", "fallback", ("a",), fallback=("b",))
    plan = Planner(make.profile([route], models)).plan(make.row(tools=(Tool("f"),)), {})
    assert plan.calls == ()
    assert plan.reason == 'route "r": the default; no model may answer'
    assert plan.refusal == (
        'no model of route "r" may answer: a: cannot do tools; '
        "b: needs about 10 input tokens, its window is 5"
    )


def test_live_figures_decide_who_is_fastest(make: Any):
    planner = Planner(make.profile([Route("r", "fastest", ("a", "b"))]))
    assert names(planner.plan(make.row(), {})) == ["a", "b"]
    assert names(planner.plan(make.row(), {"b": Figures(3, 0, 90.0)})) == ["b", "a"]


def test_an_allowed_unknown_price_stays_unknown(make: Any):
    profile = make.profile([Route("r", "single", ("a",))], [make.model("a", None)])
    assert Planner(profile).plan(make.row(), {}).calls == ()
    profile = make.profile(
        [Route("r", "single", ("a",))], [make.model("a", None)], UnknownPrice.ALLOW
    )
    plan = Planner(profile).plan(make.row(), {})
    assert (plan.expected_usd, plan.worst_usd) == (None, None)
    assert names(plan) == ["a"]


def test_a_model_may_be_named_by_hand(make: Any):
    planner = Planner(make.profile([REFUND]))
    plan = planner.plan(make.row("hello"), {}, only_model="b", explain=True)
    assert (plan.route, plan.strategy, names(plan)) == ("(-m)", "single", ["b"])
    assert plan.reason == 'model "b", as asked for with -m; single: the only model'
    assert plan.candidates == (Candidate("b", True, True, "single: the only model"),)


def test_a_model_named_by_hand_must_be_able_to(make: Any):
    plan = Planner(make.profile([])).plan(make.row(tools=(Tool("f"),)), {}, only_model="b")
    assert plan.refusal == 'no model of route "(-m)" may answer: b: cannot do tools'


def test_a_model_that_is_none(make: Any):
    with pytest.raises(UsageError, match='no model "gpt"'):
        Planner(make.profile([DEFAULT])).plan(make.row(), {}, only_model="gpt")


def test_the_task_is_found_only_where_a_route_asks(make: Any):
    row = make.row("Translate this into French: hello")
    assert Planner(make.profile([DEFAULT])).features(row).task == ""
    assert Planner(make.profile([DEFAULT])).features(row, in_full=True).task == "translate"
    asking = Route("t", "single", ("a",), when=When(any=(When(task=("translate",)),)))
    plan = Planner(make.profile([asking, DEFAULT])).plan(row, {})
    assert plan.reason == 'route "t": task is translate; single: the only model'


WORDS = ["refund", "invoice", "bug"]
ROUTES = st.builds(
    lambda words, strategy, models, fallback: Route(
        f"r-{strategy}",
        strategy,
        tuple(models[:1] if strategy == "single" else models),
        tuple(fallback),
        When(contains_any=tuple(words)) if words else None,
        options={"weights": dict.fromkeys(models, 2.5)} if strategy == "weighted" else {},
    ),
    st.lists(st.sampled_from(WORDS), max_size=2),
    st.sampled_from(["single", "fallback", "cheapest", "fastest", "weighted"]),
    st.lists(st.sampled_from("abcd"), min_size=1, unique=True),
    st.lists(st.sampled_from("abcd")),
)
FIGURES = st.builds(
    Figures,
    st.integers(0, 9),
    latency_ms=st.floats(1, 1e5),
    output_tokens=st.floats(0, 5e3),
    token_ratio=st.floats(0, 20),
)


MINORS = PolicyRule(
    "minors",
    When(metadata={"age": ("minor",)}),
    forbid=Forbidden(models=("b",)),
    on_empty=OnEmpty.HANDOFF,
)
BY_STRATEGY: list[tuple[str, dict[str, Any]]] = [
    ("fallback", {}),
    ("cheapest", {}),
    ("fastest", {}),
    ("weighted", {"weights": {"a": 50, "b": 50}}),
    ("cascade", {}),
    ("ensemble", {"combine": "vote"}),
]
SEEN = [Figures(), Figures(3, 0, 90.0, 40.0, 2.5), Figures(1, 0, 9_000.0, 700.0)]


ROWS = st.fixed_dictionaries(
    {
        "text": st.sampled_from(["short", "x" * 90]),
        "digest": st.integers(0, 9).map(lambda number: bytes([number]) * 16),
        "age": st.sampled_from(["minor", "adult"]),
        "cap": st.sampled_from([None, 40]),
        "seen": st.sampled_from([0, 0, 0, 0, 1, 2]),
    }
)


@given(st.sampled_from([name for name, _ in BY_STRATEGY]), st.lists(ROWS, min_size=4, max_size=12))
def test_rows_that_were_planned_before_change_nothing(
    make: Any, strategy: str, rows: list[dict[str, Any]]
):
    routes = [
        Route(
            name, name, ("a", "b"), ("c",), options=options,
            when=When(metadata={"strategy": (name,)}), on_budget=OnBudget.DEGRADE,
        )
        for name, options in BY_STRATEGY
    ]  # fmt: skip
    models = [make.model("a", 1, context_window=60), make.model("b", 2), make.model("c", 3)]
    profile = replace(make.profile(routes, models), policy=Policy((MINORS,)))
    one_for_all = Planner(profile)
    for given_ in rows:
        metadata, snapshot = (
            {"strategy": strategy, "age": given_["age"]},
            {"a": SEEN[given_["seen"]]},
        )
        settings = Settings(max_output_tokens=given_["cap"])
        row = make.row(given_["text"], given_["digest"], metadata=metadata, settings=settings)
        plan, alone = (one.plan(row, snapshot) for one in (one_for_all, Planner(profile)))
        assert (plan, plan.basis) == (alone, alone.basis)


TELLING = [
    Route("word", "cheapest", ("a", "b"), when=When(contains_any=("refund",))),
    Route("task", "fastest", ("a", "b"), when=When(task=("code", "translate"))),
    Route("mail", "single", ("b",), when=When(detects=("pii.email",))),
    Route("long", "fallback", ("a",), ("b",), when=When(min_input_tokens=30)),
    Route("hard", "single", ("c",), when=When(min_complexity=0.01)),
    Route("tier", "single", ("c",), when=When(metadata={"tier": ("pro",)})),
    Route("none", "single", ("c",), when=When(not_=When(metadata={"plan": ("free",)}))),
    Route("not", "weighted", ("a", "b"), options=WEIGHTS, when=When(not_=When(regex="^why"))),
    Route(
        "any", "single", ("c",),
        when=When(any=(When(contains_any=("a",)), When(not_=When(starts_with=("why",))))),
    ),
    Route("rest", "cheapest", ("a", "b", "c")),
]  # fmt: skip
# Nearly all of one length, so that they are told apart by nothing but what they say.
SAYING = [
    "why", "who are you", "refund 4711", "x@y.example", "x@y.example u@v.example",
    "fix this Python code", "translate it to French", "why, step by step: if 3x = 9, what is x?",
    "x" * 150,
]  # fmt: skip


METADATA: list[dict[str, Any]] = [
    {}, {"tier": "pro"}, {"tier": "Pro"}, {"tier": "pro", "plan": "pro"},
    {"tier": True}, {"tier": 1}, {"user": "u"},
]  # fmt: skip


@pytest.mark.parametrize("route", TELLING, ids=lambda route: route.name)
def test_a_plan_that_stands_is_the_one_that_is_made_anew(make: Any, route: Route):
    models = [make.model("a", 1, capabilities=TOOLS), make.model("b", 2), make.model("c", 3)]
    profile = make.profile([route, DEFAULT], models)
    one_for_all = Planner(profile)
    rows = [
        make.row(saying.ljust(40, "."), digest, metadata=metadata, tools=tools)
        for metadata in METADATA
        for tools in ((), (Tool("f"),))
        for saying in SAYING
        for digest in (b"1" * 16, b"2" * 16)
    ]
    for snapshot, explain in (({}, False), ({}, True), ({"b": SEEN[1]}, False)):
        for row in (*rows, *rows):
            planners = one_for_all, Planner(profile)
            plan, alone = (one.plan(row, snapshot, explain=explain) for one in planners)
            assert (plan, plan.basis, plan.prompts) == (alone, alone.basis, alone.prompts)


FORM = ResponseSchema("card", {"type": "object"})
CHANGING = [
    *(Route(name, name, ("a", "b"), ("c",), options=options) for name, options in BY_STRATEGY),
    Route("in time", "fallback", ("a", "b"), latency_target_ms=500.0),
    Route("stand-ins", "single", ("a",), on_unavailable=OnUnavailable.DEGRADE),
    Route("instead", "single", ("a",), on_budget=OnBudget.DEGRADE),
]
# Each unlike the one before it by one fact, and by so little that not all plans differ.
MOVING = [
    Figures(),
    Figures(4, 0, 400.0, 40.4, 1.2),
    Figures(4, 0, 900.0, 40.4, 1.2),
    Figures(4, 0, 900.0, 40.6, 1.2),
    Figures(4, 0, 900.0, 40.6, 1.23),
    Figures(4, 0, 900.0, 40.6, 1.9),
    Figures(5, 0, 900.0, 40.6, 1.9),
]


@pytest.mark.parametrize("route", CHANGING, ids=lambda route: route.name)
@pytest.mark.parametrize("policy", [Policy(), Policy((MINORS,))], ids=["free", "by policy"])
def test_figures_that_change_make_the_plans_that_they_made_before(
    make: Any, route: Route, policy: Policy
):
    models = [make.model("a", 1, context_window=90), make.model("b", 2), make.model("c", 3)]
    profile = replace(make.profile([route], models), policy=policy)
    one_for_all = Planner(profile)
    rows = [
        make.row("x" * size, digest, metadata=metadata)
        for size in (30, 31, 33, 280)
        for digest in (b"1" * 16, b"2" * 16)
        for metadata in ({}, {"age": "minor"})
    ]
    for snapshot in ({name: figures} for _ in range(2) for name in "abc" for figures in MOVING):
        for row in rows:
            plan, alone = (one.plan(row, snapshot) for one in (one_for_all, Planner(profile)))
            assert (plan, plan.basis) == (alone, alone.basis)


@pytest.mark.parametrize("own", [False, True])
def test_what_a_repair_takes_follows_the_figures(make: Any, *, own: bool):
    capable = make.model("a", 1, capabilities=frozenset({Capability.JSON_SCHEMA}))
    profile = make.profile(
        [Route("form", "single", ("a",), schema=None if own else FORM)], [capable]
    )
    row = make.row("x")
    row = row._replace(request=replace(row.request, schema=FORM)) if own else row
    one_for_all = Planner(profile)
    for ratio in (1.2 + step / 500 for step in range(100)):
        snapshot = {"a": Figures(4, token_ratio=ratio)}
        plan, alone = (one.plan(row, snapshot) for one in (one_for_all, Planner(profile)))
        assert plan.repairs
        assert plan == alone


def test_figures_that_change_nothing_make_nothing_anew(make: Any):
    planner = Planner(make.profile([REFUND, DEFAULT]))
    first = planner.plan(make.row("one"), {"c": MOVING[1]})
    assert planner.plan(make.row("two"), {"c": MOVING[2]}).calls is first.calls
    assert planner.plan(make.row("two"), {"c": MOVING[3]}).calls is not first.calls
    assert planner.plan(make.row("six"), {"c": MOVING[1]}).calls is first.calls


def test_plans_are_equal_whatever_they_were_made_from(make: Any):
    planner = Planner(make.profile([DEFAULT]))
    plan, other = planner.plan(make.row("one"), {}), planner.plan(make.row("two"), {})
    assert plan.basis != other.basis
    assert plan == other
    assert plan != other._replace(tier="pro")
    assert plan != tuple(plan)


@given(
    st.tuples(
        st.lists(ROUTES, max_size=5),
        st.lists(st.sampled_from([*WORDS, "x" * 300])),
        st.booleans(),
        st.dictionaries(st.sampled_from("abcd"), FIGURES),
        st.binary(min_size=16, max_size=16),
    )
)
def test_promises_of_every_plan(make: Any, given_: Any):
    routes, words, wants_tools, snapshot, digest = given_
    models = [
        make.model("a", 5, capabilities=TOOLS),
        make.model("b", 1, context_window=200),
        make.model("c", None, capabilities=TOOLS),
        make.model("d", 2, capabilities=TOOLS, context_window=400, max_output_tokens=64),
    ]
    planner = Planner(make.profile(routes, models))
    row = make.row(" ".join(words), digest, tools=(Tool("f"),) if wants_tools else ())
    plan = planner.plan(row, snapshot, explain=True)

    matching = (r for r in routes if r.when is None or set(r.when.contains_any) & set(words))
    route = next(matching, None)
    assert plan.route == (route.name if route else "")
    assert bool(plan.calls) is (plan.refusal is None)
    assert [rule.matched for rule in plan.rules].count(True) == (1 if route else 0)

    barred = {one.model for one in plan.candidates if not one.eligible}
    assert {"c"} & set(names(plan)) == set()
    assert barred.isdisjoint(names(plan))
    assert not (wants_tools and "b" in names(plan))
    assert len(set(names(plan))) == len(plan.calls)
    assert {one.model for one in plan.candidates if one.taken} == set(names(plan))
    roles = [CallRole.ANSWER, *[CallRole.FALLBACK] * 9][: len(plan.calls)]
    assert [call.role for call in plan.calls] == roles
    for call in plan.calls:
        assert call.expected_usd is not None
        assert call.worst_usd is not None
        assert call.worst_usd >= call.expected_usd >= 0

    plain = planner.plan(row, snapshot)
    assert plain == Planner(make.profile(routes, models)).plan(row, snapshot)
    assert (plain.calls, plain.reason, plain.refusal) == (plan.calls, plan.reason, plan.refusal)
