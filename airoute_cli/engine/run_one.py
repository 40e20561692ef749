"""Executes the plans of one prompt, with the parts that a batch is made of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from airoute_cli.core.completion import Completion
from airoute_cli.core.label import Label
from airoute_cli.core.outcome import Attempt, Outcome, RowState
from airoute_cli.core.plan import Call, Plan
from airoute_cli.core.profile import Limits, Model, Profile
from airoute_cli.core.request import Row
from airoute_cli.engine import debug
from airoute_cli.engine.before import NOTHING_BEFORE
from airoute_cli.engine.canary import Canary
from airoute_cli.engine.clock import Clock
from airoute_cli.engine.doors import Doors
from airoute_cli.engine.endpoints import Endpoints, OnText
from airoute_cli.engine.executor import Executor
from airoute_cli.engine.gate import Gate
from airoute_cli.engine.labelling import Labelling, labelling_of
from airoute_cli.engine.live_figures import LiveFigures
from airoute_cli.engine.purse import Purse
from airoute_cli.engine.shared_limits import SharedLimits
from airoute_cli.engine.spending import Spending, open_spending

# The plan of the row when it is known what came of asking for its task.
PlanBy = Callable[[Label], Plan]


async def run_one(
    profile: Profile,
    environ: Mapping[str, str],
    row: Row,
    plan: Plan,
    plan_by: PlanBy,
    on_text: OnText | None = None,
) -> Outcome:
    """Execute a plan for one row; ``plan_by`` makes it anew where its task has to be found."""
    async with _machinery(profile, environ, "ask") as machinery:
        return await machinery.carry(plan, row, plan_by, on_text)


async def run_each(
    profile: Profile,
    environ: Mapping[str, str],
    row: Row,
    plans: Mapping[str, Plan],
    plan_by: PlanBy,
) -> dict[str, Outcome]:
    """Execute several plans for one row, one after another, so that latencies are comparable."""
    async with _machinery(profile, environ, "try") as machinery:
        return {name: await machinery.carry(plan, row, plan_by) for name, plan in plans.items()}


@dataclass(frozen=True, slots=True)
class _Machinery:
    models: Mapping[str, Model]
    endpoints: Endpoints
    executor: Executor
    spending: Spending
    labelling: Labelling | None

    async def carry(
        self, plan: Plan, row: Row, plan_by: PlanBy, on_text: OnText | None = None
    ) -> Outcome:
        before = NOTHING_BEFORE

        def leaves(call: Call, number: int) -> None:
            debug.leaves(row.custom_id, call, number)

        def ended(number: int, attempt: Attempt, _: Completion | None) -> None:
            debug.ended(row.custom_id, number, attempt)

        async def execute(plan: Plan, purse: Purse) -> Outcome:
            # To load an HTTP library or a model takes longer than many an answer, and is none.
            await self.endpoints.prepare(self.models[call.model] for call in plan.calls[:1])
            outcome = await self.executor.run(
                plan,
                row.request,
                on_text=on_text,
                on_attempt=leaves,
                on_end=ended,
                purse=purse,
                before=before,
            )
            return _ended(outcome)

        debug.decided(row.custom_id, plan)
        if self.labelling and plan.asks_first and plan.label_call:
            await self.endpoints.prepare([self.models[plan.label_call.model]])
            label, before = await self.labelling.label(plan, row, leaves, ended)
            if label is None:
                return before.onto(Outcome(RowState.FAILED, plan))
            plan = plan_by(label)
            debug.decided(row.custom_id, plan)
        return before.onto(await self.spending.carry(plan, execute, before.spent))


def _ended(outcome: Outcome) -> Outcome:
    """A row can be left for later, a prompt cannot."""
    if outcome.state is RowState.PENDING:
        return outcome._replace(state=RowState.FAILED)
    return outcome


@asynccontextmanager
async def _machinery(
    profile: Profile, environ: Mapping[str, str], command: str
) -> AsyncIterator[_Machinery]:
    figures = LiveFigures(profile.models.values())
    clock = Clock.real()
    shared = SharedLimits(environ, clock.now)
    gate = Gate(profile.models.values(), Limits(), clock.now, shared)
    endpoints = Endpoints(environ, gate.observe)
    doors = Doors(profile.models.values(), clock, turn_away=gate.turn_away, lone=True)
    spending = open_spending(profile, command)
    try:
        executor = Executor(
            profile, endpoints, gate, figures, doors=doors, canary=Canary((), 0), clock=clock
        )
        labelling = labelling_of(profile, executor, spending, clock.now)
        yield _Machinery(profile.models, endpoints, executor, spending, labelling)
    finally:
        gate.shut()
        await shared.aclose()
        await spending.budgets.aclose()
        await endpoints.aclose()
        figures.save()
