"""The lines of rows that went as most do: one call was made, and it answered with a text.

Little of such a line is the row's own. The rest is the same for all rows that went one way, so the
code that writes every other line makes a form of it once, with blanks that are filled in for each.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.outcome import Attempt, Outcome
from airoute_cli.core.plan import CallRole, Plan
from airoute_cli.core.profile import Profile
from airoute_cli.core.request import Row
from airoute_cli.engine.result_line import LEAST_WAIT_S, dumps, line_and_object
from airoute_cli.engine.tally import Answer, Kind, kind_of

# Of any other end there is more to tell.
_PLAIN_ENDS = frozenset({FinishReason.STOP, FinishReason.LENGTH, FinishReason.OTHER})
# Few ways lead through a profile, but tiers are named by the rows themselves.
_MOST_FORMS = 1_000
# A value of the row goes where this stands: no JSON holds the byte.
_HERE = "\0"


class _Form(NamedTuple):
    """The line of all rows that went one way, with %s for each blank, and how they are counted."""

    text: str
    kind: Kind


class PlainResults:
    """Writes the plain lines of one pass."""

    def __init__(self, profile: Profile, pass_number: int) -> None:
        self._profile = profile
        self._pass = pass_number
        self._forms: dict[tuple[object, ...], _Form] = {}

    def line(self, row: Row, outcome: Outcome) -> tuple[bytes, Answer] | None:
        """The line of a completed row, and what is counted of it; None where it is not plain."""
        plan, completion, attempts = outcome.plan, outcome.completion, outcome.attempts
        if plan is None or completion is None or len(attempts) != 1 or row.extra:
            return None
        usage, attempt = completion.usage, attempts[0]
        if usage is None or not (
            _is_plain_plan(plan, attempt.model) and _is_plain_end(outcome, completion, attempt)
        ):
            return None
        ruling = plan.ruling
        way = (
            plan.route,
            attempt.model,
            plan.strategy,
            plan.tier,
            plan.degraded,
            ruling.rules,
            ruling.eligible,
            ruling.declared,
            completion.finish_reason,
            usage.estimated,
        )
        form = self._forms.get(way) or self._make(way, row, outcome)
        calls = plan.calls
        estimated_usd = calls[0].expected_usd if len(calls) == 1 else plan.expected_usd
        latency_ms, elapsed_ms = f"{attempt.latency_ms:.1f}", f"{outcome.elapsed_ms:.1f}"
        digest, request_id = row.digest.hex(), completion.request_id
        named = "null" if request_id is None else _json(request_id)
        served, usd = _same_json(completion.served_model), _number(attempt.usd)
        asked, told, cached = usage.input_tokens, usage.output_tokens, usage.cached_input_tokens
        reasoned, total = usage.reasoning_tokens, asked + told
        started, waited_s = attempt.started, attempt.waited_s
        # In the order of ``_put_blanks``.
        line = form.text % (
            digest,
            _json(row.custom_id),
            named,
            named if request_id else f'"chatcmpl-{digest}"',
            int(started),
            served,
            _json(completion.text),
            asked,
            told,
            total,
            cached,
            reasoned,
            row.line,
            digest,
            _same_json(plan.reason),
            served,
            _same_json(completion.raw_finish_reason),
            asked,
            told,
            cached,
            usage.cache_write_tokens,
            reasoned,
            total,
            usd,
            _number(estimated_usd),
            latency_ms,
            elapsed_ms,
            _thousandths(started),
            latency_ms,
            usd,
            f',"waited_s":{_thousandths(waited_s)}' if waited_s >= LEAST_WAIT_S else "",
            f',"metadata":{dumps(row.metadata).decode()}' if row.metadata else "",
        )
        counted = Answer(
            form.kind, usage, attempt.usd, estimated_usd, float(latency_ms), float(elapsed_ms)
        )
        return line.encode(), counted

    def _make(self, way: tuple[object, ...], row: Row, outcome: Outcome) -> _Form:
        """The form for all rows that go the way of this one."""
        if len(self._forms) >= _MOST_FORMS:
            self._forms.clear()
        line, told = line_and_object(row._replace(metadata={}), outcome, self._profile, self._pass)
        kind = kind_of(told)
        _put_blanks(line, told)
        text = dumps(line).decode().replace("%", "%%")[:-1] + _HERE + "}"
        form = self._forms[way] = _Form(text.replace(_HERE, "%s"), kind)
        return form


def _is_plain_plan(plan: Plan, model: str) -> bool:
    """Whether no more is told of a plan than a form holds."""
    calls = plan.calls
    if plan.template is not None or plan.ruling.scan is not None or plan.label is not None:
        return False
    if len(calls) == 1:
        return not calls[0].dropped
    return not any([call.dropped for call in calls if call.model == model])  # noqa: C419 - faster


def _is_plain_end(outcome: Outcome, completion: Completion, attempt: Attempt) -> bool:
    """Whether the answer is nothing but a text, and came at once."""
    return (
        attempt.error is None
        and attempt.model == outcome.model
        and attempt.usd == outcome.usd
        and attempt.reported_usd is None
        and attempt.role is not CallRole.CLASSIFIER
        and completion.finish_reason in _PLAIN_ENDS
        and completion.refusal is None
        and not (completion.tool_calls or completion.reasoning or outcome.steps or outcome.output)
    )


def _put_blanks(line: dict[str, Any], told: dict[str, Any]) -> None:
    """Leave out of a line and its ``airoute`` object what is the row's own."""
    blank = orjson.Fragment(_HERE.encode())
    line["id"] = orjson.Fragment(f'"airoute-{_HERE}"'.encode())
    line["custom_id"] = line["response"]["request_id"] = blank
    body = line["response"]["body"]
    body["id"] = body["created"] = body["model"] = blank
    body["choices"][0]["message"]["content"] = blank
    counts = body["usage"]
    for name in ("prompt_tokens", "completion_tokens", "total_tokens"):
        counts[name] = blank
    counts["prompt_tokens_details"]["cached_tokens"] = blank
    counts["completion_tokens_details"]["reasoning_tokens"] = blank
    told["digest"] = orjson.Fragment(f'"{_HERE}"'.encode())
    for name in ("line", "reason", "served_model", "raw_finish_reason"):
        told[name] = blank
    for name in told["usage"]:
        if name != "estimated":
            told["usage"][name] = blank
    told["cost"]["usd"] = told["cost"]["estimated_usd"] = blank
    told["latency_ms"] = told["elapsed_ms"] = blank
    attempt = told["attempts"][0]
    attempt.pop("waited_s", None)
    attempt["started"] = attempt["latency_ms"] = blank
    attempt["usd"] = orjson.Fragment((_HERE + _HERE).encode())  # behind it the time that it waited


def _json(text: str) -> str:
    return orjson.dumps(text).decode()


@lru_cache(256)  # what all rows of one kind have in common
def _same_json(text: str | None) -> str:
    return orjson.dumps(text).decode()


@lru_cache(4_096)
def _number(usd: Decimal | None) -> str:
    return dumps([usd])[1:-1].decode()


def _thousandths(seconds: float) -> str:
    """``round(seconds, 3)`` as JSON has it, in half the time."""
    text = f"{seconds:.3f}"
    return repr(round(seconds, 3)) if text.endswith("0") else text
