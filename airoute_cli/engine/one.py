"""One prompt outside a batch: planned, and if wanted executed, with the same parts."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from airoute_cli.core.outcome import Outcome
from airoute_cli.core.plan import Plan
from airoute_cli.core.profile import Limits, Profile
from airoute_cli.core.request import Message, Request, Row, Text
from airoute_cli.engine.endpoints import Endpoints, OnText
from airoute_cli.engine.executor import Executor
from airoute_cli.engine.gate import Gate
from airoute_cli.engine.live_figures import LiveFigures
from airoute_cli.routing.planner import Planner


def prompt_row(prompt: str, system: str | None, metadata: Mapping[str, str]) -> Row:
    """A prompt as the row that a batch would read; its digest is over what is asked."""
    turns = [Message("system", (Text(system),))] if system else []
    raw = "\x00".join((system or "", prompt)).encode()
    return Row(
        custom_id="prompt",
        line=1,
        digest=hashlib.blake2b(raw, digest_size=16).digest(),
        request=Request((*turns, Message("user", (Text(prompt),)))),
        raw=raw,
        metadata=metadata,
    )


def plan_one(profile: Profile, row: Row, *, model: str | None = None) -> Plan:
    """The plan with its whole trail of reasons. Opens no socket."""
    figures = LiveFigures(profile.models.values())
    return Planner(profile).plan(row, figures.snapshot(), explain=True, only_model=model)


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
    endpoints = Endpoints(environ)
    try:
        yield Executor(profile, endpoints, gate, figures)
    finally:
        gate.shut()
        await endpoints.aclose()
        figures.save()
