"""``first_valid``: the first answer in the plan's order that was accepted."""

from __future__ import annotations

from collections.abc import Sequence

from airoute_cli.routing.combine.base import Combined


def combine(texts: Sequence[str], _field: str | None) -> Combined | None:
    """The first one; those that were not accepted are not here."""
    return Combined(0, f"the first valid answer of {len(texts)}") if texts else None
