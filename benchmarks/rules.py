"""How long it takes to find the route of a 60-word prompt among many."""

from __future__ import annotations

import random
import time
import timeit

from airoute_cli.core.plan import Features
from airoute_cli.core.profile import When
from airoute_cli.core.settings import NOTHING
from airoute_cli.routing.conditions import Subject
from airoute_cli.routing.rules import Rules, compile_when

WORDS = (
    "please help with my order it has not come and the number on the page says that the parcel "
    "went to another street so I would like my money back or a new one sent by the end of this "
    "week because the birthday of my daughter is on Friday and nobody answers the phone at your "
    "office in spite of many calls since"
)
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def some_when(random_: random.Random) -> When:
    """A rule of the mix that profiles have: words mostly, some sizes and metadata."""
    words = tuple("".join(random_.choices(LETTERS, k=random_.randint(5, 9))) for _ in range(3))
    kinds = (
        When(contains_any=words),
        When(contains_any=words, metadata={"tier": ("pro",)}),
        When(metadata={"region": (words[0],)}),
        When(starts_with=words),
        When(min_input_tokens=random_.randint(4_000, 9_000)),
    )
    return random_.choices(kinds, weights=(5, 2, 1, 1, 1))[0]


def microseconds(count: int) -> float:
    """CPU time, the best of nine for one row that no rule takes, with ``count`` rules."""
    random_ = random.Random(count)
    rules = Rules([compile_when(some_when(random_)) for _ in range(count)])
    metadata = {"tier": "free", "region": "eu"}
    features = Features(WORDS, len(WORDS) // 4, "", frozenset(), metadata or NOTHING)
    rounds = 20_000 // count + 1
    best = min(
        timeit.repeat(
            lambda: rules.first(Subject(features)), timer=time.process_time, number=rounds, repeat=9
        )
    )
    return best / rounds * 1e6


def main() -> None:
    """Print one line for each number of rules."""
    for count in (10, 50, 100, 300, 1_000, 5_000):
        print(f"{count:>6,} rules: {microseconds(count):8.1f} microseconds a row")


if __name__ == "__main__":
    main()
