"""The law of conservation: rows in = the sum over all states."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from airoute_cli.core.outcome import RowState

# How many line numbers of a kind of failure are told; the files hold them all.
LINES_TOLD = 10


@dataclass(slots=True)
class FailureKind:
    """The rows that did not complete for one reason."""

    rows: int = 0
    lines: list[int] = field(default_factory=list)
    example: str = ""


@dataclass(slots=True)
class Counts:
    """Where the rows of this input stand."""

    rows_in: int = 0
    states: Counter[RowState] = field(default_factory=Counter)
    failures: dict[str, FailureKind] = field(default_factory=dict)
    finished_before: int = 0

    def end(self, state: RowState, rows: int = 1) -> None:
        """Count the end of a row, or of several."""
        self.states[state] += rows

    def fail(self, code: str, line: int, message: str) -> None:
        """Keep a failure's reason for the summary."""
        kind = self.failures.setdefault(code, FailureKind(example=message))
        kind.rows += 1
        if len(kind.lines) < LINES_TOLD:
            kind.lines.append(line)

    @property
    def done(self) -> int:
        """Rows that will not be touched again in this pass."""
        return sum(self.states.values()) - self.states[RowState.PENDING]

    @property
    def conserved(self) -> bool:
        """Whether every row is accounted for."""
        return self.rows_in == sum(self.states.values())

    def as_dict(self) -> dict[str, int]:
        """For run.json and summary.json."""
        return {"in": self.rows_in, **{state.value: self.states[state] for state in RowState}}

    def failures_as_dicts(self) -> list[dict[str, Any]]:
        """The kinds of failures, by their codes."""
        return [
            {"code": code, "rows": kind.rows, "lines": sorted(kind.lines), "example": kind.example}
            for code, kind in sorted(self.failures.items())
        ]
