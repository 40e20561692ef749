"""An executor over models that behave as told, in virtual time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.money import Usage
from airoute_cli.core.outcome import Outcome, RowState
from airoute_cli.core.profile import (
    Limits,
    Model,
    OnUnavailable,
    Profile,
    Provider,
    Route,
    RunSettings,
    UnknownPrice,
)
from airoute_cli.core.request import Message, Request, Row, Text
from airoute_cli.engine import virtual_time
from airoute_cli.engine.batch import away_from
from airoute_cli.engine.canary import Canary, Sick
from airoute_cli.engine.clock import Clock
from airoute_cli.engine.doors import Doors
from airoute_cli.engine.executor import Executor
from airoute_cli.engine.gate import Gate
from airoute_cli.engine.live_figures import LiveFigures
from airoute_cli.routing.planner import Planner

ANSWER = Completion("yes", FinishReason.STOP, usage=Usage(1, 1))
Behaviour = Callable[[float, int], "CallError | float | None"]
"""What a model does at a time with its n-th call: an error, an answer after so long, or at once."""


def kind(name: ErrorKind, status: int | None = None, retry_after: float | None = None) -> CallError:
    return CallError(name, f"scripted {name}", status=status, retry_after=retry_after)


def always(error: CallError) -> Behaviour:
    return lambda _now, _n: error


def well(_now: float, _n: int) -> None:
    return None


class Wire:
    """Every endpoint at once."""

    def __init__(self, behaviours: Mapping[str, Behaviour]) -> None:
        self._behaviours = behaviours
        self.asked: Counter[str] = Counter()
        self.times: list[tuple[str, float]] = []

    def of(self, _: Model) -> Wire:
        return self

    async def complete(self, model: Model, _: Request) -> Completion:
        now = asyncio.get_running_loop().time()
        self.asked[model.name] += 1
        self.times.append((model.name, now))
        does = self._behaviours[model.name](now, self.asked[model.name])
        if isinstance(does, CallError):
            raise does
        await asyncio.sleep(does or 0.0)
        return ANSWER


class Bench:
    """A profile with models a, b, c on providers of their own, and rows for its one route."""

    def __init__(
        self,
        behaviours: Mapping[str, Behaviour],
        *,
        models: tuple[str, ...] = ("a",),
        fallback: tuple[str, ...] = (),
        on_unavailable: OnUnavailable = OnUnavailable.PENDING,
        settings: RunSettings | None = None,
        timeout: float = 30.0,
        windows: Mapping[str, int] | None = None,
        lone: bool = False,
    ) -> None:
        provider = Provider("p", "openai", "http://p.example/v1", ("MY_KEY",), timeout=timeout)
        self.models = {
            name: Model(name, provider, f"{name}-1", context_window=(windows or {}).get(name))
            for name in behaviours
        }
        route = Route("r", "fallback", models, fallback, on_unavailable=on_unavailable)
        self.profile = Profile(
            "p",
            "p.toml",
            {"p": provider},
            self.models,
            (route,),
            unknown_price=UnknownPrice.ALLOW,
            run=settings or RunSettings(canary=0),
        )
        self.wire = Wire(behaviours)
        self.told: list[str] = []
        self.sick: list[Sick] = []
        self.lone = lone
        self.ended_at = 0.0
        self.doors: Doors
        self.canary: Canary

    def run(self, rows: int = 1, at_once: int = 4, under_way: int = 1_000) -> list[Outcome]:
        return virtual_time.run(lambda: self._run(rows, at_once, under_way))

    async def _run(self, rows: int, at_once: int, under_way: int = 1_000) -> list[Outcome]:
        clock, models = Clock.real(), self.models.values()
        gate = Gate(models, Limits(max_concurrency=at_once))
        self.canary = Canary(models, self.profile.run.canary)
        self.canary.on_sick(self.sick.append)
        self.doors = Doors(
            models,
            clock,
            turn_away=away_from(gate, self.canary),
            tell=self.told.append,
            lone=self.lone,
        )
        executor = Executor(
            self.profile,
            self.wire,  # type: ignore[arg-type]
            gate,
            LiveFigures(models),
            doors=self.doors,
            canary=self.canary,
            clock=clock,
        )
        planner = Planner(self.profile)
        given = [
            Row(str(n), n, b"%016d" % n, Request((Message("user", (Text("hi"),)),)), b"")
            for n in range(rows)
        ]
        room = asyncio.Semaphore(under_way)

        async def carry(row: Row) -> Outcome:
            async with room:
                return await executor.run(planner.plan(row, {}), row.request)

        outcomes = await asyncio.gather(*map(carry, given))
        self.ended_at = clock.now()
        return outcomes


def states(outcomes: list[Outcome]) -> Counter[RowState]:
    return Counter(outcome.state for outcome in outcomes)
