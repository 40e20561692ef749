"""The keys of ``[templates]``."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from airoute_cli.edges.profile.fields import Kind, Text
from airoute_cli.edges.profile.tables.base import Table


class VariantTable(Table):
    """A text of a template."""

    text: Text | None = Field(
        default=None,
        description="The prompt in Jinja's language: `{{ prompt }}` is the text of the row's last "
        "user turn, `{{ system }}` that of its system turns, `{{ metadata.KEY }}` and "
        "`{{ row.KEY }}` its metadata and its other fields. What the row does not have fails it.",
    )
    file: Text | None = Field(
        default=None, description="The same from a file, relative to the profile."
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.text is None) == (self.file is None):
            both = "both set. Keep one of them" if self.text else "both missing. Give one of them"
            raise ValueError(f"text and file are {both}.")
        return self


class TemplateTable(VariantTable):
    """What words the prompt of a route; what it names of a row is sent, metadata too.

    The name is the title and, behind an @, the version: `[templates."code-review@2"]`. A policy
    sees the row as it came and as it is sent.
    """

    models: Annotated[dict[str, VariantTable], Kind("table of tables")] = Field(
        default_factory=dict,
        description="`models.NAME` is the text for one model; it wins over a task's.",
    )
    tasks: Annotated[dict[str, VariantTable], Kind("table of tables")] = Field(
        default_factory=dict, description="`tasks.NAME` is the text for one task."
    )
