"""How long it takes to plan one row of 60 words, with many rules and several models."""

from __future__ import annotations

import random
import time
import timeit
from decimal import Decimal

from airoute_cli.core.figures import Figures
from airoute_cli.core.money import Price, Rates
from airoute_cli.core.profile import Model, Profile, Provider, Route, When
from airoute_cli.core.request import Message, Request, Row, Text
from airoute_cli.routing.planner import Planner

PROMPT = (
    "please help with my order it has not come and the number on the page says that the parcel "
    "went to another street so I would like my money back or a new one sent by the end of this "
    "week because the birthday of my daughter is on Friday and nobody answers the phone at your "
    "office in spite of many calls since"
)
LETTERS = "abcdefghijklmnopqrstuvwxyz"
PROVIDER = Provider("cloud", "openai")
ROUNDS = 500


def a_model(name: str, cents: int) -> Model:
    """A model with a price."""
    price = Price(Rates(Decimal(cents) / 100, Decimal(cents) / 25), "benchmark")
    return Model(name, PROVIDER, name, price, context_window=128_000)


def a_profile(rules: int, *, task: bool) -> Profile:
    """As many routes that do not take the row, and a default one that does."""
    random_ = random.Random(rules)
    routes = [_route(random_, number) for number in range(rules)]
    if task:
        routes.append(Route("code", "fallback", ("a", "b"), when=When(task=("code",))))
    routes.append(Route("default", "cheapest", ("a", "b"), fallback=("c",)))
    models = {name: a_model(name, cents) for name, cents in (("a", 40), ("b", 25), ("c", 90))}
    return Profile("bench", "bench.toml", {"cloud": PROVIDER}, models, tuple(routes))


def _route(random_: random.Random, number: int) -> Route:
    words = tuple("".join(random_.choices(LETTERS, k=random_.randint(5, 9))) for _ in range(3))
    return Route(f"r{number}", "fallback", ("a", "b"), when=When(contains_any=words))


def microseconds(rules: int, *, task: bool) -> float:
    """CPU time, the best of nine."""
    planner = Planner(a_profile(rules, task=task))
    request = Request((Message("user", (Text(PROMPT),)),))
    row = Row("r-1", 1, b"0123456789abcdef", request, b"")
    snapshot = {"a": Figures(answers=3, token_ratio=1.1)}
    best = min(
        timeit.repeat(
            lambda: planner.plan(row, snapshot), timer=time.process_time, number=ROUNDS, repeat=9
        )
    )
    return best / ROUNDS * 1e6


def main() -> None:
    """Print one line for each kind of profile."""
    for rules in (0, 10, 50, 1_000):
        print(f"{rules:>6,} rules: {microseconds(rules, task=False):7.1f} microseconds a row")
    print(f"    50 rules and the task: {microseconds(50, task=True):7.1f} microseconds a row")


if __name__ == "__main__":
    main()
