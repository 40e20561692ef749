"""Draws an evaluation: the table, what follows from it, and cost against quality."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from airoute_cli.cli.render.plain import harmless
from airoute_cli.engine.evaluation.plot import drawing
from airoute_cli.engine.evaluation.report import HEADS, cells, sentences
from airoute_cli.engine.evaluation.run import Evaluation

# A file has no edge: nothing is folded there that is shorter than this.
_WIDE = 160

_NONE = "0.0%"

_FILES = ("eval.md", "eval.json", "grades.jsonl", "cost-quality.svg")


def draw_evaluation(ended: Evaluation, folder: Path) -> None:
    """On stdout, as it is the answer to what was asked."""
    console = Console(soft_wrap=True, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _WIDE
    rows = [cells(one) for one in ended.figures]
    table = _table(rows, range(len(HEADS)))
    if console.measure(table, options=console.options.update(max_width=_WIDE)).maximum > (
        console.width
    ):
        # On a narrow terminal a column that is zero for all is the first to go.
        told = zip(*rows, strict=True)
        table = _table(rows, [at for at, cell in enumerate(told) if set(cell) != {_NONE}])
    console.print(table, soft_wrap=False)
    for line in sentences(ended):
        console.print(harmless(line), soft_wrap=not console.is_terminal)
    for line in drawing(ended.figures):
        console.print(harmless(line))
    console.print(f"files: {', '.join(str(folder / name) for name in _FILES)}")


def _table(rows: Sequence[tuple[str, ...]], columns: Sequence[int]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for at in columns:
        table.add_column(HEADS[at], justify="right" if at else "left", overflow="fold")
    for row in rows:
        table.add_row(*(harmless(row[at]) for at in columns))
    return table
