"""The keys of ``when``, for routes and for rules."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from airoute_cli.core.durations import days
from airoute_cli.core.request import Capability
from airoute_cli.core.scan import DETECTABLE
from airoute_cli.edges.profile.fields import Kind, Names, Number, Patterns, Text, Whole, listed
from airoute_cli.edges.profile.problems import nearest
from airoute_cli.edges.profile.tables.base import Table

Capabilities = Annotated[
    tuple[Literal["vision", "tools", "json_schema", "reasoning", "documents"], ...],
    Kind(f"list of {', '.join(Capability)}"),
]


def _known_class(name: str) -> str:
    if name not in DETECTABLE:
        raise ValueError(f'nothing is detected under "{name}". {nearest(name, DETECTABLE)}')
    return name


Detected = Annotated[
    tuple[Annotated[str, AfterValidator(_known_class)], ...],
    BeforeValidator(listed),
    Kind("string or list of strings"),
]


def _checked_duration(written: str | None) -> str | None:
    if written is not None:
        days(written)
    return written


class WhenTable(Table):
    """What a request must be. Every stated condition must hold; an empty table matches all."""

    contains_any: Names = Field(
        default=(),
        min_length=1,
        description="One of these stands in the user's text; case does not count.",
    )
    regex: Text | None = Field(
        default=None, description="A Python regular expression found in the user's text."
    )
    starts_with: Names = Field(
        default=(),
        min_length=1,
        description="The user's text starts with one of these; case does not count.",
    )
    min_input_tokens: Whole | None = Field(
        default=None, ge=0, description="At least so many input tokens, by estimate."
    )
    max_input_tokens: Whole | None = Field(
        default=None, ge=0, description="At most so many input tokens, by estimate."
    )
    min_complexity: Number | None = Field(
        default=None,
        ge=0,
        le=1,
        description="At least so complex, from 0 to 1, by a rule of thumb: length, steps, "
        "quantities, conditions, code. `airoute try` shows it.",
    )
    max_complexity: Number | None = Field(
        default=None, ge=0, le=1, description="At most so complex, from 0 to 1."
    )
    task: Names = Field(
        default=(),
        min_length=1,
        description="What kind of work it is, by the built-in heuristics, or by the "
        "`classifier` of `[profile]`.",
    )
    requires: Capabilities = Field(
        default=(), description="The request needs all of these capabilities."
    )
    detects: Detected = Field(
        default=(),
        min_length=1,
        description="One of these stands in what is sent: `pii` (all of `pii.email`, `pii.phone`, "
        "`pii.card`, `pii.iban`, `pii.id`, `pii.ip`), `secret` (all of `secret.key`, "
        "`secret.token`, `secret.password`, `secret.private_key`), one of these alone, or "
        "`pii.name` and `pii.place` with the extra `pii`. What cannot be read (an image) counts "
        "as if it were there.",
    )
    metadata: Annotated[dict[str, Patterns], Kind("table")] = Field(
        default_factory=dict,
        description="`metadata.KEY` is a value or a list of values, of which one must equal the "
        "row's; `*` and `?` are globs; case does not count.",
    )
    all: Annotated[tuple[WhenTable, ...], Kind("list of tables")] = Field(
        default=(), min_length=1, description="All of these hold."
    )
    any: Annotated[tuple[WhenTable, ...], Kind("list of tables")] = Field(
        default=(), min_length=1, description="At least one of these holds."
    )
    not_: Annotated[WhenTable, Kind("table")] | None = Field(
        default=None, alias="not", description="This does not hold."
    )

    @field_validator("regex")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"this is not a regular expression: {error}.") from None
        return pattern

    @model_validator(mode="after")
    def _possible(self) -> Self:
        least, most = self.min_complexity, self.max_complexity
        if least is not None and most is not None and least > most:
            raise ValueError(
                f"min_complexity ({least:g}) is more than max_complexity ({most:g}), so nothing "
                "ever matches."
            )
        low, high = self.min_input_tokens, self.max_input_tokens
        if low is not None and high is not None and low > high:
            raise ValueError(
                f"min_input_tokens ({low:,}) is more than max_input_tokens ({high:,}), so nothing "
                "ever matches."
            )
        return self
