"""Draws an evaluation: the table, what follows from it, and cost against quality."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from airoute_cli.cli.render.plain import harmless
from airoute_cli.engine.evaluation.plot import drawing
from airoute_cli.engine.evaluation.report import HEADS, cells, sentences
from airoute_cli.engine.evaluation.run import Evaluation

# A file has no edge: nothing is folded there that is shorter than this.
_WIDE = 160

_FILES = ("eval.md", "eval.json", "grades.jsonl", "cost-quality.svg")


def draw_evaluation(ended: Evaluation, folder: Path) -> None:
    """On stdout, as it is the answer to what was asked."""
    console = Console(soft_wrap=True, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _WIDE
    table = Table(box=None, pad_edge=False)
    for number, head in enumerate(HEADS):
        table.add_column(head, justify="right" if number else "left", overflow="fold")
    for one in ended.figures:
        table.add_row(*map(harmless, cells(one)))
    console.print(table)
    for line in sentences(ended):
        console.print(harmless(line))
    for line in drawing(ended.figures):
        console.print(harmless(line))
    console.print(f"files: {', '.join(str(folder / name) for name in _FILES)}")
