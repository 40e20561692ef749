"""``weighted``: each model gets its share of the rows, and a row always the same model."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from airoute_cli.routing.choice import Choice
from airoute_cli.routing.strategies.base import (
    Ordering,
    Passed,
    Pick,
    StrategyContext,
    StrategyOptions,
)
from airoute_cli.routing.wording import quoted

NAME = "weighted"
READS_ROW = True
READS_FIGURES = False
# So many bits of a hash that (n + 0.5) / 2**bits is never rounded to 0 or 1.
_BITS = 52


class Options(StrategyOptions):
    """The shares."""

    weights: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = Field(
        min_length=1,
        description="How many rows each model gets, in relation to the others: "
        "`weights = { a = 90, b = 10 }`.",
    )


def problem(models: Sequence[str], options: Options) -> str | None:
    """Every weight belongs to a model of the route and the other way round."""
    strangers = [name for name in options.weights if name not in models]
    if strangers:
        return f"weights names {quoted(strangers, 'and')}, which models does not. Add it to models."
    bare = [name for name in models if name not in options.weights]
    if bare:
        return f"weights has nothing for {quoted(bare, 'and')}. Give it a weight or leave it out."
    return None


def order(candidates: Sequence[Choice], context: StrategyContext[Options]) -> Ordering:
    """The one model that the row's digest draws.

    Weighted rendezvous hashing: each model draws its own number from the row, so when a model
    may not answer, only its rows move, and the others keep their proportions.
    """
    weights = context.options.weights
    drawn = _drawn(candidates, context)
    total = sum(weights[choice.name] for choice in candidates)
    passed = (
        Passed(choice.name, f"weight {weights[choice.name]:g} of {total:g}, not drawn")
        for choice in candidates
        if choice is not drawn
    )
    reason = f"weight {weights[drawn.name]:g} of {total:g}, by the row's digest"
    return Ordering((Pick(drawn, reason),), tuple(passed))


def _drawn(candidates: Sequence[Choice], context: StrategyContext[Options]) -> Choice:
    known = (choice for choice in candidates if choice.name == context.drawn)
    weights = context.options.weights
    return next(known, None) or max(
        candidates, key=lambda choice: _score(choice.name, weights, context)
    )


def _score(name: str, weights: dict[str, float], context: StrategyContext[Options]) -> float:
    """The highest wins; an exponential draw whose rate is the weight."""
    key = b"\0".join((context.features.digest, context.route.encode(), name.encode()))
    drawn = int.from_bytes(hashlib.blake2b(key, digest_size=8).digest()) >> (64 - _BITS)
    return weights[name] / -math.log((drawn + 0.5) / 2.0**_BITS)
