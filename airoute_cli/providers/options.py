"""What the options of every wire format are."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class FormatOptions(BaseModel):
    """The keys that a wire format reads in ``[providers.NAME]``; most have none."""

    model_config = ConfigDict(frozen=True, extra="forbid")
