"""When to try again, and when to ask the next model: the only retry layer there is."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType

from airoute_cli.core.errors import FALLS_BACK, CallError, ErrorKind

# Tries at one model. Being told to wait is no failure of the request, so it may be told more often.
TRIES = 3
TRIES_FOR: Mapping[ErrorKind, int] = MappingProxyType(
    {ErrorKind.RATE_LIMIT: 10, ErrorKind.OVERLOADED: 6}
)

# Full jitter (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
BACKOFF_BASE_S = 0.5
BACKOFF_CAP_S = 30.0

# A longer Retry-After is not waited for while another model can answer.
PATIENCE_S = 120.0


class Verdict(Enum):
    """What to do after a failed attempt."""

    AGAIN = auto()
    NEXT_MODEL = auto()
    GIVE_UP = auto()


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, and for ``AGAIN`` after how many seconds."""

    verdict: Verdict
    delay_s: float = 0.0


def decide(
    error: CallError,
    *,
    tries: int,
    more_models: bool,
    left_s: float = math.inf,
    jitter: Callable[[], float] = random.random,
) -> Decision:
    """What to do after the ``tries``-th try at this model.

    ``more_models``: another one could be asked. ``left_s`` is what the row has left of its time:
    a wait that goes beyond it is not begun.
    """
    patience = min(left_s, PATIENCE_S if more_models else math.inf)
    if error.retryable and tries < TRIES_FOR.get(error.kind, TRIES):
        delay = _delay(error, tries, jitter)
        if delay <= patience:
            return Decision(Verdict.AGAIN, delay)
    if more_models and error.kind in FALLS_BACK:
        return Decision(Verdict.NEXT_MODEL)
    return Decision(Verdict.GIVE_UP)


def _delay(error: CallError, tries: int, jitter: Callable[[], float]) -> float:
    if error.retry_after is not None:
        return error.retry_after
    return jitter() * min(BACKOFF_CAP_S, BACKOFF_BASE_S * float(1 << tries))
