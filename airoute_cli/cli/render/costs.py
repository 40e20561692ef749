"""Draws what was spent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from airoute_cli.cli.render.plain import harmless

_COUNTS = (
    ("rows", "rows"),
    ("tries", "attempts"),
    ("tokens in", "input_tokens"),
    ("tokens out", "output_tokens"),
)
_AMOUNTS = (
    ("estimated $", "estimated_usd"),
    ("charged $", "usd"),
    ("unsettled $", "unsettled_usd"),
    ("reported $", "reported_usd"),
)


def draw_costs(told: Mapping[str, Any]) -> None:
    """A line for each key, and their sum; the profile is told where there are several."""
    console = Console(highlight=False, markup=False, emoji=False)
    if not told["costs"]:
        console.print("Nothing was spent.")
        return
    table = Table(box=None, pad_edge=False)
    several = len({line["profile"] for line in told["costs"]}) > 1
    for name in [told["by"], "profile"] if several else [told["by"]]:
        table.add_column(name, overflow="fold")
    for name, _ in (*_COUNTS, *_AMOUNTS):
        table.add_column(name, justify="right")
    for line in told["costs"]:
        key = harmless(line[told["by"]]) or "(none)"
        table.add_row(*([key, line["profile"]] if several else [key]), *_figures(line))
    table.add_section()
    table.add_row(*(["total", ""] if several else ["total"]), *_figures(told["total"]))
    console.print(table)
    for sentence in _sentences(told):
        console.print(sentence, soft_wrap=True)


def _figures(line: Mapping[str, Any]) -> list[str]:
    counts = [f"{line[key]:,}" for _, key in _COUNTS]
    return counts + [f"{line[key]:.6f}" for _, key in _AMOUNTS]


def _sentences(told: Mapping[str, Any]) -> list[str]:
    total, under_way = told["total"], told["under_way"]
    said = []
    if total["unsettled_usd"]:
        said.append("Unsettled: nobody reported what it cost; it is the most, and counts as spent.")
    if total["unpriced"]:
        said.append(f"Without a known price, and in no amount: {total['unpriced']:,} tries.")
    if under_way["usd"]:
        said.append(f"Under way in other processes: at most ${under_way['usd']:.6f} more.")
    return said
