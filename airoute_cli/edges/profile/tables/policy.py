"""The keys of ``[policy]``, its rules and its tiers."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from airoute_cli.core.figures import PRIOR_LATENCY_MS, RECENT
from airoute_cli.edges.profile.fields import Flag, Kind, Name, Names, Number, Text, Usd
from airoute_cli.edges.profile.tables.base import BudgetValue, OnBudgetWord, Table
from airoute_cli.edges.profile.tables.conditions import (
    Capabilities,
    Detected,
    WhenTable,
    _checked_duration,
)


class TierTable(Table):
    """The rows whose `metadata.tier` is NAME; case does not count."""

    budget: BudgetValue = Field(description="What they may cost together.")


class MaxPriceTable(Table):
    """US dollars per million tokens, by the price list."""

    input: Usd | None = Field(default=None, ge=0, description="The most for input tokens.")
    output: Usd | None = Field(
        default=None, ge=0, description="The most for output tokens, reasoning included."
    )

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.input is None and self.output is None:
            raise ValueError("it is empty. Write it as { input = 1.0, output = 5.0 }, or one.")
        return self


class RequireTable(Table):
    """What a model must be; all of it. What nobody knows of a model is not met by it."""

    private: Flag = Field(
        default=False, description="Models with `private` only (the embedded one is by itself)."
    )
    regions: Names = Field(
        default=(),
        min_length=1,
        description="It is in one of these. `eu` holds `eu-west-1` and `europe-west4`; a private "
        "model on this machine is everywhere.",
    )
    retention: Text | None = Field(
        default=None, description="It is kept no longer than this: `30d`, `24h`, or `none`."
    )
    providers: Names = Field(default=(), min_length=1, description="Names from `[providers]`.")
    models: Names = Field(default=(), min_length=1, description="Names from `[models]`.")
    capabilities: Capabilities = Field(
        default=(), min_length=1, description="It can do all of these."
    )
    max_price: Annotated[MaxPriceTable, Kind("table")] | None = Field(
        default=None, description="The most that its tokens cost."
    )
    max_latency: Number | None = Field(
        default=None,
        gt=0,
        description=f"Milliseconds, by the median of its last {RECENT} answers; before its "
        f"first one {PRIOR_LATENCY_MS:,.0f} are assumed.",
    )

    @field_validator("retention")
    @classmethod
    def _a_duration(cls, written: str | None) -> str | None:
        return _checked_duration(written)


class ForbidTable(Table):
    """What a model may not be; none of it. What may be so counts as so."""

    regions: Names = Field(default=(), min_length=1, description="Not in any of these.")
    providers: Names = Field(default=(), min_length=1, description="Names from `[providers]`.")
    models: Names = Field(default=(), min_length=1, description="Names from `[models]`.")


class RuleTable(Table):
    """A hard rule. All that match apply together; a rule can only take models away."""

    name: Name = Field(description="The name in plans and results; each stands once.")
    when: Annotated[WhenTable, Kind("table")] | None = Field(
        default=None, description="Which rows it governs, as a route's. Without it: all."
    )
    require: Annotated[RequireTable, Kind("table")] | None = Field(
        default=None, description="What a model must be for these rows."
    )
    forbid: Annotated[ForbidTable, Kind("table")] | None = Field(
        default=None, description="What it may not be."
    )
    redact: Detected = Field(
        default=(),
        min_length=1,
        description="What is replaced, as by `<EMAIL_1>`, before anything is sent, and put back "
        "into the answer. Where nothing is left that made the rule match, its `require` and "
        "`forbid` take nobody away.",
    )
    on_empty: Literal["refuse", "handoff", "defer"] = Field(
        default="refuse",
        description="What becomes of a row that the rule leaves to nobody: an end in "
        "refused.jsonl, handoff.jsonl (for people) or deferred.jsonl (for another time).",
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        nothing = (None, RequireTable(), ForbidTable())
        if self.require in nothing and self.forbid in nothing and not self.redact:
            raise ValueError("it asks for nothing. Give it a require, a forbid or a redact.")
        return self


class AuditTable(Table):
    """What stands in the audit file of a run."""

    content: bool = Field(
        default=False,
        description="Whether prompts, answers and the providers' error messages stand in it as "
        "they are. Without it there are only keyed digests of them.",
    )


class PolicyTable(Table):
    """What holds for every request."""

    unknown_price: Literal["refuse", "allow"] = Field(
        default="refuse",
        description="What to do with a model whose price nobody knows. An unknown price is never "
        "taken for zero: a run refuses to start, or with `allow` counts such rows apart.",
    )
    unsupported: Literal["refuse", "drop"] = Field(
        default="refuse",
        description="What to do with a setting that a model cannot carry (a seed, say). `refuse`: "
        "the model may not answer such a row. `drop`: it is left out and the result says so. What "
        "is asked itself (texts, images, documents, tools) is never dropped.",
    )
    require_metadata: Names = Field(
        default=(),
        description="Keys of `metadata` that every row must have; one without fails, so that it "
        "cannot slip past a rule.",
    )
    audit: Annotated[AuditTable, Kind("table")] | None = Field(
        default=None, description="What stands in the audit file of a run."
    )
    budget: BudgetValue | None = Field(
        default=None, description="What everything may cost together."
    )
    tiers: dict[str, TierTable] = Field(
        default_factory=dict, description="Budgets by tier, each under `[policy.tiers.NAME]`."
    )
    on_budget: OnBudgetWord | None = Field(
        default=None,
        description="What becomes of a row for which a budget has no room left. Without it the run "
        "stops, and its other rows stay pending. `fail`: it fails. `defer`: it ends in "
        "deferred.jsonl. `degrade`: the cheapest model that may answer and still fits does so, "
        "those of the route first.",
    )
    rules: Annotated[tuple[RuleTable, ...], Kind("list of tables")] = Field(
        default=(), description="The hard rules, each under `[[policy.rules]]`."
    )
