"""What ``airoute try`` does once its flags are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airoute_cli.cli.exit_codes import ExitCode
from airoute_cli.cli.options import note_no_audit
from airoute_cli.cli.render.plan import draw_plan, draw_prompts
from airoute_cli.core.errors import UsageError
from airoute_cli.core.nearest import nearest
from airoute_cli.core.plan import Features, Plan
from airoute_cli.core.policy import OnEmpty
from airoute_cli.core.profile import Profile
from airoute_cli.core.request import Document, Image, Row
from airoute_cli.engine.one import OnePrompt, prompt_row
from airoute_cli.engine.open_profile import open_profile

if TYPE_CHECKING:
    from airoute_cli.core.outcome import Outcome

THE_PLAN = "the plan"


def show(
    prompt: str,
    *,
    attachments: Sequence[Image | Document],
    system: str | None,
    metadata: Sequence[str],
    fields: Sequence[str],
    template: str | None,
    run: bool,
    every: bool,
    profile: Path | None,
    environ: Mapping[str, str],
    json: bool,
) -> ExitCode:
    """Print the plan; with ``run`` or ``every`` the answers too."""
    opened = open_profile(profile, environ)
    if template is not None:
        opened = _worded_by(template, opened)
    pairs, own = _pairs("--metadata", metadata), _pairs("--field", fields)
    row = prompt_row(prompt, system, pairs, attachments, own)
    one = OnePrompt(opened, row)
    plan = one.plan()
    if run or every:
        note_no_audit(opened, "try")
    outcomes = _outcomes(opened, environ, row, one, plan, run=run, every=every)
    if plan.asks_first and THE_PLAN in outcomes:
        plan = outcomes[THE_PLAN].plan or plan  # the one that was made by the label
    features = _told(one.features(), plan)
    if json:
        from airoute_cli.cli.render.machine import print_json
        from airoute_cli.routing.plan_json import plan_to_dict

        answers = {name: _answer(row, outcome, opened) for name, outcome in outcomes.items()}
        told = {"features": features, "plan": plan_to_dict(plan)}
        if template is not None:
            prompts = plan.prompts.items()
            told["prompts"] = {name: prompt.messages[-1].text for name, prompt in prompts}
        print_json(told | ({"answers": answers} if answers else {}))
    else:
        draw_plan(features, plan)
        if template is not None:
            draw_prompts(plan)
        _draw(outcomes)
    return _code(plan, outcomes)


def _outcomes(
    profile: Profile,
    environ: Mapping[str, str],
    row: Row,
    one: OnePrompt,
    plan: Plan,
    *,
    run: bool,
    every: bool,
) -> dict[str, Outcome]:
    plans: dict[str, Plan] = {}
    if run and (plan.calls or plan.asks_first):
        plans[THE_PLAN] = plan
    if every:
        alone = {name: one.plan(name) for name in profile.models}
        plans |= {name: single for name, single in alone.items() if single.calls}
    if not plans:
        return {}
    import asyncio

    from airoute_cli.engine.run_one import run_each

    return asyncio.run(run_each(profile, environ, row, plans, one.plan_by))


def _draw(outcomes: Mapping[str, Outcome]) -> None:
    """The answers, if any: drawing a table costs more time than planning."""
    if outcomes:
        from airoute_cli.cli.render.outcomes import draw_outcomes

        draw_outcomes(outcomes)


def _told(features: Features, plan: Plan) -> dict[str, Any]:
    return {
        "input_tokens": features.input_tokens,
        "task": plan.label.task if plan.label else features.task,
        "complexity": features.complexity,
        "needs": sorted(features.needs),
        "metadata": dict(features.metadata),
    }


def _worded_by(template: str, profile: Profile) -> Profile:
    """The profile as if every route had this template."""
    if template not in profile.templates:
        hint = nearest(template, profile.templates)
        raise UsageError(f"{profile.path} has no template {template!r}. {hint}")
    routes = tuple(replace(route, template=template) for route in profile.routes)
    return replace(profile, routes=routes)


def _pairs(flag: str, given: Sequence[str]) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in given]
    for (key, sign, _), pair in zip(pairs, given, strict=True):
        if not key or not sign:
            raise UsageError(f"{flag} {pair!r} is not KEY=VALUE, as in {flag} tier=free")
    return {key: value for key, _, value in pairs}


def _answer(row: Row, outcome: Outcome, profile: Profile) -> dict[str, Any]:
    from airoute_cli.engine.result_line import airoute_object

    return {
        "text": outcome.completion.text if outcome.completion else None,
        "error": outcome.failure.message if outcome.failure else None,
        "airoute": airoute_object(row.line, row.digest, outcome, profile),
    }


def _code(plan: Plan, outcomes: Mapping[str, Outcome]) -> ExitCode:
    if not plan.calls:
        refused = plan.on_empty is OnEmpty.REFUSE
        return ExitCode.REFUSED if refused else ExitCode.INCOMPLETE
    if not outcomes:
        return ExitCode.OK
    from airoute_cli.core.outcome import RowState

    states = {outcome.state for outcome in outcomes.values()}
    if RowState.PENDING in states:
        return ExitCode.STOPPED
    return ExitCode.OK if states <= {RowState.COMPLETED} else ExitCode.INCOMPLETE
