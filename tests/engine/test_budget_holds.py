"""What budgets promise, over random failures and 500 rows in flight: never passed, never stuck."""

from __future__ import annotations

import asyncio
import itertools
import random
import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airoute_cli.core.budget import Budget, OnBudget
from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.money import Price, Rates, Usage
from airoute_cli.core.outcome import Outcome, RowState
from airoute_cli.core.policy import Policy
from airoute_cli.core.profile import Limits, Model, OnUnavailable, Profile, Provider, Route, When
from airoute_cli.core.request import Message, Request, ResponseSchema, Row, Text
from airoute_cli.core.settings import Settings
from airoute_cli.edges.ledger import Ledger, ledger_path
from airoute_cli.engine.budget import Budgets
from airoute_cli.engine.canary import Canary
from airoute_cli.engine.clock import Clock
from airoute_cli.engine.doors import Doors
from airoute_cli.engine.executor import Executor
from airoute_cli.engine.gate import Gate
from airoute_cli.engine.live_figures import LiveFigures
from airoute_cli.engine.spending import Spending
from airoute_cli.engine.virtual_time import run
from airoute_cli.routing.planner import Planner

NAMES = itertools.count()
CAP = 50
RATES = {"a": Rates(Decimal("0.5"), Decimal(2)), "b": Rates(Decimal(5), Decimal("20.25"))}
FREE = Rates(Decimal(0), Decimal(0))
FAILING = (
    None,
    None,
    None,
    ErrorKind.TIMEOUT,
    ErrorKind.SERVER,
    ErrorKind.CUT,
    ErrorKind.RATE_LIMIT,
    ErrorKind.EMPTY,
)


async def inline(work: Callable[..., None], *args: object) -> None:
    work(*args)


@dataclass
class Wire:
    """Answers after a while, fails at random, and keeps a bill of its own."""

    dice: random.Random
    kinds: tuple[ErrorKind | None, ...] = (None,)
    whole: bool = False  # every answer is as long as it may be
    on_bill: Callable[[], None] = lambda: None
    billed: Decimal = Decimal(0)
    by_row: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    by_model: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    in_flight: int = 0
    most_in_flight: int = 0

    def of(self, _: Model) -> Wire:
        return self

    async def complete(self, model: Model, request: Request) -> Completion:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self.dice.uniform(0, 20))
            kind = self.dice.choice(self.kinds)
            usage = Usage(5, CAP) if self.whole else Usage(1, self.dice.randint(0, CAP))
            if kind not in {ErrorKind.SERVER, ErrorKind.RATE_LIMIT}:
                self._bill(model, request, usage)
            await asyncio.sleep(self.dice.uniform(0, 20))
        finally:
            self.in_flight -= 1
        if kind is None:
            text = request.messages[-1].text[-10:]
            return Completion(f"no JSON for {text}", FinishReason.STOP, usage=usage)
        told = usage if kind is ErrorKind.EMPTY else None
        raise CallError(kind, "scripted", usage=told)

    def _bill(self, model: Model, request: Request, usage: Usage) -> None:
        assert model.price
        usd = model.price.cost(usage)
        self.billed += usd
        row = re.search(r"row \d+", request.messages[-1].text)  # which a repair quotes
        assert row
        self.by_row[row.group()] += usd
        self.by_model[model.name] += usd
        self.on_bill()


def made(
    policy: Budget,
    model: Budget,
    on_budget: OnBudget = OnBudget.STOP,
    schema: ResponseSchema | None = None,
) -> Profile:
    provider = Provider("p", "openai", "http://p.example/v1")
    cap = Settings(max_output_tokens=CAP)
    models = {
        name: Model(
            name,
            provider,
            name,
            Price(rates, "test"),
            settings=cap,
            budget=model if name == "b" else Budget(),
        )
        for name, rates in RATES.items()
    }
    # So what is left pending is left by a budget.
    route = Route("rest", "fallback", ("a", "b"), schema=schema, on_unavailable=OnUnavailable.FAIL)
    return Profile(
        name=f"p{next(NAMES)}",
        path="p.toml",
        providers={"p": provider},
        models=models,
        routes=(
            replace(route, name="dear", models=("b", "a"), when=When(contains_any=("5", "7"))),
            route,
        ),
        policy=Policy(budget=policy, on_budget=on_budget),
    )


def a_row(number: int) -> Row:
    request = Request((Message("user", (Text(f"row {number}"),)),))
    return Row(f"row-{number}", number, b"d" * 16, request, b"")


@dataclass
class Machine:
    """One process with its budgets; ``stopped`` holds why it ended early."""

    profile: Profile
    wire: Wire
    stopped: list[str] = field(default_factory=list)
    resumable: bool = True

    async def carry(self, rows: int, in_flight: int) -> list[Outcome]:
        models = self.profile.models.values()
        clock = Clock.real()
        gate = Gate(models, Limits(max_concurrency=in_flight), clock.now)
        doors = Doors(models, clock, turn_away=gate.turn_away)
        book = Ledger(self.profile.name, "run")
        budgets = Budgets(self.profile, book, aside=inline)
        gate.when_shut(budgets.shut)
        spending = Spending(
            self.profile, budgets, self._stop(gate, doors) if self.resumable else None
        )
        figures = LiveFigures(models)
        wire: Any = self.wire
        executor = Executor(
            self.profile, wire, gate, figures, doors=doors, canary=Canary((), 0), clock=clock
        )
        planner = Planner(self.profile)

        async def one(row: Row) -> Outcome:
            plan = planner.plan(row, {})
            return await spending.carry(
                plan, lambda plan, purse: executor.run(plan, row.request, purse=purse)
            )

        try:
            return await asyncio.gather(*(one(a_row(number)) for number in range(rows)))
        finally:
            gate.shut()
            await budgets.aclose()

    def _stop(self, gate: Gate, doors: Doors) -> Callable[[str, str], None]:
        def stop(why: str, flags: str) -> None:
            assert flags in why
            self.stopped.append(why)
            gate.shut()
            doors.close()

        return stop


def amounts(most: str) -> st.SearchStrategy[Decimal | None]:
    return st.none() | st.decimals("0", most, places=6)


BUDGETS = st.builds(Budget, amounts("0.004"), amounts("0.1"), amounts("0.1"), amounts("0.1"))
MODEL_BUDGETS = st.builds(Budget, st.none(), amounts("0.05"), amounts("0.05"), st.none())
# With one, every answer asks for a repair.
SCHEMAS = st.sampled_from([None, ResponseSchema(schema={"type": "object"})])
WIRES = st.builds(
    Wire,
    st.integers(0, 10**6).map(random.Random),
    st.sampled_from([(None,), FAILING]),
    st.booleans(),
)


def told(profile: Profile) -> tuple[Decimal, Decimal]:
    """What another process reads in the ledger: settled, and all that may have been billed more."""
    database = sqlite3.connect(ledger_path())
    spent = database.execute(
        "SELECT usd, unsettled_usd FROM spent WHERE profile = ?", (profile.name,)
    ).fetchall()
    begun = database.execute(
        "SELECT begun_usd FROM held JOIN holders USING (holder) WHERE profile = ?", (profile.name,)
    ).fetchall()
    database.close()
    settled = sum((Decimal(usd) for usd, _ in spent), Decimal(0))
    more = [Decimal(usd) for _, usd in spent] + [Decimal(usd) for (usd,) in begun]
    return settled, sum(more, Decimal(0))


@settings(max_examples=16, suppress_health_check=[HealthCheck.too_slow])
@given(wire=WIRES, policy=BUDGETS, model=MODEL_BUDGETS, schema=SCHEMAS)
def test_no_budget_is_passed_with_500_rows_in_flight_and_none_is_stuck(wire, policy, model, schema):
    profile = made(policy, model, schema=schema)
    machine = Machine(profile, wire)
    outcomes = run(lambda: machine.carry(rows=700, in_flight=500))
    for limit in (policy.per_run, policy.per_day, policy.per_month):
        assert limit is None or wire.billed <= limit
    for limit in (model.per_run, model.per_day):
        assert limit is None or wire.by_model["b"] <= limit
    assert policy.per_request is None or max(wire.by_row.values(), default=0) <= policy.per_request
    settled, unsettled = told(profile)
    assert settled <= wire.billed <= settled + unsettled
    assert any(one.state is RowState.PENDING for one in outcomes) == bool(machine.stopped)
    if policy == Budget() and model == Budget():
        assert wire.most_in_flight == 500


def test_what_is_reserved_for_the_dearest_repair_serves_a_cheaper_one():
    schema = ResponseSchema(schema={"type": "object"})
    plan = Planner(made(Budget(), Budget(), schema=schema)).plan(a_row(1), {})
    assert [call.model for call in plan.repairs] == ["a", "b"]
    profile = made(Budget(per_request=plan.worst_usd), Budget(), schema=schema)
    wire = Wire(random.Random(1), whole=True)
    [outcome] = run(lambda: Machine(profile, wire).carry(rows=1, in_flight=1))
    assert [attempt.model for attempt in outcome.attempts] == ["a", "a"]


@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(wire=WIRES, policy=BUDGETS)
def test_whenever_a_process_dies_the_ledger_bounds_what_was_billed(wire, policy):
    profile = made(policy, Budget())

    def check() -> None:
        settled, unsettled = told(profile)
        assert settled <= wire.billed <= settled + unsettled

    wire.on_bill = check
    run(lambda: Machine(profile, wire).carry(rows=150, in_flight=64))
    check()


@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(
    wire=WIRES,
    per_day=st.decimals("0.001", "0.1", places=6),
    on_budget=st.sampled_from([OnBudget.STOP, OnBudget.FAIL, OnBudget.DEFER]),
)
def test_processes_share_what_is_counted_by_the_day(wire, per_day, on_budget):
    profile = made(Budget(per_day=per_day), Budget(), on_budget)
    machines = [Machine(profile, wire) for _ in range(3)]

    async def main() -> list[list[Outcome]]:
        return await asyncio.gather(*(machine.carry(100, 64) for machine in machines))

    each = run(main)
    assert wire.billed <= per_day
    settled, unsettled = told(profile)
    assert settled <= wire.billed <= settled + unsettled
    ended = {outcome.state for outcomes in each for outcome in outcomes}
    if on_budget is not OnBudget.STOP:
        assert RowState.PENDING not in ended
        assert not any(machine.stopped for machine in machines)


def test_what_is_reserved_and_not_used_is_used_by_rows_that_wait():
    """A budget for five rows at worst answers many times as many, and goes to its very end."""
    profile = made(Budget(per_run=Decimal("0.0060")), Budget())
    machine = Machine(profile, Wire(random.Random(1)))
    outcomes = run(lambda: machine.carry(rows=400, in_flight=64))
    assert sum(one.state is RowState.COMPLETED for one in outcomes) > 10
    worst = max(one.plan.worst_usd or 0 for one in outcomes if one.plan)
    assert machine.wire.billed + worst > Decimal("0.0060")


@pytest.mark.parametrize("state", [RowState.FAILED, RowState.DEFERRED])
def test_a_row_without_room_ends_as_the_policy_says(state):
    on_budget = OnBudget.FAIL if state is RowState.FAILED else OnBudget.DEFER
    profile = made(Budget(per_run=Decimal("0.0001")), Budget(), on_budget)
    machine = Machine(profile, Wire(random.Random(1)))
    (outcome,) = run(lambda: machine.carry(rows=1, in_flight=1))
    assert outcome.state is state
    assert outcome.failure
    assert outcome.failure.code == "budget"
    assert "[policy] budget per_run = $0.0001 has no room: $0 is spent" in outcome.failure.message
    # A resume does not touch what has ended, unless it is told to.
    flags = "--resume --retry-errors --accept-profile"
    assert f"at worst; raise it, and go on with {flags} (p.toml)" in outcome.failure.message
    assert not machine.stopped


@pytest.mark.parametrize(
    ("budget", "told"),
    [
        (Budget(per_run=Decimal("0.0001")), "raise it, lower max_output_tokens, or shorten the"),
        (Budget(per_day=Decimal("0.0001")), "ask again after 00:00 UTC, or raise it"),
    ],
)
def test_a_prompt_of_its_own_is_told_of_no_run_that_could_go_on(budget, told):
    machine = Machine(made(budget, Budget()), Wire(random.Random(1)), resumable=False)
    (outcome,) = run(lambda: machine.carry(rows=1, in_flight=1))
    assert outcome.failure
    assert told in outcome.failure.message
    assert "--" not in outcome.failure.message


def test_a_row_that_may_cost_too_much_fails_with_both_figures():
    profile = made(Budget(per_request=Decimal("0.0005")), Budget())
    machine = Machine(profile, Wire(random.Random(1)))
    (outcome,) = run(lambda: machine.carry(rows=1, in_flight=1))
    assert outcome.state is RowState.FAILED
    assert outcome.failure
    worst = outcome.plan.worst_usd if outcome.plan else None
    assert f"the row may cost ${worst} at worst" in outcome.failure.message
    assert "per_request = $0.0005" in outcome.failure.message
    assert not machine.stopped


def test_a_try_after_one_that_cost_nothing_needs_no_more_than_was_reserved():
    profile = degrading(Budget(per_run=Decimal("0.0012")), free=False)
    profile = replace(profile, policy=replace(profile.policy, on_budget=OnBudget.STOP))
    kinds = iter([ErrorKind.SERVER, ErrorKind.SERVER, None])
    wire = Wire(random.Random(1))
    wire.dice.choice = lambda _: next(kinds)  # type: ignore[method-assign]
    machine = Machine(profile, wire)
    (outcome,) = run(lambda: machine.carry(rows=1, in_flight=1))
    assert (outcome.state, len(outcome.attempts)) == (RowState.COMPLETED, 3)


def test_a_try_after_one_that_may_be_billed_needs_as_much_again():
    profile = degrading(Budget(per_run=Decimal("0.0012")), free=False)
    profile = replace(profile, policy=replace(profile.policy, on_budget=OnBudget.STOP))
    machine = Machine(profile, Wire(random.Random(1), kinds=(ErrorKind.TIMEOUT,)))
    (outcome,) = run(lambda: machine.carry(rows=1, in_flight=1))
    assert (outcome.state, len(outcome.attempts)) == (RowState.PENDING, 1)
    assert "its last attempt failed: scripted" in machine.stopped[0]


def degrading(budget: Budget, *, free: bool) -> Profile:
    """A dear route: b, and behind it a. A third model, which no route names, may cost nothing."""
    profile = made(budget, Budget(), OnBudget.DEGRADE)
    models = dict(profile.models)
    if free:
        models["c"] = replace(models["a"], name="c", wire_name="c", price=Price(FREE, "free"))
    dear = replace(profile.routes[0], when=None)
    return replace(profile, models=models, routes=(dear,))


@pytest.mark.parametrize(
    ("per_run", "asked"),
    [("0.0012", {"b"}), ("0.001", {"a"}), ("0.00005", {"c"})],
)
def test_a_plan_without_room_is_degraded_to_the_cheapest_of_the_route_then_of_all(per_run, asked):
    machine = Machine(
        degrading(Budget(per_run=Decimal(per_run)), free=True), Wire(random.Random(1))
    )
    (outcome,) = run(lambda: machine.carry(rows=1, in_flight=1))
    assert outcome.state is RowState.COMPLETED
    assert set(machine.wire.by_model) == asked
    assert outcome.plan
    assert outcome.plan.degraded == (asked != {"b"})
    if outcome.plan.degraded:
        assert f"per_run = ${per_run} has no room for $0.00" in outcome.plan.reason


def test_a_row_beyond_its_own_budget_is_degraded_too():
    budget = Budget(per_request=Decimal("0.0002"))
    machine = Machine(degrading(budget, free=False), Wire(random.Random(1)))
    (outcome,) = run(lambda: machine.carry(rows=1, in_flight=1))
    assert (outcome.state, outcome.model) == (RowState.COMPLETED, "a")


def test_where_even_the_cheapest_has_no_room_the_run_stops():
    budget = Budget(per_run=Decimal("0.00005"))
    machine = Machine(degrading(budget, free=False), Wire(random.Random(1)))
    (outcome,) = run(lambda: machine.carry(rows=1, in_flight=1))
    assert outcome.state is RowState.PENDING
    assert len(machine.stopped) == 1


@settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow])
@given(wire=WIRES, per_run=st.decimals("0.001", "0.05", places=6))
def test_degraded_plans_pass_no_budget_and_stop_no_run(wire, per_run):
    machine = Machine(degrading(Budget(per_run=per_run), free=True), wire)
    outcomes = run(lambda: machine.carry(rows=200, in_flight=64))
    assert wire.billed <= per_run
    assert not machine.stopped
    assert {one.state for one in outcomes} <= {RowState.COMPLETED, RowState.FAILED}
