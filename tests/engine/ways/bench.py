"""A profile with one route, models that say what a test wants, and the row's end."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.errors import CallError
from airoute_cli.core.money import Price, Rates, Usage
from airoute_cli.core.outcome import Outcome
from airoute_cli.core.plan import Plan
from airoute_cli.core.policy import Policy
from airoute_cli.core.profile import Limits, Model, Profile, Provider, Route, RunSettings
from airoute_cli.core.request import Capability, Message, Request, Row, Text
from airoute_cli.engine import virtual_time
from airoute_cli.engine.canary import Canary
from airoute_cli.engine.clock import Clock
from airoute_cli.engine.doors import Doors
from airoute_cli.engine.executor import Executor
from airoute_cli.engine.gate import Gate
from airoute_cli.engine.live_figures import LiveFigures
from airoute_cli.routing.planner import Planner

Says = Callable[[Request, int], "Completion | CallError | str"]
"""What a model says to a request that is its n-th, from 0."""


def saying(*texts: str) -> Says:
    """One text after the other, the last one for ever."""
    return lambda _request, n: texts[min(n, len(texts) - 1)]


class Bench:
    """Each token costs 1 dollar, and each call uses one token each way."""

    def __init__(
        self,
        says: Mapping[str, Says],
        strategy: str,
        models: tuple[str, ...],
        *,
        fallback: tuple[str, ...] = (),
        policy: Policy | None = None,
        settings: RunSettings | None = None,
        **options: Any,
    ) -> None:
        provider = Provider("p", "openai", "http://p.example/v1")
        price = Price(Rates(input=Decimal(1_000_000), output=Decimal(1_000_000)), "test")
        can = frozenset({Capability.JSON_SCHEMA})
        self.models = {
            name: Model(name, provider, f"{name}-1", price, capabilities=can) for name in says
        }
        route = Route("r", strategy, models, fallback, options=options)
        self.profile = Profile(
            "p",
            "p.toml",
            {"p": provider},
            self.models,
            (route,),
            policy=policy or Policy(),
            run=settings or RunSettings(),
        )
        self._says = says
        self.asked: Counter[str] = Counter()
        self.requests: list[tuple[str, Request]] = []
        self.heard: list[str] = []
        self.plan: Plan

    def of(self, _: Model) -> Bench:
        """Every endpoint at once."""
        return self

    async def complete(self, model: Model, request: Request) -> Completion:
        said = self._says[model.name](request, self.asked[model.name])
        self.asked[model.name] += 1
        self.requests.append((model.name, request))
        if isinstance(said, CallError):
            raise said
        if isinstance(said, str):
            return Completion(said, FinishReason.STOP, usage=Usage(1, 1))
        return said

    async def stream(
        self, model: Model, request: Request, on_text: Callable[[str], None]
    ) -> Completion:
        completion = await self.complete(model, request)
        on_text(completion.text)
        return completion

    def run(self, text: str = "how many?", request: Request | None = None) -> Outcome:
        return virtual_time.run(lambda: self._run(text, request))

    def run_for_real(self, text: str = "how many?") -> Outcome:
        """Not in virtual time, which knows no processes."""
        return asyncio.run(self._run(text, None))

    async def _run(self, text: str, request: Request | None) -> Outcome:
        clock, models = Clock.real(), self.models.values()
        gate = Gate(models, Limits())
        doors = Doors(models, clock, turn_away=gate.turn_away, lone=True)
        executor = Executor(
            self.profile,
            self,  # type: ignore[arg-type]
            gate,
            LiveFigures(models),
            doors=doors,
            canary=Canary((), 0),
            clock=clock,
        )
        row = Row("1", 1, b"d" * 16, request or Request((Message("user", (Text(text),)),)), b"")
        self.plan = Planner(self.profile).plan(row, {}, explain=True)
        return await executor.run(self.plan, row.request, on_text=self.heard.append)
