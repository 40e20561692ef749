"""Draws a rehearsal: what would have happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from airoute_cli.cli.render.batch import (
    AS_WRITTEN,
    draw_failures,
    draw_shares,
    duration,
    health_line,
)
from airoute_cli.cli.render.plain import harmless
from airoute_cli.engine.summary import money_sentence, sentence
from airoute_cli.routing.wording import counted


def draw_rehearsal(told: Mapping[str, Any]) -> None:
    """On stdout: it is what was asked for."""
    console = Console(soft_wrap=True, **AS_WRITTEN)
    summary = told["summary"]
    rows, attempts = summary["rows"], summary["attempts"]
    console.print(
        f"rehearsed {counted(rows['in'], 'row')} in {duration(told['virtual_seconds'])} of virtual "
        f"time ({told['seconds']:.1f} s here), with {told['faults']} and seed {told['seed']}"
    )
    draw_shares(console, summary)
    draw_failures(console, summary["failures"])
    console.print(f"calls: {attempts['total']:,}, of which failed: {_failed(attempts['failed'])}")
    console.print(
        f"retries: {counted(attempts['rows_with_retries'], 'row')} took more than one call; "
        f"fallbacks: {attempts['rows_with_another_model']:,} were answered by another model than "
        "the first"
    )
    lines = [health_line(name, health) for name, health in summary["health"].items()]
    console.print(harmless("\n".join(lines)) if lines else "breakers: none opened")
    console.print(f"{sentence(summary)}, lost: {told['lost_rows'] or 'none'}")
    console.print(f"cost {money_sentence(summary['cost'])}")
    stopped = f" (stopped early: {told['stopped']})" if told["stopped"] else ""
    console.print(f"the run would have ended with exit code {told['exit_code']}{stopped}")
    if "folder" in summary["run"]:
        console.print(f"files: {summary['run']['folder']}")


def _failed(kinds: Mapping[str, int]) -> str:
    if not kinds:
        return "none"
    return ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in kinds.items())
