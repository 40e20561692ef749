"""``accept`` of a route: what an answer must be."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

DEFAULT_SAMPLES = 3
DEFAULT_VERIFY_TIMEOUT_S = 30.0

Confidence = Literal["logprobs", "agreement", "judge"]


class Accept(BaseModel):
    """What an answer must be; every stated condition must hold."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    schema_: bool = Field(
        default=False,
        alias="schema",
        description="It is JSON that fits the schema of the row; without one, any JSON.",
    )
    not_truncated: bool = Field(default=True, description="It was not cut at its token limit.")
    not_empty: bool = Field(default=True, description="It has text or a tool call.")
    min_length: int | None = Field(default=None, ge=1, description="At least so many characters.")
    max_length: int | None = Field(default=None, ge=1, description="At most so many characters.")
    regex: str | None = Field(default=None, description="It is found somewhere in the answer.")
    quotes: bool = Field(
        default=False,
        description="Every passage that the answer puts in quotation marks (of 3 words and more) "
        "stands in the request.",
    )
    min_confidence: float | None = Field(
        default=None, gt=0, le=1, description="The confidence that the answer must reach."
    )
    confidence: Confidence = Field(
        default="logprobs",
        description="Where the confidence comes from: the mean probability of the answer's tokens, "
        "the share of samples that agree, or the score of a judge. The last model needs none.",
    )
    samples: int = Field(
        default=DEFAULT_SAMPLES,
        ge=2,
        le=20,
        description='How often a model is asked for `confidence = "agreement"`.',
    )
    judge: str | None = Field(
        default=None, description='The model that scores for `confidence = "judge"`.'
    )
    verify: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        default=(),
        description="A command that gets the answer on stdin and accepts it by exit code 0; no "
        "shell is between.",
    )
    verify_timeout: float = Field(
        default=DEFAULT_VERIFY_TIMEOUT_S,
        gt=0,
        description="Seconds for `verify`; a command that takes longer has not accepted.",
    )

    @field_validator("regex")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"is no regular expression: {error}") from error
        return pattern

    @model_validator(mode="after")
    def _judge_and_bound_go_together(self) -> Self:
        judged = self.min_confidence is not None and self.confidence == "judge"
        if judged and self.judge is None:
            raise ValueError('confidence = "judge" needs judge = "NAME", the model that scores')
        if self.judge is not None and not judged:
            raise ValueError('judge has no meaning without min_confidence and confidence = "judge"')
        return self

    @property
    def repeats(self) -> int:
        """How often each model but the last is asked."""
        agreeing = self.min_confidence is not None and self.confidence == "agreement"
        return self.samples if agreeing else 1

    @property
    def wants_logprobs(self) -> bool:
        """Whether the tokens' probabilities are asked for."""
        return self.min_confidence is not None and self.confidence == "logprobs"
