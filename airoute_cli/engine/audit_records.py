"""The records of audit.jsonl in values that JSON has: what was decided, and how attempts ended.

No text of a prompt or an answer stands in them, nor anything that a text could be found out by: of
conditions on the text only the numbers of those that held. What is absent is left out. Reasons that
can be had again from the profile (why a route, why a model) are not written but derived.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from airoute_cli.core.completion import Completion
from airoute_cli.core.figures import Figures
from airoute_cli.core.money import Usage
from airoute_cli.core.outcome import Attempt
from airoute_cli.core.plan import Basis, Call, Features, Plan
from airoute_cli.core.profile import Model
from airoute_cli.core.request import OPENAI_DIALECT, Capability
from airoute_cli.core.scan import Scan
from airoute_cli.engine.label_records import label_in, label_told
from airoute_cli.engine.result_line import LEAST_WAIT_S
from airoute_cli.routing.carry import named

STARTED, RESUMED, ENDED = "started", "resumed", "ended"
DECISION, ATTEMPT = "decision", "attempt"
# The records that begin a pass.
OPENINGS = frozenset({STARTED, RESUMED})
# Instead of the list, where the policy takes nobody away.
EVERYBODY = "all"
IN_PROCESS = "in this process"


def basis_told(basis: Basis, keys: Iterable[str]) -> dict[str, Any]:
    """What a plan was made from; of the metadata only ``keys``, which the profile reads."""
    told = _features_told(basis.features, keys)
    if basis[1:] != _NOTHING_ELSE:  # as in most rows
        told |= _basis_told(basis, keys)
    return told


_NOTHING_ELSE = Basis(Features("", 0, "", frozenset()))[1:]


def _features_told(features: Features, keys: Iterable[str]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if features.input_tokens:
        told["input_tokens"] = features.input_tokens
    if features.task:
        told["task"] = features.task
    if features.label:
        told["label"] = label_told(features.label)
    if features.complexity:
        told["complexity"] = features.complexity
    if features.needs:
        told["needs"] = sorted(features.needs)
    if features.elements:
        told["elements"] = sorted(features.elements)
    if metadata := features.metadata:
        read = {key: metadata[key] for key in keys if key in metadata}
        if read:
            told["metadata"] = read
    return told


def _basis_told(basis: Basis, keys: Iterable[str]) -> dict[str, Any]:
    """What is there beside the features."""
    scan = basis.scan
    told: dict[str, Any] = {
        "held": basis.held and sorted(basis.held),
        "scan": {"findings": scan.findings, "unread": scan.unread} if scan else None,
        "dialect": "" if basis.dialect == OPENAI_DIALECT else basis.dialect,
        "own_cap": basis.own_cap,
        "own_system": basis.own_system,
        "earlier": basis.earlier and [basis_told(one, keys) for one in basis.earlier],
        "only_model": basis.only_model,
        "only_route": basis.only_route,
        "scores": basis.scores and dict(basis.scores),
        "sent": basis.sent and [basis_told(one, keys) for one in basis.sent],
        "unsent": basis.unsent,
    }
    return {key: value for key, value in told.items() if value}


def basis_in(told: Mapping[str, Any]) -> Basis:
    """The basis that a record tells. Raises KeyError, TypeError or ValueError if it is none."""
    scan = told.get("scan")
    return Basis(
        Features(
            text="",
            input_tokens=told.get("input_tokens", 0),
            task=told.get("task", ""),
            needs=frozenset(map(Capability, told.get("needs", ()))),
            metadata=told.get("metadata", {}),
            complexity=told.get("complexity", 0.0),
            elements=frozenset(told.get("elements", ())),
            label=label_in(told["label"]) if "label" in told else None,
        ),
        frozenset(told.get("held", ())),
        Scan(frozenset(), scan["findings"], tuple(scan["unread"])) if scan else None,
        told.get("dialect", OPENAI_DIALECT),
        told.get("own_cap"),
        told.get("own_system", False),
        tuple(map(basis_in, told.get("earlier", ()))),
        told.get("only_model"),
        told.get("only_route"),
        told.get("scores", {}),
        tuple(map(basis_in, told.get("sent", ()))),
        told.get("unsent"),
    )


def plan_told(plan: Plan, models: int) -> dict[str, Any]:
    """What was decided; ``models`` is how many the profile has."""
    told: dict[str, Any] = {}
    tell_plan(told, plan, models)
    return told


def tell_plan(told: dict[str, Any], plan: Plan, models: int) -> None:
    """Put into a record what was decided; ``models`` is how many the profile has."""
    ruling = plan.ruling
    everybody = len(ruling.eligible) == models
    told["eligible"] = EVERYBODY if everybody else sorted(ruling.eligible)
    if ruling.rules:
        told["rules"] = ruling.rules
    if ruling.excluded:
        told["excluded"] = {name: str(why) for name, why in ruling.excluded.items()}
    if ruling.redact:
        told["redact"] = sorted(ruling.redact)
    told["route"] = plan.route
    told["strategy"] = plan.strategy
    if plan.template:
        told["template"] = {"name": plan.template.name, "digest": plan.template.digest}
    if plan.label_call:
        told["label_call"] = _call(plan.label_call)
    told["calls"] = [_call(call) for call in plan.calls]
    if plan.instead:
        told["instead"] = [call.model for call in plan.instead]
    if plan.refusal:
        told["refusal"] = plan.refusal
        told["on_empty"] = plan.on_empty


def _call(call: Call) -> dict[str, Any]:
    told: dict[str, Any] = {
        "model": call.model,
        "role": call.role,
        "input_tokens": call.input_tokens,
        "max_output_tokens": call.max_output_tokens,
        "expected_usd": _exact(call.expected_usd),
        "worst_usd": _exact(call.worst_usd),
    }
    if call.dropped:
        told["dropped"] = named(call.dropped)
    if call.sample:
        told["sample"] = call.sample
    if call.logprobs:
        told["logprobs"] = True
    if call.prompted:
        told["prompted"] = True
    return told


def _exact(usd: Decimal | None) -> str | None:
    """An amount as its text, which is made faster here than when the record is written."""
    return None if usd is None else str(usd)


def figures_told(figures: Figures) -> list[float]:
    """What planning reads of a model's figures."""
    return [figures.answers, figures.latency_ms, figures.output_tokens, figures.token_ratio]


def figures_in(told: list[Any]) -> Figures:
    """The figures that a record tells. Raises ValueError if it tells none."""
    answers, latency_ms, output_tokens, token_ratio = told
    return Figures(answers, 0, latency_ms, output_tokens, token_ratio)


def tell_attempt(
    told: dict[str, Any],
    attempt: Attempt,
    completion: Completion | None,
    seal: Callable[[bytes], bytes],
) -> None:
    """Put into a record how an attempt ended.

    Of an answer there is the keyed digest, of an error no message: it may quote.
    """
    told["started"] = round(attempt.started, 3)
    told["latency_ms"] = round(attempt.latency_ms, 1)
    told["usage"] = _usage(attempt.usage)
    told["usd"] = _exact(attempt.usd)
    if attempt.waited_s >= LEAST_WAIT_S:
        told["waited_s"] = round(attempt.waited_s, 3)
    if attempt.request_id:
        told["request_id"] = attempt.request_id
    if completion is not None:
        told["served_model"] = completion.served_model
        told["finish_reason"] = completion.finish_reason
        told["answer"] = seal(answer_bytes(completion)).hex()
    if attempt.error is not None:
        told["error"] = attempt.error
        told["status"] = attempt.status
        if attempt.unsettled_usd != 0:
            told["unsettled_usd"] = _exact(attempt.unsettled_usd)


def _usage(usage: Usage | None) -> dict[str, Any] | None:
    """Tokens by the names that a result has for them; what is 0 is left out."""
    if usage is None:
        return None
    told: dict[str, Any] = {}
    if usage.input_tokens:
        told["input_tokens"] = usage.input_tokens
    if usage.output_tokens:
        told["output_tokens"] = usage.output_tokens
    if usage.cached_input_tokens:
        told["cached_input_tokens"] = usage.cached_input_tokens
    if usage.cache_write_tokens:
        told["cache_write_tokens"] = usage.cache_write_tokens
    if usage.reasoning_tokens:
        told["reasoning_tokens"] = usage.reasoning_tokens
    if total := usage.input_tokens + usage.output_tokens:
        told["total_tokens"] = total
    if usage.estimated:
        told["estimated"] = True
    return told


def answer_bytes(completion: Completion) -> bytes:
    """What the digest of an answer is made of: its text, and the tool calls behind it."""
    if not completion.tool_calls:
        return completion.text.encode("utf-8", "surrogatepass")
    calls = (f"{call.name}\0{call.arguments}" for call in completion.tool_calls)
    return "\0".join((completion.text, *calls)).encode("utf-8", "surrogatepass")


def host_of(model: Model) -> str:
    """Where calls of a model go."""
    if model.provider.embedded:
        return IN_PROCESS
    return urlsplit(model.provider.base_url or "").netloc.rpartition("@")[2]
