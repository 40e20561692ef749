"""The output row: OpenAI's batch output shape plus one ``airoute`` object."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson

from airoute_cli.core.completion import Completion
from airoute_cli.core.money import Usage
from airoute_cli.core.outcome import Attempt, Outcome, Output, Step
from airoute_cli.core.plan import CallRole, Plan
from airoute_cli.core.profile import Profile
from airoute_cli.core.request import Row, ToolCall
from airoute_cli.engine.meter import reported_usd
from airoute_cli.routing.carry import named
from airoute_cli.routing.output.extract import extract as extract_from
from airoute_cli.routing.plan_json import label_to_dict, policy_to_dict, template_to_dict

# Keys of the output row that a passed-through field of the input must not overwrite.
RESERVED = frozenset({"id", "custom_id", "response", "error", "airoute"})
# Less than a millisecond is no wait.
LEAST_WAIT_S = 0.001


def result_line(
    row: Row,
    outcome: Outcome,
    profile: Profile,
    pass_number: int,
    extract: str | None = None,
) -> tuple[bytes, dict[str, Any]]:
    """The line of a completed row, without a newline, and its ``airoute`` object.

    ``extract`` is what is taken out of the answer besides.
    """
    line, about = line_and_object(row, outcome, profile, pass_number, extract)
    return dumps(line), about


def line_and_object(
    row: Row,
    outcome: Outcome,
    profile: Profile,
    pass_number: int,
    extract: str | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """As ``result_line``, with the line before it is written."""
    completion = outcome.completion
    if completion is None:
        raise ValueError("a completed row has a completion")
    about = airoute_object(row.line, row.digest, outcome, profile) | {"pass": pass_number}
    if extract is not None:
        about |= _extracted(completion.text, extract)
    line: dict[str, Any] = {
        "id": f"airoute-{row.digest.hex()}",
        "custom_id": row.custom_id,
        "response": {
            "status_code": 200,
            "request_id": completion.request_id,
            "body": completion_body(completion, row.digest, outcome.attempts[-1].started),
        },
        "error": None,
        "airoute": about,
    }
    if row.metadata:
        line["metadata"] = row.metadata
    if row.extra:
        about |= _collisions(row.extra)
        line |= {key: value for key, value in row.extra.items() if key not in RESERVED}
    return line, about


def _collisions(extra: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of the input that bear a name of ours."""
    found = {key: value for key, value in extra.items() if key in RESERVED}
    return {"input": found} if found else {}


def _extracted(text: str, wanted: str) -> dict[str, Any]:
    taken = extract_from(text, wanted)
    told = {"extracted": _writable(taken.value)}
    return told if taken.fault is None else told | {"not_extracted": taken.fault}


def airoute_object(line: int, digest: bytes, outcome: Outcome, profile: Profile) -> dict[str, Any]:
    """What airoute tells of a row: its route and why, who answered, what it took and cost."""
    plan, completion = outcome.plan, outcome.completion
    model = profile.models[outcome.model] if outcome.model else None
    usage = completion.usage if completion else None
    price = model.price if model else None
    latency_ms = outcome.latency_ms
    return {
        "line": line,
        "digest": digest.hex(),
        "route": plan.route if plan else None,
        **({"tier": plan.tier} if plan and plan.tier else {}),
        "strategy": plan.strategy if plan else None,
        "reason": plan.reason if plan else None,
        "model": outcome.model,
        "requested_model": f"{model.provider.name}/{model.wire_name}" if model else None,
        "served_model": completion.served_model if completion else None,
        "finish_reason": completion.finish_reason if completion else None,
        "raw_finish_reason": completion.raw_finish_reason if completion else None,
        "truncated": completion.truncated if completion else False,
        **({"filtered": True} if completion and completion.filtered else {}),
        **({"refused": True} if completion and completion.refused else {}),
        **(
            {"tool_calls": parsed_calls(completion)} if completion and completion.tool_calls else {}
        ),
        **(label_to_dict(plan) if plan else {}),
        **(template_to_dict(plan, outcome.model) if plan else {}),
        **_dropped(plan, outcome.model),
        **({"degraded": True} if plan and plan.degraded else {}),
        **_steps(outcome),
        **({"output": output_dict(outcome.output)} if outcome.output else {}),
        "usage": usage_dict(usage),
        "cost": {
            "usd": outcome.usd,
            "estimated_usd": plan.expected_usd if plan and outcome.attempts else None,
            "price": price.source if price else None,
            "as_of": price.as_of if price else None,
            "reported_usd": reported_usd(outcome.attempts),
        },
        "latency_ms": None if latency_ms is None else round(latency_ms, 1),
        "elapsed_ms": round(outcome.elapsed_ms, 1),
        "policy": policy_to_dict(plan) if plan else None,
        "attempts": [attempt_dict(attempt) for attempt in outcome.attempts],
    }


def parsed_calls(completion: Completion) -> list[dict[str, Any]]:
    """The tool calls with their arguments as values, None where they are no JSON."""
    return [
        {"id": call.id, "name": call.name, "arguments": _writable(call.parsed)}
        for call in completion.tool_calls
    ]


def _writable(value: Any) -> Any:
    """``value``, written by the standard library where it is beyond what orjson writes."""
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError:
        try:
            return orjson.Fragment(json.dumps(value, allow_nan=False, separators=(",", ":")))
        except ValueError:
            return None
    return value


def _dropped(plan: Plan | None, model: str | None) -> dict[str, Any]:
    """What was left out of the request because the model could not be sent it."""
    calls = plan.calls if plan else ()
    dropped = next((call.dropped for call in calls if call.model == model), ())
    return {"dropped": named(dropped)} if dropped else {}


def _steps(outcome: Outcome) -> dict[str, Any]:
    """The way through a cascade or an ensemble."""
    if not outcome.steps:
        return {}
    return {
        "accepted": outcome.accepted,
        **({"combined": outcome.combined} if outcome.combined else {}),
        "steps": [step_dict(step) for step in outcome.steps],
    }


def output_dict(output: Output) -> dict[str, Any]:
    """How the answer came to its form; what is absent is left out."""
    told = {"reason": output.reason, "answer": output.answer}
    return {
        "state": output.state,
        "schema": "prompted" if output.prompted else "native",
        **{key: value for key, value in told.items() if value is not None},
    }


def step_dict(step: Step) -> dict[str, Any]:
    """One step; what is absent is left out."""
    told = {"check": step.check, "reason": step.reason, "confidence": step.confidence}
    return {
        "model": step.model,
        "verdict": step.verdict,
        **{key: value for key, value in told.items() if value is not None},
        "usd": step.usd,
    }


def attempt_dict(attempt: Attempt) -> dict[str, Any]:
    """One attempt; what is absent is left out, so that a plain success stays short."""
    told: dict[str, Any] = {
        "model": attempt.model,
        "started": round(attempt.started, 3),
        "latency_ms": round(attempt.latency_ms, 1),
        "usd": attempt.usd,
    }
    if attempt.role is CallRole.CLASSIFIER:
        told["role"] = attempt.role
    if attempt.reported_usd is not None:
        told["reported_usd"] = attempt.reported_usd
    if attempt.waited_s >= LEAST_WAIT_S:
        told["waited_s"] = round(attempt.waited_s, 3)
    if attempt.error is None:
        return told
    told |= {"error": attempt.error, "message": attempt.message, "status": attempt.status}
    if attempt.unsettled_usd != 0:
        told["unsettled_usd"] = attempt.unsettled_usd
    if attempt.usage:
        told["usage"] = usage_dict(attempt.usage)
    return told


def usage_dict(usage: Usage | None) -> dict[str, Any] | None:
    """Tokens by their names in airoute's vocabulary."""
    if usage is None:
        return None
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_input_tokens": usage.cached_input_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "estimated": usage.estimated,
    }


def completion_body(completion: Completion, digest: bytes, started: float) -> dict[str, Any]:
    """The answer as a chat completion of OpenAI's shape, whichever provider gave it."""
    message: dict[str, Any] = {
        "role": "assistant",
        "content": completion.text,
        "refusal": completion.refusal,
    }
    if completion.reasoning:
        message["reasoning_content"] = completion.reasoning
    if completion.tool_calls:
        message["tool_calls"] = [_tool_call(call) for call in completion.tool_calls]
    return {
        "id": completion.request_id or f"chatcmpl-{digest.hex()}",
        "object": "chat.completion",
        "created": int(started),
        "model": completion.served_model,
        "choices": [{"index": 0, "message": message, "finish_reason": completion.finish_reason}],
        "usage": _openai_usage(completion.usage or Usage()),
    }


def dumps(value: Mapping[str, Any] | Sequence[Any]) -> bytes:
    """JSON; exact decimals are written as the nearest number."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def _tool_call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    told = {"id": call.id, "type": "function", "function": function}
    if call.signature:  # in the place that Google gave it in OpenAI's shape
        told["extra_content"] = {"google": {"thought_signature": call.signature}}
    return told


def _openai_usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_input_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }
