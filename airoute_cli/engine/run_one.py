"""Executes the plans of one prompt, with the parts that a batch is made of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

from airoute_cli.core.outcome import Outcome, RowState
from airoute_cli.core.plan import Plan
from airoute_cli.core.profile import Limits, Profile
from airoute_cli.core.request import Row
from airoute_cli.engine.canary import Canary
from airoute_cli.engine.clock import Clock
from airoute_cli.engine.doors import Doors
from airoute_cli.engine.endpoints import Endpoints, OnText
from airoute_cli.engine.executor import Executor
from airoute_cli.engine.gate import Gate
from airoute_cli.engine.live_figures import LiveFigures


async def run_one(
    profile: Profile,
    environ: Mapping[str, str],
    row: Row,
    plan: Plan,
    on_text: OnText | None = None,
) -> Outcome:
    """Execute a plan for one row."""
    async with _executor(profile, environ) as executor:
        return _ended(await executor.run(plan, row.request, on_text=on_text))


async def run_each(
    profile: Profile, environ: Mapping[str, str], row: Row, plans: Mapping[str, Plan]
) -> dict[str, Outcome]:
    """Execute several plans for one row, one after another, so that latencies are comparable."""
    async with _executor(profile, environ) as executor:
        return {name: _ended(await executor.run(plan, row.request)) for name, plan in plans.items()}


def _ended(outcome: Outcome) -> Outcome:
    """A row can be left for later, a prompt cannot."""
    if outcome.state is RowState.PENDING:
        return replace(outcome, state=RowState.FAILED)
    return outcome


@asynccontextmanager
async def _executor(profile: Profile, environ: Mapping[str, str]) -> AsyncIterator[Executor]:
    figures = LiveFigures(profile.models.values())
    clock = Clock.real()
    gate = Gate(profile.models.values(), Limits(), clock.now)
    endpoints = Endpoints(environ, gate.observe)
    doors = Doors(profile.models.values(), clock, turn_away=gate.turn_away, lone=True)
    try:
        yield Executor(
            profile, endpoints, gate, figures, doors=doors, canary=Canary((), 0), clock=clock
        )
    finally:
        gate.shut()
        await endpoints.aclose()
        figures.save()
