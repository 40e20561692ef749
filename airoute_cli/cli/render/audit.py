"""Draws what was checked in an audit file: plain lines."""

from __future__ import annotations

from typing import Any

from airoute_cli.cli.render.plain import say
from airoute_cli.cli.render.plan import names_of
from airoute_cli.engine.audit_prove import Proof
from airoute_cli.engine.audit_verify import Verdict
from airoute_cli.routing.wording import counted


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


def draw_verdict(verdict: Verdict) -> None:
    """A verdict for people."""
    _draw_faults(verdict)
    if verdict.holds:
        say(f"{verdict.path}: {verdict.records:,} records, none changed, dropped or moved")
        say(f"{verdict.decisions:,} decisions made again: all the same")
        say(f"head {verdict.head}")
        behind = verdict.records - (verdict.head_line or verdict.records)
        if behind:
            say(f"{behind:,} records came after the head that was asked for")
    _draw_notes(verdict)


def proof_data(proof: Proof) -> dict[str, Any]:
    """A proof for machines."""
    verdict = proof.verdict
    return {
        "holds": proof.holds,
        "rule": proof.rule,
        "rows": proof.rows,
        "decisions": proof.decisions,
        "calls": proof.calls.total(),
        "models": [
            {"model": model, "host": host, "calls": calls}
            for (model, host), calls in sorted(proof.calls.items())
        ],
        "leaves": [sorted(models) for models in proof.leaves],
        "declared": sorted(proof.declared.intersection(frozenset().union(*proof.leaves))),
        "faults": [{"line": fault.line, "message": fault.message} for fault in verdict.faults],
        "notes": verdict.notes,
    }


def draw_proof(proof: Proof) -> None:
    """A proof for people."""
    _draw_faults(proof.verdict)
    calls = proof.calls.total()
    say(
        f'rule "{proof.rule}": governed {counted(proof.rows, "row")}, '
        f"{counted(calls, 'call')} for them"
    )
    for models in proof.leaves:
        say(f"it leaves {names_of(models, proof.declared)}")
    for (model, host), count in sorted(proof.calls.items()):
        known = ", private as declared" if model in proof.declared else ""
        say(f"  {model} at {host}: {counted(count, 'call')}{known}")
    if proof.holds:
        say("every call was to a model that the rule leaves; the chain is whole")
    _draw_notes(proof.verdict)


def _draw_faults(verdict: Verdict) -> None:
    for fault in verdict.faults:
        say(f"{verdict.path}:{fault.line}: {fault.message}")


def _draw_notes(verdict: Verdict) -> None:
    for note in verdict.notes:
        say(f"note: {note}")
