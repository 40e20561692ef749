"""The keys of ``[[routes]]``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, Tag, field_validator

from airoute_cli.core.figures import RECENT
from airoute_cli.core.settings import Settings
from airoute_cli.edges.profile.fields import TABLE_OR_WORD, Flag, Kind, Name, Names, Number, Text
from airoute_cli.edges.profile.tables.base import (
    BudgetValue,
    OnBudgetWord,
    Params,
    Table,
    UnavailableValue,
)
from airoute_cli.edges.profile.tables.conditions import WhenTable

Normalized = Annotated[
    tuple[Literal["trailing_space", "bom", "nfc"], ...],
    Kind("list of trailing_space, bom, nfc"),
]


SchemaValue = Annotated[
    Annotated[dict[str, Any], Tag("table")] | Annotated[Text, Tag("word")],
    TABLE_OR_WORD,
    Kind("table or string"),
]


class RouteTable(Table):
    """A named route; the first one whose `when` matches wins, one without `when` is the default."""

    name: Name = Field(description="The name in plans, results and summaries; each stands once.")
    when: Annotated[WhenTable, Kind("table")] | None = Field(
        default=None, description="What a request must be. Without it the route is the default."
    )
    strategy: Name | None = Field(
        default=None,
        description="How its models are used. Default: `single` for one model, else `fallback`.",
    )
    models: Names = Field(min_length=1, description="Names from `[models]`.")
    fallback: Names = Field(
        default=(), description="Models that are asked in this order when those cannot answer."
    )
    system: Text | None = Field(
        default=None, description="A system message for rows that bring none of their own."
    )
    template: Name | None = Field(
        default=None, description="A name from `[templates]`: what words the prompt that is sent."
    )
    schema_: SchemaValue | None = Field(
        default=None,
        alias="schema",
        description="The JSON Schema of its answers, as a table or as a JSON file relative to the "
        "profile; a row's own wins. It is sent in the API's own field, or in words where there is "
        "none; every answer is checked, and one that does not fit fails its row.",
    )
    repair: Flag = Field(
        default=True,
        description="Whether the model that answered is asked once more to put right an answer "
        "that does not fit its schema; what code can put right needs no call.",
    )
    normalize: Normalized = Field(
        default=(),
        description="Forms that the texts of its answers are brought into: `trailing_space` (none "
        "at the ends of lines), `bom` (none), `nfc` (one Unicode form). Default: as they came.",
    )
    params: Params = Field(
        default_factory=dict, description="As a model's `params`, over which these win."
    )
    on_truncated: Literal["keep", "fail"] = Field(
        default="keep",
        description="What becomes of an answer that was cut at its token limit: a completed row "
        "with a flag, or a failed one.",
    )
    latency_target: Number | None = Field(
        default=None,
        gt=0,
        description=f"Milliseconds. Models whose median over their last {RECENT} answers is above "
        "it are passed over, as long as another may answer; one that has never answered is not.",
    )
    on_unavailable: UnavailableValue | None = Field(
        default=None, description="As in `[run]`, for this route. Default: as it stands there."
    )
    budget: BudgetValue | None = Field(default=None, description="What its rows may cost together.")
    on_budget: OnBudgetWord | None = Field(
        default=None, description="As `[policy] on_budget`, over which it wins."
    )

    @field_validator("params")
    @classmethod
    def _settings(cls, params: dict[str, Any]) -> dict[str, Any]:
        Settings.read(params)
        return params
