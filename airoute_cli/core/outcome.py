"""What happened to a row: its attempts and its end."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from airoute_cli.core.completion import Completion
from airoute_cli.core.errors import ErrorKind
from airoute_cli.core.frozen import frozen
from airoute_cli.core.money import Usage
from airoute_cli.core.plan import CallRole, Plan


class RowState(StrEnum):
    """Where a row stands; rows in = the sum over all of these."""

    COMPLETED = "completed"
    FAILED = "failed"
    REFUSED = "refused"
    DEFERRED = "deferred"
    HANDED_OFF = "handed_off"
    PENDING = "pending"


class Attempt(NamedTuple):
    """One try on the wire: a tuple, as a planned call is.

    ``error`` None: it answered. ``usd`` None: nobody knows what it cost.
    ``unsettled_usd`` is the most that an attempt without a report may be billed (a timeout, a cut
    stream); None there means that even this is unknown. ``reported_usd`` is what the provider says
    that it cost. ``waited_s`` was spent before it left, at the gate or for a slot of an embedded
    model, and is not in ``latency_ms``. ``role`` is what the call was for.
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
    reported_usd: Decimal | None = None
    waited_s: float = 0.0
    role: CallRole = CallRole.ANSWER


class StepVerdict(StrEnum):
    """What became of one answer on a row's way through a cascade or an ensemble."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    OUTVOTED = "outvoted"
    FAILED = "failed"


@frozen
class Step:
    """One answer that was asked for, what was found of it, and what asking and finding out cost.

    ``check`` is the key of ``accept`` that did not pass, or the kind of the error. ``confidence``
    is in 0..1, None where nobody asked for it. ``usd`` None: a price is unknown.
    """

    model: str
    verdict: StepVerdict
    check: str | None = None
    reason: str | None = None
    confidence: float | None = None
    usd: Decimal | None = Decimal(0)


class OutputState(StrEnum):
    """What became of an answer that must be JSON: as it came, or what it took to make it so."""

    VALID = "valid"
    STRIPPED = "stripped"
    REPAIRED = "repaired"
    REPAIR_CALL = "repair_call"
    INVALID = "invalid"


@frozen
class Output:
    """How an answer came to the form that was asked for.

    ``prompted``: the schema was put into words, as the model's API has no field for it. ``answer``
    is the text as it came, where it is invalid to the end.
    """

    state: OutputState
    prompted: bool = False
    reason: str | None = None
    answer: str | None = None


@frozen
class RowFailure:
    """Why a row did not complete: a machine's word and a sentence."""

    code: str
    message: str


class Outcome(NamedTuple):
    """The end of a row: a tuple, as an attempt is.

    ``usd`` counts every attempt whose cost is known; None if one has an unknown price. ``steps``
    are a cascade's or an ensemble's; ``accepted`` is False for an answer that was kept although it
    did not pass, and ``combined`` says how several answers became one. ``output`` is
    that of an answer that must be JSON. ``elapsed_ms`` is the time of the whole row: all attempts,
    and what it waited before and between them.
    """

    state: RowState
    plan: Plan | None = None
    completion: Completion | None = None
    model: str | None = None
    attempts: tuple[Attempt, ...] = ()
    failure: RowFailure | None = None
    usd: Decimal | None = None
    elapsed_ms: float = 0.0
    steps: tuple[Step, ...] = ()
    accepted: bool | None = None
    combined: str | None = None
    output: Output | None = None

    def over(
        self, attempts: tuple[Attempt, ...], usd: Decimal | None, elapsed_ms: float
    ) -> Outcome:
        """This end with what it took; for every row, and ``_replace`` takes twice as long."""
        return Outcome(
            self.state,
            self.plan,
            self.completion,
            self.model,
            attempts,
            self.failure,
            usd,
            elapsed_ms,
            self.steps,
            self.accepted,
            self.combined,
            self.output,
        )

    @property
    def latency_ms(self) -> float | None:
        """The time of the call that gave the answer, on the wire; None where there is none."""
        answers = (one for one in reversed(self.attempts) if one.error is None)
        return next((one.latency_ms for one in answers if one.model == self.model), None)
