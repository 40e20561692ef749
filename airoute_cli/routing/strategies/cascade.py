"""``cascade``: the cheap model first; the next one where its answer is not accepted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import Field

from airoute_cli.core.plan import CallRole
from airoute_cli.routing.acceptance.options import Accept
from airoute_cli.routing.choice import Choice
from airoute_cli.routing.judging import scoring
from airoute_cli.routing.strategies.base import (
    Ordering,
    Pick,
    StrategyContext,
    StrategyOptions,
)

NAME = "cascade"
READS_ROW = False
READS_FIGURES = False


class Options(StrategyOptions):
    """When an answer is good enough, and what becomes of one that never is."""

    accept: Accept = Field(
        default_factory=Accept,
        description="What an answer must be; else the next model is asked. See below.",
    )
    escalate_on_refusal: bool = Field(
        default=False,
        description="Ask the next model where one refused to answer. By itself a refusal is final.",
    )
    on_rejected: Literal["keep", "fail"] = Field(
        default="keep",
        description="Where the last model's answer is not accepted either: give it all the same, "
        "flagged, or fail the row.",
    )

    def helpers(self) -> tuple[str, ...]:
        """The judge."""
        return () if self.accept.judge is None else (self.accept.judge,)

    def wants_logprobs(self, models: Sequence[str]) -> tuple[str, ...]:
        """All but the last, to which nobody is left to escalate."""
        return tuple(models[:-1]) if self.accept.wants_logprobs else ()


def problem(models: Sequence[str], options: Options) -> str | None:
    """It wants somebody to escalate to."""
    if len(models) < 2:  # noqa: PLR2004 - from one to another
        return (
            "a cascade goes from one model to the next, and here is one. "
            'Name a stronger one behind it, or say strategy = "single".'
        )
    if options.accept.judge in models[:-1]:
        return f'"{options.accept.judge}" would judge its own answers. Name another judge.'
    return None


def order(candidates: Sequence[Choice], context: StrategyContext[Options]) -> Ordering:
    """The models as written; each but the last with the samples and the judge of its confidence."""
    last = len(candidates) - 1
    picks: list[Pick] = []
    for step, choice in enumerate(candidates):
        probed = step != last
        asked = _asked(choice, step)
        picks.append(asked._replace(logprobs=probed and context.options.accept.wants_logprobs))
        if probed:
            picks += _probes(choice, context)
    return Ordering(tuple(picks))


def _asked(choice: Choice, step: int) -> Pick:
    if step == 0:
        return Pick(choice, "cascade: asked first", CallRole.ANSWER)
    reason = f"cascade: step {step + 1}, where no answer before it is accepted"
    return Pick(choice, reason, CallRole.ESCALATION)


def _probes(choice: Choice, context: StrategyContext[Options]) -> Iterator[Pick]:
    """The calls that find out how sure a step's answer is."""
    accept = context.options.accept
    for sample in range(1, accept.repeats):
        yield Pick(choice, "cascade: a sample to agree with", CallRole.SAMPLE, sample)
    if accept.judge is not None and accept.judge in context.helpers:
        judge = scoring(context.helpers[accept.judge], choice.max_output_tokens)
        yield Pick(judge, f"cascade: judges the answer of {choice.name}", CallRole.JUDGE)
