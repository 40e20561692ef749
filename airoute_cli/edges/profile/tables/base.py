"""What the tables of a profile share."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from airoute_cli.edges.profile.fields import Dollars, Kind

Params = Annotated[dict[str, Any], Kind("table")]


class Table(BaseModel):
    """A table of the profile: frozen, and every unknown key is an error."""

    # Built as parts of what is read by them, and not each for itself as well.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)


UnavailableValue = Literal["pending", "degrade", "defer", "handoff", "fail"]


class BudgetTable(Table):
    """The most that may be spent, by the price list. What may have been billed counts as spent."""

    per_request: Dollars | None = Field(
        default=None,
        ge=0,
        description="By one row, all calls of its plan and its retries together. A row that could "
        "cost more fails.",
    )
    per_run: Dollars | None = Field(
        default=None,
        ge=0,
        description="By one run with all its resumes, or by one `airoute ask` or `airoute try`.",
    )
    per_day: Dollars | None = Field(
        default=None,
        ge=0,
        description="On one day of UTC, by every process on this machine whose profile has the "
        "same name.",
    )
    per_month: Dollars | None = Field(
        default=None, ge=0, description="As `per_day`, in one month of UTC."
    )

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if all(getattr(self, name) is None for name in type(self).model_fields):
            raise ValueError("it is empty. Write it as { per_run = 20.0, per_day = 100.0 }.")
        return self


BudgetValue = Annotated[BudgetTable, Kind("table")]


OnBudgetWord = Literal["fail", "degrade", "defer"]
