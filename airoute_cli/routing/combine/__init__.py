"""How an ensemble makes one answer of several: one file a way, one entry each in the table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from airoute_cli.routing.combine import first_valid, median, vote
from airoute_cli.routing.combine.base import Combine

# A judge needs a call, so it stands in the engine.
JUDGE = "judge"

COMBINERS: Mapping[str, Combine] = MappingProxyType(
    {"vote": vote.combine, "first_valid": first_valid.combine, "median": median.combine}
)
