"""Draws what was spent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
# Characters a line may have where nobody has to see it in a window.
_WIDE = 160
# Columns from which there is room for every amount.
_ROOMY = 120


def draw_costs(told: Mapping[str, Any]) -> None:
    """A line for each key, and their sum; the profile is told where there are several."""
    console = Console(highlight=False, markup=False, emoji=False)
    if not told["costs"]:
        console.print("Nothing was spent.")
        return
    if not console.is_terminal:
        console.width = _WIDE  # a file has no edge
    several = len({line["profile"] for line in told["costs"]}) > 1
    names = [told["by"], "profile"] if several else [told["by"]]
    rows = [
        [harmless(line[told["by"]]) or "(none)", *([line["profile"]] if several else [])]
        for line in told["costs"]
    ]
    lines = [*told["costs"], told["total"]]
    rows.append(["total", ""][: len(names)])
    amounts: Sequence[tuple[str, str]] = _AMOUNTS
    if console.width < _ROOMY:  # what is zero for all is the first to go
        amounts = tuple(
            (name, key) for name, key in _AMOUNTS if key == "usd" or any(one[key] for one in lines)
        )
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    for name, _ in (*_COUNTS, *amounts):
        table.add_column(name, justify="right", overflow="fold")  # a figure that is cut is wrong
    for row, line in zip(rows, lines, strict=True):
        if line is lines[-1]:
            table.add_section()
        table.add_row(*row, *_figures(line, amounts))
    console.print(table)
    for sentence in _sentences(told):
        console.print(sentence, soft_wrap=True)


def _figures(line: Mapping[str, Any], amounts: Sequence[tuple[str, str]]) -> list[str]:
    counts = [f"{line[key]:,}" for _, key in _COUNTS]
    return counts + [f"{line[key]:.6f}" for _, key in amounts]


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
