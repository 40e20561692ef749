"""Meters one attempt: its time, its tokens and its cost, whether it answered or not."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from airoute_cli.core.completion import Completion
from airoute_cli.core.errors import MAYBE_BILLED, CallError
from airoute_cli.core.money import ZERO, Usage
from airoute_cli.core.outcome import Attempt
from airoute_cli.core.plan import Call
from airoute_cli.core.profile import Model
from airoute_cli.engine.clock import Clock
from airoute_cli.routing.tokens import estimate_tokens


class Meter:
    """Runs from the moment a call leaves until its answer or its error.

    ``began`` is that moment, on the clock; None: now.
    """

    __slots__ = ("_began", "_call", "_clock", "_model", "_started", "_waited_s")

    def __init__(
        self,
        model: Model,
        call: Call,
        clock: Clock,
        *,
        waited_s: float,
        began: float | None = None,
    ) -> None:
        self._model = model
        self._call = call
        self._waited_s = waited_s
        self._clock = clock
        self._started = clock.wall()
        self._began = clock.now() if began is None else began

    def answered(self, completion: Completion) -> Attempt:
        """The record of an attempt that answered; unreported usage is estimated, and says so."""
        usage = completion.usage or Usage(
            input_tokens=self._call.input_tokens,
            output_tokens=estimate_tokens(completion.text + (completion.reasoning or "")),
            estimated=True,
        )
        return Attempt(
            model=self._model.name,
            started=self._started,
            latency_ms=self._elapsed_ms() - completion.queued_s * 1000,
            request_id=completion.request_id,
            usage=usage,
            usd=self._cost(usage),
            reported_usd=completion.reported_usd,
            waited_s=self._waited_s + completion.queued_s,
            role=self._call.role,
        )

    def failed(self, error: CallError) -> Attempt:
        """The record of an attempt that failed.

        Where the provider may have worked without telling, its cost is not zero but unsettled.
        """
        silent = error.kind in MAYBE_BILLED and error.usage is None
        return Attempt(
            model=self._model.name,
            started=self._started,
            latency_ms=self._elapsed_ms(),
            error=error.kind,
            message=str(error),
            status=error.status,
            request_id=error.request_id,
            usage=error.usage,
            usd=self._cost(error.usage) if error.usage else ZERO,
            unsettled_usd=self._call.worst_usd if silent else ZERO,
            reported_usd=error.reported_usd,
            waited_s=self._waited_s,
            role=self._call.role,
        )

    def _cost(self, usage: Usage) -> Decimal | None:
        return self._model.price.cost(usage) if self._model.price else None

    def _elapsed_ms(self) -> float:
        return (self._clock.now() - self._began) * 1000


def total_usd(attempts: Iterable[Attempt]) -> Decimal | None:
    """What the attempts cost together; None as soon as one has no known price."""
    total = ZERO
    for attempt in attempts:
        if attempt.usd is None:
            return None
        total += attempt.usd
    return total


def reported_usd(attempts: Iterable[Attempt]) -> Decimal | None:
    """What the providers themselves say that the attempts cost; None where none says anything."""
    told = [attempt.reported_usd for attempt in attempts if attempt.reported_usd is not None]
    return sum(told, ZERO) if told else None


def tokens_used(attempt: Attempt) -> int | None:
    """What counts against a token limit; None where nobody told."""
    usage = attempt.usage
    if usage is None or usage.estimated:
        return None
    return usage.input_tokens + usage.output_tokens
