"""``ensemble``: several models, or several samples, and one answer made of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from airoute_cli.core.plan import CallRole
from airoute_cli.routing.acceptance.options import Accept
from airoute_cli.routing.choice import Choice
from airoute_cli.routing.judging import choosing
from airoute_cli.routing.strategies.base import (
    Ordering,
    Pick,
    StrategyContext,
    StrategyOptions,
)

NAME = "ensemble"
READS_ROW = False
READS_FIGURES = False


class Options(StrategyOptions):
    """How many are asked and how one answer is made of theirs."""

    samples: int = Field(
        default=1, ge=1, le=20, description="How often each model is asked, with another seed."
    )
    combine: Literal["vote", "judge", "first_valid", "median"] = Field(
        default="vote",
        description="`vote`: what most say. `judge`: a model chooses. `first_valid`: the first "
        "that `accept` takes. `median`: of numbers, the middle one.",
    )
    field: str | None = Field(
        default=None,
        min_length=1,
        description="The field of JSON answers that is compared, as in `price` or `items.0.price`; "
        "else the whole text, without regard to case and spaces.",
    )
    quorum: int | None = Field(
        default=None,
        ge=1,
        description="So many members must answer. Default: more than half of them.",
    )
    judge: str | None = Field(default=None, description='The model for `combine = "judge"`.')
    judge_mode: Literal["pick", "merge"] = Field(
        default="pick", description="Whether the judge picks an answer or writes one of them all."
    )
    accept: Accept = Field(
        default_factory=Accept,
        description="What a member's answer must be to count. `min_confidence` is not for it.",
    )

    def helpers(self) -> tuple[str, ...]:
        """The judge."""
        return () if self.judge is None else (self.judge,)


def problem(models: Sequence[str], options: Options) -> str | None:
    """It wants at least two answers, a judge where one judges, and a quorum that can be met."""
    members = len(models) * options.samples
    if members < 2:  # noqa: PLR2004 - more than one
        return "an ensemble of one is none. Name more models, or say samples = 3."
    if (options.combine == "judge") != (options.judge is not None):
        return 'combine = "judge" and judge = "NAME" go together. Write both or neither.'
    if options.quorum is not None and options.quorum > members:
        return f"a quorum of {options.quorum} cannot be met by {members} members. Lower it."
    if options.accept.min_confidence is not None:
        return "min_confidence is for a cascade: the members' agreement stands in the result."
    return None


def order(candidates: Sequence[Choice], context: StrategyContext[Options]) -> Ordering:
    """Every member, and the judge behind them if it may see the row."""
    options = context.options
    picks = [
        Pick(choice, _reason(sample, options.samples), CallRole.MEMBER, sample)
        for choice in candidates
        for sample in range(options.samples)
    ]
    if options.judge is not None and options.judge in context.helpers:
        sizes = [pick.choice.max_output_tokens for pick in picks]
        merges = options.judge_mode == "merge"
        judge = choosing(context.helpers[options.judge], sizes, merges=merges)
        picks.append(Pick(judge, f"ensemble: {options.judge_mode}s of the answers", CallRole.JUDGE))
    return Ordering(tuple(picks))


def _reason(sample: int, samples: int) -> str:
    return "ensemble: a member" if samples == 1 else f"ensemble: sample {sample + 1} of {samples}"
