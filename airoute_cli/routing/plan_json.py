"""A plan as JSON, for ``--json`` and for the run folder."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from airoute_cli.core.plan import Call, Plan
from airoute_cli.routing.carry import named


def plan_to_dict(plan: Plan) -> dict[str, Any]:
    """``plan`` in values that JSON has: amounts are numbers in US dollars, null where unknown."""
    return {
        "route": plan.route,
        "strategy": plan.strategy,
        "reason": plan.reason,
        "refusal": plan.refusal,
        "expected_usd": _number(plan.expected_usd),
        "worst_usd": _number(plan.worst_usd),
        **template_to_dict(plan),
        **label_to_dict(plan),
        **({"label_call": _call(plan.label_call)} if plan.label_call else {}),
        "calls": [_call(call) for call in plan.calls],
        "instead": [_call(call) for call in plan.instead],
        "candidates": [asdict(candidate) for candidate in plan.candidates],
        "rules": [asdict(rule) for rule in plan.rules],
        "policy": policy_to_dict(plan)
        | {
            "verdicts": [asdict(verdict) for verdict in plan.ruling.verdicts],
            "excluded": {name: str(why) for name, why in plan.ruling.excluded.items()},
            "on_empty": str(plan.on_empty) if plan.refusal else None,
        },
    }


def template_to_dict(plan: Plan, model: str | None = None) -> dict[str, Any]:
    """The template that words a plan, with the variant for ``model`` or all; {} without one."""
    use = plan.template
    if use is None:
        return {}
    told = {"name": use.name, "version": use.version, "digest": use.digest}
    if model is not None:
        return {"template": told | {"variant": use.variants.get(model)}}
    return {"template": told | {"variants": dict(use.variants)}}


def label_to_dict(plan: Plan) -> dict[str, Any]:
    """How the row's task was come by, where a model finds it and a route goes by it; else {}."""
    label = plan.label
    if label is None:
        return {}
    told = {"said": label.said, "confidence": label.confidence, "by": label.by, "why": label.why}
    return {
        "label": {
            "task": label.task,
            "model": label.model,
            "asked": label.asked,
            **{key: value for key, value in told.items() if value not in {None, ""}},
        }
    }


def policy_to_dict(plan: Plan) -> dict[str, Any]:
    """What the policy said of a row: the rules that govern it, whom they leave, what was found.

    ``scanned`` is null where no rule had to know what stands in the row. ``declared`` is there
    where a rule that wants privacy leaves models that are private by the profile's word alone.
    """
    ruling = plan.ruling
    return {
        "rules": list(ruling.rules),
        "eligible": sorted(ruling.eligible),
        "scanned": ruling.scan.scanned if ruling.scan else None,
        "findings": dict(ruling.scan.findings) if ruling.scan else {},
        "unread": list(ruling.scan.unread) if ruling.scan else [],
        "redacted": sorted(ruling.redacted),
        **({"declared": sorted(ruling.declared)} if ruling.declared else {}),
    }


def _call(call: Call) -> dict[str, Any]:
    return {
        "model": call.model,
        "role": str(call.role),
        "input_tokens": call.input_tokens,
        "max_output_tokens": call.max_output_tokens,
        "expected_usd": _number(call.expected_usd),
        "worst_usd": _number(call.worst_usd),
        "dropped": named(call.dropped),
        **({"sample": call.sample} if call.sample else {}),
        **({"logprobs": True} if call.logprobs else {}),
        **({"prompted": True} if call.prompted else {}),
    }


def _number(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)
