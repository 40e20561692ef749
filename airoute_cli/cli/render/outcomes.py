"""Draws answers side by side."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from airoute_cli.cli.render.plain import harmless
from airoute_cli.cli.render.plan import usd
from airoute_cli.core.outcome import Outcome


def draw_outcomes(outcomes: Mapping[str, Outcome]) -> None:
    """The answers side by side, with cost and latency."""
    console = Console(highlight=False)
    table = Table(show_lines=True)
    for name in ("asked", "model", "seconds", "cost", "answer"):
        table.add_column(name, overflow="fold")
    for name, outcome in outcomes.items():
        text = outcome.completion.text if outcome.completion else ""
        latency_ms = outcome.latency_ms
        failure = f"failed: {outcome.failure.message}" if outcome.failure else ""
        table.add_row(
            name,
            outcome.model or "",
            "" if latency_ms is None else f"{latency_ms / 1000:.2f}",
            usd(outcome.usd),
            Text(harmless(failure or text)),
        )
    console.print(table)
