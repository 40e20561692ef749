"""Lines of the table that the benchmarks print."""

from __future__ import annotations

from typing import NamedTuple


class Line(NamedTuple):
    """What was measured, the figure, what it is in proportion, and what it is to be."""

    what: str
    figure: str
    ratio: str = ""
    goal: str = ""


def printed(line: Line) -> str:
    """As a row of Markdown."""
    return "| " + " | ".join(line) + " |"


HEAD = printed(Line("what", "figure", "ratio", "goal")) + "\n|---|---|---|---|"
