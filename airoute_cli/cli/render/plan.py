"""Draws a plan and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

from airoute_cli.cli.render.plain import harmless
from airoute_cli.core.outcome import Outcome
from airoute_cli.core.plan import Call, Plan
from airoute_cli.routing.carry import named


def draw_plan(features: Mapping[str, Any], plan: Plan) -> None:
    """Features, rules, candidates and calls, each with its reason."""
    console = Console(highlight=False, soft_wrap=True)
    shown = [f"about {features['input_tokens']:,} input tokens", f"task {features['task']}"]
    shown += [f"needs {need}" for need in features["needs"]]
    shown += [f"{key}={value}" for key, value in features["metadata"].items()]
    _say(console, "features    " + ", ".join(shown))
    for number, rule in enumerate(plan.rules):
        mark = "→" if rule.matched else " "
        head = "rules     " if number == 0 else " " * 10
        _say(console, f"{head}{mark} {rule.route}: {rule.reason}")
    for number, candidate in enumerate(plan.candidates):
        mark = "→" if candidate.taken else ("·" if candidate.eligible else "✗")
        head = "models    " if number == 0 else " " * 10
        _say(console, f"{head}{mark} {candidate.model}: {candidate.reason}")
    _say(console, f"plan        {plan.reason}")
    if plan.refusal:
        _say(console, f"refused     {plan.refusal}")
        return
    for number, call in enumerate(plan.calls):
        head = "calls     " if number == 0 else " " * 10
        _say(
            console,
            f"{head}{number + 1} {call.model} ({call.role}): about {call.input_tokens:,} in, "
            f"at most {call.max_output_tokens:,} out, {_usd(call.expected_usd)} expected, "
            f"{_usd(call.worst_usd)} at worst" + _without(call),
        )
    _say(
        console, f"cost        {_usd(plan.expected_usd)} expected, {_usd(plan.worst_usd)} at worst"
    )


def draw_outcomes(outcomes: Mapping[str, Outcome]) -> None:
    """The answers side by side, with cost and latency."""
    if not outcomes:
        return
    console = Console(highlight=False)
    table = Table(show_lines=True)
    for name in ("asked", "model", "seconds", "cost", "answer"):
        table.add_column(name, overflow="fold")
    for name, outcome in outcomes.items():
        text = outcome.completion.text if outcome.completion else ""
        failure = f"failed: {outcome.failure.message}" if outcome.failure else ""
        table.add_row(
            name,
            outcome.model or "",
            f"{outcome.latency_ms / 1000:.2f}",
            _usd(outcome.usd),
            _plain(failure or text),
        )
    console.print(table)


def _without(call: Call) -> str:
    return f", without {', '.join(named(call.dropped))}" if call.dropped else ""


def _plain(text: str) -> Any:
    from rich.text import Text

    return Text(harmless(text))


def _say(console: Console, text: str) -> None:
    console.print(harmless(text), markup=False)


def _usd(amount: Decimal | None) -> str:
    return "unknown" if amount is None else f"${float(amount):.6f}"
