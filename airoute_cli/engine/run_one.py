"""Executes the plans of one prompt, with the parts that a batch is made of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from airoute_cli.core.outcome import Outcome
from airoute_cli.core.plan import Plan
from airoute_cli.core.profile import Limits, Profile
from airoute_cli.core.request import Row
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
        return await executor.run(plan, row.request, on_text=on_text)


async def run_each(
    profile: Profile, environ: Mapping[str, str], row: Row, plans: Mapping[str, Plan]
) -> dict[str, Outcome]:
    """Execute several plans for one row, one after another, so that latencies are comparable."""
    async with _executor(profile, environ) as executor:
        return {name: await executor.run(plan, row.request) for name, plan in plans.items()}


@asynccontextmanager
async def _executor(profile: Profile, environ: Mapping[str, str]) -> AsyncIterator[Executor]:
    figures = LiveFigures(profile.models.values())
    gate = Gate(profile.models.values(), Limits())
    endpoints = Endpoints(environ, gate.observe)
    try:
        yield Executor(profile, endpoints, gate, figures)
    finally:
        gate.shut()
        await endpoints.aclose()
        figures.save()
