"""Draws the story of a row or of a run, as its audit file tells it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from airoute_cli.cli.render.plain import say
from airoute_cli.cli.render.plan import draw_plan
from airoute_cli.engine.audit_show import Decided, RunStory, Story, Tried
from airoute_cli.routing.plan_json import plan_to_dict

_COMPLETED = "completed"


def story_data(story: Story) -> dict[str, Any]:
    """A row's story for machines; ``end`` is None where it has not ended."""
    return {
        "id": story.wanted,
        "decisions": [
            {
                "audit_line": one.line,
                "record": one.told,
                "plan": None if one.plan is None else plan_to_dict(one.plan),
            }
            for one in story.decisions
        ],
        "calls": [
            {"audit_line": one.line, "intent": one.intent, "end": one.end} for one in story.calls
        ],
        "end": _end_data(story.end),
    }


def draw_story(story: Story) -> None:
    """A row's story for people."""
    for decided in story.decisions:
        _draw_decision(story, decided)
    if not story.calls:
        say("asked       nobody")
    for number, call in enumerate(story.calls):
        why = _degraded(story, call.intent)
        say(f"{'' if number else 'asked':12}{_call_line(call)}{why}")
    say(f"end         {_end_line(story.end)}")


def run_data(story: RunStory) -> dict[str, Any]:
    """A run's story for machines."""
    return {
        "passes": story.passes,
        "decisions": story.decisions,
        "routes": dict(story.routes),
        "rules": dict(story.rules),
        "calls": story.intents,
        "models": [
            {"model": model, "host": host, "calls": calls}
            for (model, host), calls in sorted(story.calls.items())
        ],
        "ends": dict(story.ends),
        "ids": story.ids,
        "turned_away": story.turned_away,
    }


def draw_run(story: RunStory, run: Path) -> None:
    """A run's story for people."""
    for one in story.passes:
        say(f"pass {one['pass']:<7}{_pass_line(one)}")
    say(f"decisions   {story.decisions:,}")
    for number, line in enumerate(_counted(story.routes, "rows")):
        say(f"{'' if number else 'routes':12}{line}")
    for number, line in enumerate(_counted(story.rules, "rows governed")):
        say(f"{'' if number else 'rules':12}{line}")
    say(f"calls       {story.intents:,}")
    for (model, host), count in sorted(story.calls.items()):
        say(f"{'':12}{model} at {host}: {count:,}")
    for number, line in enumerate(_counted(story.ends, "calls")):
        say(f"{'' if number else 'ended':12}{line}")
    for row in dict.fromkeys((*story.turned_away, *story.ids)):
        say(f"a row: airoute audit show {shlex.quote(str(run))} {shlex.quote(row)}")


def _draw_decision(story: Story, decided: Decided) -> None:
    told = decided.told
    say(
        f"row         {story.wanted}, line {told['line']} of the input, pass {told['pass']}, "
        f"decided {_when(told['at'])} (record {told['n']:,})"
    )
    if decided.plan is None:
        say("decision    the record is damaged; see airoute audit verify")
        return
    draw_plan(told.get("features", {}), decided.plan)


def _call_line(call: Tried) -> str:
    intent, end = call.intent, call.end
    role = f" ({intent['role']})" if intent.get("role") else ""
    head = f"{intent['attempt']} {intent['model']}{role}"
    if end is None:
        worst = intent["reserved_usd"]
        most = "an unknown amount" if worst is None else f"at most {_usd(worst)}"
        return f"{head}: no end is recorded; it may be billed, {most}"
    parts = [f"{head} at {end['host']}: {_outcome(end)} after {end['latency_ms'] / 1000:.2f} s"]
    if "waited_s" in end:
        parts.append(f"waited {end['waited_s']:.2f} s for its turn before")
    if usage := end.get("usage"):
        parts.append(f"{usage.get('input_tokens', 0):,} in, {usage.get('output_tokens', 0):,} out")
    parts.append(_usd(end["usd"]))
    return ", ".join(parts)


def _degraded(story: Story, intent: Mapping[str, Any]) -> str:
    """What is added of a call that took the place of a plan that a budget had no room for."""
    decided = (one.told for one in story.decisions if one.told["pass"] == intent["pass"])
    told = next(decided, {})
    planned = {call["model"] for call in told.get("calls", ())}
    if intent["model"] in planned or intent["model"] not in told.get("instead", ()):
        return ""
    return ", as a budget had no room for the plan"


def _outcome(end: Mapping[str, Any]) -> str:
    if "error" not in end:
        return f"answered ({end['finish_reason']})" if end.get("finish_reason") else "answered"
    status = f" ({end['status']})" if end.get("status") else ""
    return f"{end['error']}{status}"


def _end_line(end: Mapping[str, Any] | None) -> str:
    if end is None:
        return "not recorded: the row was not finished"
    told = _end_data(end) or {}
    if told["state"] == _COMPLETED:
        seconds = (told["elapsed_ms"] or 0) / 1000
        return f"completed by {told['model']}, {_usd(told['usd'])}, {seconds:.2f} s"
    error = told["error"] or {}
    return f"{told['state'].replace('_', ' ')}: {error.get('message', '')}"


def _end_data(end: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if end is None:
        return None
    about = end.get("airoute") or {}
    return {
        "state": end.get("state", _COMPLETED),
        "error": end.get("error"),
        "model": about.get("model"),
        "usd": (about.get("cost") or {}).get("usd"),
        "latency_ms": about.get("latency_ms"),
        "elapsed_ms": about.get("elapsed_ms"),
        "attempts": len(about.get("attempts", ())),
    }


def _pass_line(one: Mapping[str, Any]) -> str:
    parts = [f"{one['event']} {_when(one['at'])}, profile {one['profile']}"]
    if one.get("cut"):
        parts.append(f"a torn record of {one['cut']:,} bytes was cut off")
    if lost := one.get("lost"):
        parts.append(f"record {lost['records']:,}, with which the run had ended, was gone")
    if "ended" in one:
        rows = one["rows"]
        parts.append(f"{one['state']} {_when(one['ended'])}")
        parts += [f"{count:,} {state.replace('_', ' ')}" for state, count in rows.items() if count]
    else:
        parts.append("no end is recorded")
    return ", ".join(parts)


def _counted(counted: Mapping[str, int], what: str) -> Iterator[str]:
    for name, count in sorted(counted.items(), key=lambda item: -item[1]):
        yield f"{name}: {count:,} {what}"


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _usd(amount: str | float | None) -> str:
    return "at an unknown price" if amount is None else f"${float(amount):.6f}"
