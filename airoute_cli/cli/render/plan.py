"""Draws a plan: plain lines, which need no library that draws."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from airoute_cli.cli.render.plain import say
from airoute_cli.core.plan import Call, Plan
from airoute_cli.routing.carry import named


def draw_plan(features: Mapping[str, Any], plan: Plan) -> None:
    """Features, rules, candidates and calls, each with its reason.

    Only features that are there are shown: an audit file holds those that somebody asked for.
    """
    shown = [f"about {features.get('input_tokens', 0):,} input tokens"]
    shown += [f"task {features['task']}"] if "task" in features else []
    shown += [f"complexity {features['complexity']:g}"] if "complexity" in features else []
    shown += [f"needs {need}" for need in features.get("needs", ())]
    shown += [f"{key}={value}" for key, value in features.get("metadata", {}).items()]
    say("features    " + ", ".join(shown))
    for line in (*_task_lines(plan), *_policy_lines(plan)):
        say(line)
    for number, rule in enumerate(plan.rules):
        mark = "→" if rule.matched else " "
        head = "rules     " if number == 0 else " " * 10
        say(f"{head}{mark} {rule.route}: {rule.reason}")
    for number, candidate in enumerate(plan.candidates):
        mark = "→" if candidate.taken else ("·" if candidate.eligible else "✗")
        head = "models    " if number == 0 else " " * 10
        say(f"{head}{mark} {candidate.model}: {candidate.reason}")
    say(f"plan        {plan.reason}")
    if plan.template:
        say(f"template    {plan.template}")
    if plan.refusal:
        say(f"{plan.on_empty.ended:12}{plan.refusal}")
        return
    for number, call in enumerate(plan.calls):
        head = "calls     " if number == 0 else " " * 10
        say(f"{head}{number + 1} {_call_line(call)}")
    for number, call in enumerate(plan.instead):
        head = "if too dear" if number == 0 else ""
        say(f"{head:12}{call.model} alone: {usd(call.worst_usd)} at worst")
    one_of = ", with the dearest repair" if len(plan.repairs) > 1 else ""
    say(f"cost        {usd(plan.expected_usd)} expected, {usd(plan.worst_usd)} at worst{one_of}")


def draw_prompts(plan: Plan) -> None:
    """What the template makes of the row, each text with the models that get it."""
    texts: dict[str, list[str]] = {}
    for model, request in plan.prompts.items():
        texts.setdefault(request.messages[-1].text, []).append(model)
    for text, models in texts.items():
        say(f"prompt      to {', '.join(models)}:")
        say(text)


def _task_lines(plan: Plan) -> Iterator[str]:
    """Where a model finds the task: how it was come by, and the call for it."""
    if plan.label is None:
        return
    yield f"task        {plan.label.task}: {plan.label}"
    if plan.label_call:
        yield f"{'asked' if plan.asks_first else 'was asked':12}{_call_line(plan.label_call)}"
    if plan.asks_first:
        yield f'{"":12}the task may come out otherwise; below is the plan for "{plan.label.task}"'


def _policy_lines(plan: Plan) -> Iterator[str]:
    """What the rules say of the row; of findings only the classes and how often."""
    ruling = plan.ruling
    if not ruling.verdicts:
        return
    if scan := ruling.scan:
        found = [f"{count:,} {name}" for name, count in sorted(scan.findings.items())]
        unread = f"; not read: {', '.join(scan.unread)}" if scan.unread else ""
        yield f"scan        {', '.join(found) or 'nothing found'}{unread}"
    for number, verdict in enumerate(ruling.verdicts):
        mark = "→" if verdict.matched else " "
        yield f"{'' if number else 'policy':10}{mark} {verdict.rule}: {verdict.reason}"
    yield f"eligible    {names_of(ruling.eligible, ruling.declared)}"
    for name, exclusion in ruling.excluded.items():
        yield f"{'':10}✗ {name}: {exclusion}"
    if ruling.redacted:
        yield f"redacted    {', '.join(sorted(ruling.redacted))}"


def _call_line(call: Call) -> str:
    return (
        f"{call.model} ({call.role}): about {call.input_tokens:,} in, at most "
        f"{call.max_output_tokens:,} out, {usd(call.expected_usd)} expected, "
        f"{usd(call.worst_usd)} at worst" + _without(call)
    )


def names_of(models: Iterable[str], declared: Collection[str]) -> str:
    """Models by name, each with the word for it whose privacy nobody can prove."""
    said = (
        f"{name} (private as declared)" if name in declared else name for name in sorted(models)
    )
    return ", ".join(said) or "nobody"


def _without(call: Call) -> str:
    return f", without {', '.join(named(call.dropped))}" if call.dropped else ""


def usd(amount: Decimal | None) -> str:
    """An amount to six places, in which small ones can be compared."""
    return "unknown" if amount is None else f"${float(amount):.6f}"
