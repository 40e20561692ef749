"""No call outside the eligible set, whatever fails: random policies, rows and failures."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.errors import CallError, ClosureError, ErrorKind
from airoute_cli.core.money import Usage
from airoute_cli.core.outcome import Outcome, RowState
from airoute_cli.core.plan import Call, CallRole, Plan
from airoute_cli.core.policy import (
    Forbidden,
    OnEmpty,
    Policy,
    PolicyRule,
    Requirement,
    Ruling,
)
from airoute_cli.core.profile import (
    Limits,
    Model,
    Profile,
    Provider,
    Route,
    UnknownPrice,
    When,
)
from airoute_cli.core.request import Message, Request, Row, Text
from airoute_cli.core.scan import classes_of
from airoute_cli.engine import closure, virtual_time
from airoute_cli.engine.canary import Canary
from airoute_cli.engine.clock import Clock
from airoute_cli.engine.doors import Doors
from airoute_cli.engine.executor import Executor
from airoute_cli.engine.gate import Gate
from airoute_cli.engine.live_figures import LiveFigures
from airoute_cli.routing.planner import Planner

MAIL = "anna@example.com"
NAMES = ("home", "eu", "us", "far")
REGIONS = {"home": None, "eu": "eu", "us": "us", "far": None}
SCRIPTS = st.lists(
    st.sampled_from(
        [
            None,
            ErrorKind.AUTH,
            ErrorKind.SERVER,
            ErrorKind.RATE_LIMIT,
            ErrorKind.CONNECTION,
            ErrorKind.CONTEXT_WINDOW,
            ErrorKind.BAD_REQUEST,
            ErrorKind.EMPTY,
        ]
    ),
    max_size=12,
)


def model(name: str) -> Model:
    provider = Provider(f"p-{name}", "openai", f"http://{name}.example/v1", region=REGIONS[name])
    return Model(name, provider, name, private=name == "home", retention="30d")


class Wire:
    """Every endpoint at once: fails as it is told and notes whom it was asked for, and what."""

    def __init__(self, script: list[ErrorKind | None]) -> None:
        self._script = deque(script)
        self.asked: list[tuple[str, Request]] = []

    def of(self, _: Model) -> Wire:
        return self

    async def complete(self, asked: Model, request: Request) -> Completion:
        self.asked.append((asked.name, request))
        error = self._script.popleft() if self._script else None
        if error:
            raise CallError(error, "scripted", retry_after=0.0)
        said = request.messages[-1].text
        return Completion(said, FinishReason.STOP, usage=Usage(1, 1))

    async def stream(
        self, asked: Model, request: Request, on_text: Callable[[str], None]
    ) -> Completion:
        completion = await self.complete(asked, request)
        for char in completion.text:
            on_text(char)
        return completion


async def run(
    profile: Profile, plan: Plan, row: Row, wire: Wire, on_text: Callable[[str], None] | None = None
) -> Outcome:
    models = profile.models.values()
    gate, clock = Gate(models, Limits()), Clock.real()
    doors = Doors(models, clock, turn_away=gate.turn_away)
    figures = LiveFigures(models)
    executor = Executor(
        profile, wire, gate, figures, doors=doors, canary=Canary((), 0), clock=clock
    )  # type: ignore[arg-type]
    return await executor.run(plan, row.request, on_text=on_text)


def made(rules: list[PolicyRule], routes: list[Route]) -> Profile:
    models = {name: model(name) for name in NAMES}
    return Profile(
        name="p",
        path="p.toml",
        providers={each.provider.name: each.provider for each in models.values()},
        models=models,
        routes=tuple(routes),
        unknown_price=UnknownPrice.ALLOW,
        policy=Policy(tuple(rules)),
    )


def a_row(text: str) -> Row:
    return Row("r", 1, b"d" * 16, Request((Message("user", (Text(text),)),)), b"")


WHENS = st.sampled_from(
    [None, When(detects=("pii",)), When(contains_any=("code",)), When(not_=When(detects=("pii",)))]
)
RULES = st.builds(
    PolicyRule,
    st.just("rule"),
    WHENS,
    st.sampled_from(
        [
            Requirement(),
            Requirement(private=True),
            Requirement(regions=("eu",)),
            Requirement(models=("home", "us")),
        ]
    ),
    st.sampled_from([Forbidden(), Forbidden(models=("us",)), Forbidden(regions=("us",))]),
    st.sampled_from([frozenset(), classes_of(["pii.email"])]),
    st.sampled_from([OnEmpty.REFUSE, OnEmpty.HANDOFF, OnEmpty.DEFER]),
)
ORDERS = st.permutations(NAMES).flatmap(
    lambda names: st.integers(1, len(names)).map(lambda cut: (names[:cut], names[cut:]))
)
STRATEGY = st.sampled_from(["fallback", "fastest", "cheapest"])


@given(st.lists(RULES, max_size=3), ORDERS, STRATEGY, st.sampled_from(["hi", MAIL]), SCRIPTS)
def test_no_call_leaves_the_eligible_set_whatever_fails(
    rules: list[PolicyRule], order: Any, strategy: str, text: str, script: list[ErrorKind | None]
):
    models, fallback = order
    profile = made(rules, [Route("r", strategy, tuple(models), tuple(fallback))])
    row = a_row(text)
    plan = Planner(profile).plan(row, {})
    wire = Wire(script)
    outcome = virtual_time.run(lambda: run(profile, plan, row, wire))
    assert {name for name, _ in wire.asked} <= plan.eligible
    if plan.ruling.redact:
        assert all(MAIL not in request.messages[-1].text for _, request in wire.asked)
    if outcome.completion:
        assert outcome.completion.text == text
    if not plan.eligible:
        assert wire.asked == []
        assert outcome.state is not RowState.COMPLETED


async def test_a_call_outside_is_stopped_before_it_is_sent():
    profile = made([], [Route("r", "single", ("home",))])
    call = Call("us", CallRole.ANSWER, 1, 1, None, None)
    ruling = Ruling(frozenset({"home"}))
    plan = Plan("r", "single", "forged", (call,), (), ruling=ruling)
    wire = Wire([])
    with pytest.raises(ClosureError, match="a call to 'us' was stopped") as raised:
        await run(profile, plan, a_row("hi"), wire)
    assert wire.asked == []
    assert raised.value.exit_code == 1


async def test_a_plan_without_a_ruling_may_call_nobody():
    profile = made([], [Route("r", "single", ("home",))])
    call = Call("home", CallRole.ANSWER, 1, 1, None, None)
    with pytest.raises(ClosureError, match="the policy leaves nobody"):
        await run(profile, Plan("r", "single", "", (call,), ()), a_row("hi"), Wire([]))


@pytest.mark.parametrize(
    ("on_empty", "state", "code"),
    [
        (OnEmpty.REFUSE, RowState.REFUSED, "refused"),
        (OnEmpty.HANDOFF, RowState.HANDED_OFF, "handed_off"),
        (OnEmpty.DEFER, RowState.DEFERRED, "deferred"),
        (OnEmpty.FAIL, RowState.FAILED, "missing_metadata"),
    ],
)
def test_a_row_for_nobody_ends_as_its_rule_says(on_empty: OnEmpty, state: RowState, code: str):
    outcome = closure.nobody(Plan("r", "", "", (), (), refusal="why", on_empty=on_empty))
    assert outcome.state is state
    assert outcome.failure
    assert (outcome.failure.code, outcome.failure.message) == (code, "why")


async def test_a_streamed_answer_shows_the_originals_whole():
    rule = PolicyRule("r", When(detects=("pii",)), redact=classes_of(["pii"]))
    profile = made([rule], [Route("r", "single", ("us",))])
    row = a_row(f"write to {MAIL}!")
    wire, said = Wire([]), []
    outcome = await run(profile, Planner(profile).plan(row, {}), row, wire, said.append)
    assert wire.asked[0][1].messages[-1].text == "write to <EMAIL_1>!"
    assert "".join(said) == f"write to {MAIL}!"
    assert not any("<" in piece for piece in said)
    assert outcome.completion
    assert outcome.completion.text == f"write to {MAIL}!"


async def test_a_row_keeps_its_system_turn_from_the_route_unredacted():
    rule = PolicyRule("r", None, redact=classes_of(["pii"]))
    route = Route("r", "single", ("us",), system="sign as help@example.com")
    profile = replace(made([rule], [route]))
    row, wire = a_row(MAIL), Wire([])
    await run(profile, Planner(profile).plan(row, {}), row, wire)
    assert [turn.text for turn in wire.asked[0][1].messages] == [
        "sign as help@example.com",
        "<EMAIL_1>",
    ]
