"""What the gate promises, over simulated hours: limits never passed, never left unused."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airoute_cli.core.profile import Limits, Model, Provider
from airoute_cli.engine.gate import Gate
from airoute_cli.engine.virtual_time import run

MINUTE = 60.0


@dataclass
class Seen:
    """What a provider's own clock saw: (time, provider, model, tokens) of every call."""

    calls: list[tuple[float, str, str, float]] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0

    def fullest(self, weigh: Callable[[tuple[float, str, str, float]], float]) -> float:
        """The most that stands in any 60 seconds."""
        most = inside = 0.0
        first = 0
        for call in self.calls:
            inside += weigh(call)
            while self.calls[first][0] <= call[0] - MINUTE:
                inside -= weigh(self.calls[first])
                first += 1
            most = max(most, inside)
        return most


def _models(provider: Limits, *own: Limits, providers: int = 1) -> list[Model]:
    made = [Provider(f"p{n}", "openai", limits=provider) for n in range(providers)]
    return [
        Model(f"m{n}", made[n % providers], f"m{n}", limits=limits) for n, limits in enumerate(own)
    ]


async def _call(
    gate: Gate, seen: Seen, model: Model, reserved: int, used: int | None, seconds: float
) -> None:
    lease = await gate.acquire(model.name, reserved)
    now = asyncio.get_running_loop().time()
    counted = reserved if used is None else used
    seen.calls.append((now, model.provider.name, model.name, counted))
    seen.in_flight += 1
    seen.most_in_flight = max(seen.most_in_flight, seen.in_flight)
    try:
        await asyncio.sleep(seconds)
    finally:
        seen.in_flight -= 1
        lease.release(used, refused=False)


def _rows(seed: int, models: list[Model], count: int) -> Iterable[tuple[Model, int, int, float]]:
    dice = random.Random(seed)
    for _ in range(count):
        reserved = dice.choice([1, 50, 400, 3_000])
        yield dice.choice(models), reserved, dice.randint(1, reserved), dice.uniform(0, 90)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    run_limits=st.builds(
        Limits,
        st.none() | st.integers(5, 900),
        st.none() | st.integers(3_000, 90_000),
        st.integers(1, 500),
    ),
    provider=st.builds(
        Limits, st.none() | st.integers(3, 900), st.none() | st.integers(3_000, 90_000)
    ),
    own=st.builds(Limits, st.none() | st.integers(3, 900), st.none() | st.integers(3_000, 90_000)),
)
def test_every_limit_holds_over_every_window_at_once(seed, run_limits, provider, own):
    models = _models(provider, own, Limits(), own, Limits(), providers=2)
    seen = Seen()

    async def main() -> None:
        gate = Gate(models, run_limits)
        dice = random.Random(seed)
        tasks = [asyncio.create_task(_call(gate, seen, *row)) for row in _rows(seed, models, 500)]
        loop = asyncio.get_running_loop()
        for task in dice.sample(tasks, 60):
            loop.call_later(dice.uniform(0, 120), task.cancel)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert all(not gate.waiting(model.name) for model in models)
        assert all(gate.in_flight(model.name) == 0 for model in models)
        gate.shut()

    run(main)
    assert seen.most_in_flight <= (run_limits.max_concurrency or 500)
    _check(seen, run_limits, lambda _call: True)
    for name in {model.provider.name for model in models}:
        _check(seen, provider, lambda call, name=name: call[1] == name)
    for model in models:
        _check(seen, model.limits, lambda call, name=model.name: call[2] == name)


def _check(seen: Seen, limits: Limits, counts: Callable[..., bool]) -> None:
    if limits.requests_per_minute:
        assert seen.fullest(counts) <= limits.requests_per_minute
    if limits.tokens_per_minute:
        fullest = seen.fullest(lambda call: call[3] if counts(call) else 0)
        assert fullest <= limits.tokens_per_minute + 1e-6


@pytest.mark.parametrize(
    ("limits", "tokens", "seconds"),
    [
        (Limits(requests_per_minute=3), 100, 2.0),
        (Limits(requests_per_minute=60), 100, 0.2),
        (Limits(requests_per_minute=500), 100, 55.0),
        (Limits(requests_per_minute=30_000), 100, 0.5),
        (Limits(tokens_per_minute=60_000), 700, 5.0),
        (Limits(tokens_per_minute=1_000), 300, 1.0),
        (Limits(requests_per_minute=100, tokens_per_minute=50_000), 499, 3.0),
    ],
)
def test_at_least_97_percent_of_the_allowance_is_used_while_there_is_work(limits, tokens, seconds):
    model = _models(limits, Limits())[0]
    seen = Seen()
    per_minute = min(
        limits.requests_per_minute or 10**9,
        (limits.tokens_per_minute or 10**12) // tokens,
    )
    minutes = 3 if per_minute > 5_000 else 40

    async def worker(gate: Gate) -> None:
        while True:
            await _call(gate, seen, model, tokens, tokens, seconds)

    async def main() -> None:
        gate = Gate([model], Limits())
        tasks = [asyncio.create_task(worker(gate)) for _ in range(min(600, per_minute * 2))]
        await asyncio.sleep(minutes * MINUTE)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    run(main)
    # As many calls as fit: where three of 300 are 900 of 1,000 tokens, that is all there is.
    assert len(seen.calls) >= 0.97 * per_minute * minutes


def test_reserved_tokens_that_were_not_used_go_out_again_at_once():
    model = _models(Limits(tokens_per_minute=60_000), Limits())[0]
    seen = Seen()

    async def worker(gate: Gate) -> None:
        while True:
            await _call(gate, seen, model, 1_000, 500, 0.5)

    async def main() -> None:
        gate = Gate([model], Limits())
        tasks = [asyncio.create_task(worker(gate)) for _ in range(64)]
        await asyncio.sleep(20 * MINUTE)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    run(main)
    # A call holds its whole reservation for its half second: 60,000 / (500 + 0.5 / 60 * 500).
    assert len(seen.calls) >= 0.97 * 20 * 60_000 / 504


def test_a_call_larger_than_the_limit_goes_out_alone_among_small_ones():
    model = _models(Limits(tokens_per_minute=1_000), Limits())[0]
    seen = Seen()

    async def main() -> None:
        gate = Gate([model], Limits())
        sizes = [50, 50, 5_000, 50, 50]
        await asyncio.gather(*(_call(gate, seen, model, size, size, 1.0) for size in sizes))

    run(main)
    at = [call[0] for call in seen.calls]
    assert [call[3] for call in seen.calls] == [50, 50, 5_000, 50, 50]
    assert at[2] - at[1] > MINUTE
    assert at[3] - at[2] > MINUTE


def test_a_large_call_is_not_passed_for_ever_by_small_ones_of_another_model():
    large, small = _models(Limits(tokens_per_minute=6_000), Limits(), Limits())
    seen = Seen()

    async def worker(gate: Gate) -> None:
        while True:
            await _call(gate, seen, small, 100, 100, 0.1)

    async def main() -> None:
        gate = Gate([large, small], Limits())
        tasks = [asyncio.create_task(worker(gate)) for _ in range(20)]
        await asyncio.sleep(5)
        await asyncio.wait_for(_call(gate, seen, large, 5_000, 5_000, 1.0), 2 * MINUTE)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    run(main)


def test_models_that_wait_hold_up_no_other_model_of_their_provider_and_share_it_evenly():
    slow, first, second = _models(
        Limits(requests_per_minute=600), Limits(requests_per_minute=3), Limits(), Limits()
    )
    seen = Seen()

    async def main() -> None:
        gate = Gate([slow, first, second], Limits(max_concurrency=100))
        rows = [*[slow] * 200, *[first] * 3_000, *[second] * 3_000]
        tasks = [asyncio.create_task(_call(gate, seen, model, 1, 1, 1.0)) for model in rows]
        await asyncio.sleep(5 * MINUTE)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    run(main)
    asked = [sum(call[2] == model.name for call in seen.calls) for model in (slow, first, second)]
    assert asked[0] >= 15
    assert sum(asked) >= 0.97 * 3_000
    assert abs(asked[1] - asked[2]) <= 10
