"""What was spent, as plain data: read from the ledger, by model, route, day, tier or run."""

from __future__ import annotations

from datetime import date
from typing import Any

from airoute_cli.core.budget import By, Spent
from airoute_cli.core.errors import UsageError
from airoute_cli.edges.ledger_reading import read_costs

AMOUNTS = ("estimated_usd", "usd", "unsettled_usd", "reported_usd")


def costs(by: By, since: str | None = None) -> dict[str, Any]:
    """The costs from a day of UTC on. Raises UsageError where ``since`` is none, and RunError."""
    found = read_costs(by, _day(since))
    return {
        "by": str(by),
        "since": since,
        "costs": [
            {"profile": profile, str(by): key, **_told(spent)}
            for (profile, key), spent in found.spent.items()
        ],
        "total": _told(found.total),
        "under_way": {"processes": found.processes, "usd": float(found.held_usd)},
    }


def _day(since: str | None) -> str:
    if since is None:
        return ""
    try:
        return date.fromisoformat(since).isoformat()
    except ValueError:
        raise UsageError(f"--since {since!r} is no day; write it as in 2026-01-31") from None


def _told(spent: Spent) -> dict[str, Any]:
    counts = ("rows", "attempts", "input_tokens", "output_tokens", "unpriced")
    return {name: getattr(spent, name) for name in counts} | {
        name: float(getattr(spent, name)) for name in AMOUNTS
    }
