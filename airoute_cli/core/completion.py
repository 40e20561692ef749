"""The one answer model."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from airoute_cli.core.money import Usage
from airoute_cli.core.request import ToolCall


class FinishReason(StrEnum):
    """Why a model stopped, in one vocabulary for every provider."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"
    REFUSAL = "refusal"
    ERROR = "error"
    OTHER = "other"


class Completion(NamedTuple):
    """A normalised answer: a tuple, as a planned call is.

    ``usage`` is None where the provider reported none.
    ``confidence`` is the mean probability of the answer's tokens, in 0..1, where it was asked for.
    ``queued_s`` was spent in this process before the model took the request up.
    """

    text: str
    finish_reason: FinishReason
    raw_finish_reason: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    reasoning: str | None = None
    refusal: str | None = None
    usage: Usage | None = None
    served_model: str | None = None
    request_id: str | None = None
    reported_usd: Decimal | None = None
    confidence: float | None = None
    queued_s: float = 0.0

    @property
    def truncated(self) -> bool:
        """Whether the answer was cut at its token limit."""
        return self.finish_reason is FinishReason.LENGTH

    @property
    def filtered(self) -> bool:
        """Whether the provider's content filter cut the answer, or gave none."""
        return self.finish_reason is FinishReason.CONTENT_FILTER

    @property
    def refused(self) -> bool:
        """Whether the model itself did not want to answer."""
        return bool(self.refusal) or self.finish_reason is FinishReason.REFUSAL

    @property
    def empty(self) -> bool:
        """Whether there is nothing at all in it: no text, no tool call, no refusal."""
        return not (self.text.strip() or self.tool_calls or self.refusal)
