"""The pace against limiters as providers have them, over simulated minutes."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from airoute_cli.core.profile import Limits, Model, Provider
from airoute_cli.core.rate_limits import Allowance, RateLimits
from airoute_cli.engine.gate import Gate
from airoute_cli.engine.pace import Pace
from airoute_cli.engine.virtual_time import run

MODEL = Model("m", Provider("p", "openai"), "m")


@dataclass
class Leaky:
    """nginx's ``limit_req rate=… burst=… nodelay``, to the millisecond."""

    rate: float
    burst: float
    excess: float = 0.0
    last: float | None = None

    def admit(self, now: float) -> bool:
        if self.last is not None:
            excess = max(0.0, self.excess - (now - self.last) * self.rate + 1)
            if excess > self.burst:
                return False
            self.excess = excess
        self.last = now
        return True


@dataclass
class Fixed:
    """So many calls in each whole minute; it tells what is left of them and until when."""

    limit: int
    minute: float = -1
    left: int = 0

    def admit(self, now: float) -> bool:
        if now // 60 > self.minute:
            self.minute, self.left = now // 60, self.limit
        self.left -= self.left > 0 and 1
        return self.left > 0

    def told(self, now: float) -> RateLimits:
        return RateLimits(Allowance(self.limit, self.left, 60 - now % 60))


@dataclass
class Filling:
    """A bucket of a whole minute that refills all the time, told as OpenAI tells it."""

    limit: int
    credit: float = -1
    last: float = 0.0

    def admit(self, now: float) -> bool:
        full = self.credit < 0
        gained = (now - self.last) * self.limit / 60
        self.credit = self.limit if full else min(self.limit, self.credit + gained)
        self.last = now
        if self.credit < 1:
            return False
        self.credit -= 1
        return True

    def told(self, _now: float) -> RateLimits:
        missing = self.limit - self.credit
        return RateLimits(Allowance(self.limit, int(self.credit), missing / self.limit * 60))


@dataclass
class Outcome:
    served: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    def served_between(self, start: float, end: float) -> int:
        return sum(start <= at < end for at in self.served)

    def refused_between(self, start: float, end: float) -> int:
        return sum(start <= at < end for at in self.refused)


def _simulate(
    admit: Callable[[float], bool],
    *,
    model: Model = MODEL,
    told: Callable[[float], RateLimits] | None = None,
    minutes: float = 5,
    workers: int = 200,
    latency: float = 0.4,
    on_start: Callable[[Gate], None] = lambda _gate: None,
) -> Outcome:
    seen = Outcome()

    async def worker(gate: Gate) -> None:
        now = asyncio.get_running_loop().time
        while True:
            lease = await gate.acquire(model.name, 100)
            await asyncio.sleep(latency / 2)
            admitted = admit(now())
            (seen.served if admitted else seen.refused).append(now())
            limits = told(now()) if told else None
            await asyncio.sleep(latency / 2)
            if limits:
                gate.observe(model.name, limits)
            lease.release(100, refused=not admitted)

    async def main() -> None:
        gate = Gate([model], Limits())
        on_start(gate)
        tasks = [asyncio.create_task(worker(gate)) for _ in range(workers)]
        await asyncio.sleep(minutes * 60)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    run(main)
    return seen


@pytest.mark.parametrize(
    ("rate", "burst", "latency"),
    [(50, 5, 0.002), (50, 5, 3.0), (50, 1, 0.4), (5, 3, 0.4), (400, 20, 0.4)],
)
def test_without_any_limit_in_the_profile_it_settles_just_below_the_ceiling(rate, burst, latency):
    seen = _simulate(
        Leaky(rate, burst).admit, latency=latency, workers=max(64, int(rate * 5)), minutes=2
    )
    served, refused = seen.served_between(30, 120), seen.refused_between(30, 120)
    assert served >= 0.9 * rate * 90
    assert refused <= 0.03 * served


@pytest.mark.parametrize("latency", [0.01, 3.0])
def test_a_stated_limit_at_the_ceiling_is_used_in_full_and_hardly_refused(latency):
    model = Model("m", Provider("p", "openai", limits=Limits(3_000)), "m")
    seen = _simulate(Leaky(50, 5).admit, model=model, latency=latency, workers=200, minutes=2)
    assert len(seen.served) >= 0.97 * 50 * 120 - 50 * latency
    assert len(seen.refused) < 0.005 * len(seen.served)


def test_the_refusals_of_the_first_burst_are_not_taken_for_the_ceiling():
    pace = Pace(None, 0.0)
    pace.refused(granted_at=0.0, at_rate=None, now=0.01)
    pace.refused(granted_at=0.02, at_rate=pace.rate, now=0.03)
    for tick in range(1, 101):
        now = tick / 10
        while pace.ready_at(now, 1) <= now:
            pace.take(now, 1)
        pace.answered(pace.rate, now)
    assert pace.rate > 30


def test_a_stated_limit_that_is_too_high_is_corrected():
    model = Model("m", Provider("p", "openai", limits=Limits(12_000)), "m")
    seen = _simulate(Leaky(50, 5).admit, model=model, minutes=2)
    served, refused = seen.served_between(30, 120), seen.refused_between(30, 120)
    assert served >= 0.9 * 50 * 90
    assert refused <= 0.03 * served


def test_the_first_burst_of_refusals_is_one_cut():
    pace = Pace(100.0, 0.0)
    for _ in range(50):
        pace.refused(granted_at=0.0, at_rate=100.0, now=0.2)
    assert pace.rate == pytest.approx(90.0)
    pace.refused(granted_at=0.3, at_rate=90.0, now=0.5)
    assert pace.rate == pytest.approx(81.0)


def test_a_ceiling_that_rises_is_found_again():
    ceiling = Leaky(10, 5)

    def admit(now: float) -> bool:
        if now > 120:
            ceiling.rate = 100
        return ceiling.admit(now)

    seen = _simulate(admit, minutes=5, workers=100)
    assert seen.served_between(240, 300) >= 0.85 * 100 * 60


@pytest.mark.parametrize("limiter", [Fixed(600), Filling(600), Filling(6_000)])
def test_headers_keep_a_model_below_its_limit_without_refusals(limiter):
    seen = _simulate(limiter.admit, told=limiter.told, minutes=3)
    assert len(seen.refused) <= 0.01 * len(seen.served)
    assert len(seen.served) >= 0.9 * limiter.limit * 3


def test_a_limit_that_others_use_up_too_is_shared_as_the_headers_tell():
    others = Fixed(600)

    def told(now: float) -> RateLimits:
        others.admit(now)  # each of our calls meets one of somebody else
        return others.told(now)

    seen = _simulate(others.admit, told=told)
    assert seen.refused_between(60, 300) <= 0.03 * seen.served_between(60, 300)


def test_nothing_left_holds_the_model_until_its_window_ends():
    pace = Pace(None, 0.0)
    pace.observe(RateLimits(Allowance(100, 0, 20.0)), 0.0)
    assert pace.ready_at(1.0, 1) == 20.0


def test_headers_on_tokens_pace_tokens():
    pace = Pace(None, 0.0)
    pace.observe(RateLimits(tokens=Allowance(6_000, 5_900, 1.0)), 0.0)
    pace.take(0.0, 500)
    assert pace.ready_at(0.0, 1) == pytest.approx(5.0, abs=0.2)
    pace.settle(500, 100)
    assert pace.ready_at(0.0, 1) == pytest.approx(1.0, abs=0.2)


def test_without_a_header_or_a_refusal_nothing_is_held_back():
    seen = _simulate(lambda _now: True, minutes=0.5, workers=50, latency=0.1)
    assert len(seen.served) >= 50 * 299
    assert Pace(None, 0.0).rate is None


def _by_chance(share: float, admit: Callable[[float], bool] = lambda _now: True):
    dice = random.Random(7)
    return lambda now: dice.random() >= share and admit(now)


@pytest.mark.parametrize("stated", [None, 3_000])
@pytest.mark.parametrize("latency", [0.4, 3.0])
@pytest.mark.parametrize(("share", "used"), [(0.01, 0.7), (0.05, 0.7), (0.2, 0.2)])
def test_refusals_by_chance_do_not_draw_the_pace_down(share, used, latency, stated):
    model = Model("m", Provider("p", "openai", limits=Limits(stated)), "m")
    seen = _simulate(_by_chance(share), model=model, latency=latency, workers=32, minutes=8)
    borne = min(32 / latency, stated / 60 if stated else math.inf)
    assert seen.served_between(300, 480) >= used * borne * 180


def test_a_ceiling_is_kept_to_although_some_are_refused_by_chance():
    seen = _simulate(_by_chance(0.05, Leaky(50, 5).admit), minutes=8)
    served, refused = seen.served_between(240, 480), seen.refused_between(240, 480)
    assert served >= 0.85 * 50 * 240
    assert refused <= 0.15 * (served + refused)


def test_a_ceiling_that_falls_is_followed_down():
    ceiling = Leaky(100, 5)

    def admit(now: float) -> bool:
        ceiling.rate = 100 if now < 120 else 5
        return ceiling.admit(now)

    seen = _simulate(admit, minutes=6)
    assert seen.refused_between(180, 360) <= 0.15 * seen.served_between(180, 360)
