"""The keys of ``[models.NAME]``."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, Tag, field_validator, model_validator

from airoute_cli.core.profile import DEFAULT_MAX_OUTPUT_TOKENS
from airoute_cli.core.settings import Settings
from airoute_cli.edges.profile.fields import TABLE_OR_WORD, Flag, Kind, Name, Text, Usd, Whole
from airoute_cli.edges.profile.tables.base import BudgetValue, Params, Table
from airoute_cli.edges.profile.tables.conditions import Capabilities, _checked_duration
from airoute_cli.edges.profile.tables.providers import LimitedTable


class PriceTable(Table):
    """US dollars per million tokens."""

    input: Usd = Field(ge=0, description="Input tokens.")
    output: Usd = Field(ge=0, description="Output tokens.")
    cached_input: Usd | None = Field(
        default=None, ge=0, description="Input read from a cache. Default: as `input`."
    )
    cache_write: Usd | None = Field(
        default=None, ge=0, description="Input written to a cache. Default: as `input`."
    )
    reasoning: Usd | None = Field(
        default=None, ge=0, description="Reasoning tokens of the output. Default: as `output`."
    )


PriceValue = Annotated[
    Annotated[PriceTable, Tag("table")] | Annotated[Literal["free"], Tag("word")],
    TABLE_OR_WORD,
    Kind('table or `"free"`'),
]


class ModelTable(LimitedTable):
    """A model of a provider, under the name that routes use."""

    provider: Name = Field(
        description="A name from `[providers]`. `local` is the embedded runtime without being "
        "declared."
    )
    name: Name = Field(
        description="The provider's name of the model; for `llama-cpp` known weights or the path "
        "of a GGUF file."
    )
    price: PriceValue | None = Field(
        default=None,
        description="Overrides the catalogue. The embedded model costs 0 by itself.",
    )
    price_as: Annotated[str, Kind("string")] | None = Field(
        default=None,
        pattern=r"^[^/\s]+/\S+$",
        description="`provider/model` whose catalogue price holds for this one, as for a "
        "deployment with a name of its own.",
    )
    context_window: Whole | None = Field(
        default=None,
        gt=0,
        description="Tokens of prompt and answer together. Default: as the catalogue says; "
        "where nobody knows it is not checked.",
    )
    max_output_tokens: Whole | None = Field(
        default=None, gt=0, description="The most tokens that the model can answer with."
    )
    capabilities: Capabilities | None = Field(
        default=None,
        description="What the model can do. Default: as `airoute providers` says of its API.",
    )
    retention: Text | None = Field(
        default=None,
        description="How long the provider keeps what it is sent: `30d`, `24h`, `2w`, `1y` or "
        "`none`. The embedded model keeps nothing.",
    )
    private: Flag | None = Field(
        default=None,
        description="Your claim that nothing leaves your hands. The embedded model is private by "
        "itself; for others the default is false.",
    )
    budget: BudgetValue | None = Field(
        default=None, description="What the calls to it may cost together."
    )
    params: Params = Field(
        default_factory=dict,
        description="How to answer: `max_output_tokens` (where nobody sets it, "
        f"{DEFAULT_MAX_OUTPUT_TOKENS:,}), `temperature`, `top_p`, `top_k`, `stop`, "
        "`seed`, `reasoning_effort`; others go to the provider under their own names. A route's "
        "win over a model's, a row's over both.",
    )

    @field_validator("params")
    @classmethod
    def _settings(cls, params: dict[str, Any]) -> dict[str, Any]:
        Settings.read(params)
        return params

    @field_validator("retention")
    @classmethod
    def _a_duration(cls, written: str | None) -> str | None:
        return _checked_duration(written)

    @model_validator(mode="after")
    def _one_price(self) -> Self:
        if self.price is not None and self.price_as is not None:
            raise ValueError("price and price_as are both set. Keep one of them.")
        return self
