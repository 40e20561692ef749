"""Draws what is found in an audit file: plain lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from airoute_cli.cli.render.plain import harmless
from airoute_cli.engine.audit_verify import Verdict


def verdict_data(verdict: Verdict) -> dict[str, Any]:
    """A verdict for machines."""
    return {
        "holds": verdict.holds,
        "records": verdict.records,
        "decisions": verdict.decisions,
        "head": verdict.head,
        "head_line": verdict.head_line,
        "faults": [{"line": fault.line, "message": fault.message} for fault in verdict.faults],
        "notes": verdict.notes,
    }


def verdict_lines(verdict: Verdict) -> Iterator[str]:
    """A verdict for people."""
    for fault in verdict.faults:
        yield harmless(f"{verdict.path}:{fault.line}: {fault.message}")
    if verdict.holds:
        yield f"{verdict.path}: {verdict.records:,} records, none changed, dropped or moved"
        yield f"{verdict.decisions:,} decisions made again: all the same"
        yield f"head {verdict.head}"
        behind = verdict.records - (verdict.head_line or verdict.records)
        if behind:
            yield f"{behind:,} records came after the head that was asked for"
    yield from (f"note: {note}" for note in verdict.notes)
