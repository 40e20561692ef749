"""Draws a plan: plain lines, which need no library that draws."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import typer

from airoute_cli.cli.render.plain import harmless
from airoute_cli.core.plan import Call, Plan
from airoute_cli.routing.carry import named


def draw_plan(features: Mapping[str, Any], plan: Plan) -> None:
    """Features, rules, candidates and calls, each with its reason."""
    shown = [f"about {features['input_tokens']:,} input tokens", f"task {features['task']}"]
    shown += [f"needs {need}" for need in features["needs"]]
    shown += [f"{key}={value}" for key, value in features["metadata"].items()]
    _say("features    " + ", ".join(shown))
    for number, rule in enumerate(plan.rules):
        mark = "→" if rule.matched else " "
        head = "rules     " if number == 0 else " " * 10
        _say(f"{head}{mark} {rule.route}: {rule.reason}")
    for number, candidate in enumerate(plan.candidates):
        mark = "→" if candidate.taken else ("·" if candidate.eligible else "✗")
        head = "models    " if number == 0 else " " * 10
        _say(f"{head}{mark} {candidate.model}: {candidate.reason}")
    _say(f"plan        {plan.reason}")
    if plan.refusal:
        _say(f"refused     {plan.refusal}")
        return
    for number, call in enumerate(plan.calls):
        head = "calls     " if number == 0 else " " * 10
        _say(
            f"{head}{number + 1} {call.model} ({call.role}): about {call.input_tokens:,} in, "
            f"at most {call.max_output_tokens:,} out, {usd(call.expected_usd)} expected, "
            f"{usd(call.worst_usd)} at worst" + _without(call),
        )
    _say(f"cost        {usd(plan.expected_usd)} expected, {usd(plan.worst_usd)} at worst")


def _say(text: str) -> None:
    typer.echo(harmless(text))


def _without(call: Call) -> str:
    return f", without {', '.join(named(call.dropped))}" if call.dropped else ""


def usd(amount: Decimal | None) -> str:
    """An amount to six places, in which small ones can be compared."""
    return "unknown" if amount is None else f"${float(amount):.6f}"
