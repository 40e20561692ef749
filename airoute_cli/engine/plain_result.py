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
# A value of the row goes where these stand, its JSON or a number: no JSON holds the bytes.
_HERE, _NUMBER_HERE = b"\0", b"\1"


class _Form(NamedTuple):
    """The line of all rows that went one way, with its blanks, and how they are counted."""

    line: bytes
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
        latency_ms, elapsed_ms = b"%.1f" % attempt.latency_ms, b"%.1f" % outcome.elapsed_ms
        digest, request_id = row.digest.hex().encode(), completion.request_id
        named = orjson.dumps(request_id)
        served, usd = _same_json(completion.served_model), _number(attempt.usd)
        asked, told, cached = usage.input_tokens, usage.output_tokens, usage.cached_input_tokens
        reasoned, total = usage.reasoning_tokens, asked + told
        started, waited_s = attempt.started, attempt.waited_s
        # In the order of ``_put_blanks``.
        line = form.line % (
            digest,
            orjson.dumps(row.custom_id),
            named,
            named if request_id else b'"chatcmpl-%b"' % digest,
            int(started),
            served,
            orjson.dumps(completion.text),
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
            b',"waited_s":%b' % _thousandths(waited_s) if waited_s >= LEAST_WAIT_S else b"",
            b',"metadata":%b' % dumps(row.metadata) if row.metadata else b"",
        )
        counted = Answer(
            form.kind, usage, attempt.usd, estimated_usd, float(latency_ms), float(elapsed_ms)
        )
        return line, counted

    def _make(self, way: tuple[object, ...], row: Row, outcome: Outcome) -> _Form:
        """The form for all rows that go the way of this one."""
        if len(self._forms) >= _MOST_FORMS:
            self._forms.clear()
        line, told = line_and_object(row._replace(metadata={}), outcome, self._profile, self._pass)
        kind = kind_of(told)
        _put_blanks(line, told)
        text = dumps(line).replace(b"%", b"%%")[:-1] + _HERE + b"}"
        text = text.replace(_HERE, b"%b").replace(_NUMBER_HERE, b"%d")
        form = self._forms[way] = _Form(text, kind)
        return form


def _is_plain_plan(plan: Plan, model: str) -> bool:
    """Whether no more is told of a plan than a form holds."""
    calls, basis = plan.calls, plan.basis
    if plan.template is not None or plan.ruling.scan is not None:
        return False
    if basis is not None and basis.features.label is not None:
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
    blank, number = orjson.Fragment(_HERE), orjson.Fragment(_NUMBER_HERE)
    line["id"] = orjson.Fragment(b'"airoute-%b"' % _HERE)
    line["custom_id"] = line["response"]["request_id"] = blank
    body = line["response"]["body"]
    body["id"] = body["model"] = blank
    body["created"] = number
    body["choices"][0]["message"]["content"] = blank
    counts = body["usage"]
    for name in ("prompt_tokens", "completion_tokens", "total_tokens"):
        counts[name] = number
    counts["prompt_tokens_details"]["cached_tokens"] = number
    counts["completion_tokens_details"]["reasoning_tokens"] = number
    told["line"], told["digest"] = number, orjson.Fragment(b'"%b"' % _HERE)
    for name in ("reason", "served_model", "raw_finish_reason"):
        told[name] = blank
    for name in told["usage"]:
        if name != "estimated":
            told["usage"][name] = number
    told["cost"]["usd"] = told["cost"]["estimated_usd"] = blank
    told["latency_ms"] = told["elapsed_ms"] = blank
    attempt = told["attempts"][0]
    attempt.pop("waited_s", None)
    attempt["started"] = attempt["latency_ms"] = blank
    attempt["usd"] = orjson.Fragment(_HERE + _HERE)  # behind it the time that it waited


@lru_cache(256)  # what all rows of one kind have in common
def _same_json(text: str | None) -> bytes:
    return orjson.dumps(text)


@lru_cache(4_096)
def _number(usd: Decimal | None) -> bytes:
    return orjson.dumps(None if usd is None else float(usd))


def _thousandths(seconds: float) -> bytes:
    """``round(seconds, 3)`` as JSON has it, in half the time."""
    text = b"%.3f" % seconds
    return orjson.dumps(round(seconds, 3)) if text.endswith(b"0") else text
