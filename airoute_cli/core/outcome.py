"""What happened to a row: its attempts and its end."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from airoute_cli.core.completion import Completion
from airoute_cli.core.errors import ErrorKind
from airoute_cli.core.money import Usage
from airoute_cli.core.plan import Plan


class RowState(StrEnum):
    """Where a row stands; rows in = the sum over all of these."""

    COMPLETED = "completed"
    FAILED = "failed"
    REFUSED = "refused"
    DEFERRED = "deferred"
    HANDED_OFF = "handed_off"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try on the wire. ``error`` None: it answered. ``usd`` None: nobody knows what it cost.

    ``unsettled_usd`` is the most that an attempt without a report may be billed (a timeout, a cut
    stream); None there means that even this is unknown. ``waited_s`` was spent at the gate.
    """

    model: str
    started: float
    latency_ms: float
    error: ErrorKind | None = None
    message: str | None = None
    status: int | None = None
    request_id: str | None = None
    usage: Usage | None = None
    usd: Decimal | None = None
    unsettled_usd: Decimal | None = Decimal(0)
    waited_s: float = 0.0


@dataclass(frozen=True, slots=True)
class RowFailure:
    """Why a row did not complete: a machine's word and a sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a row.

    ``usd`` counts every attempt whose cost is known; None if one has an unknown price.
    """

    state: RowState
    plan: Plan | None = None
    completion: Completion | None = None
    model: str | None = None
    attempts: tuple[Attempt, ...] = ()
    failure: RowFailure | None = None
    usd: Decimal | None = None
    latency_ms: float = 0.0
