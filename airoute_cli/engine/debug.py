"""What ``--debug`` shows: decisions and attempts, without keys, prompts, answers or error messages.

A reason may quote the prompt and an error message whatever a provider put into it, so neither is
told.
"""

from __future__ import annotations

import logging

from airoute_cli.core.outcome import Attempt
from airoute_cli.core.plan import Call, Plan

LOGGER = "airoute"
_LOG = logging.getLogger(LOGGER)


def is_shown() -> bool:
    """Whether anybody wants to see it."""
    return _LOG.isEnabledFor(logging.DEBUG)


def decided(row: str, plan: Plan) -> None:
    """A plan was made for a row."""
    if not is_shown():
        return
    calls = ", ".join(f"{call.model} ({call.role})" for call in plan.calls) or plan.refusal
    _LOG.debug(
        "%s: route %s, rules %s, eligible %s, calls %s",
        row,
        plan.route or "none",
        ", ".join(plan.ruling.rules) or "none",
        ", ".join(sorted(plan.eligible)) or "nobody",
        calls,
    )


def leaves(row: str, call: Call, number: int) -> None:
    """A call is about to leave."""
    _LOG.debug(
        "%s: attempt %d to %s leaves, about %d tokens in, at most %d out",
        row,
        number,
        call.model,
        call.input_tokens,
        call.max_output_tokens,
    )


def ended(row: str, number: int, attempt: Attempt) -> None:
    """An attempt has ended."""
    if not is_shown():
        return
    status = f" ({attempt.status})" if attempt.status else ""
    usage = attempt.usage
    _LOG.debug(
        "%s: attempt %d to %s: %s%s after %.0f ms, waited %.2f s, tokens %s, usd %s",
        row,
        number,
        attempt.model,
        attempt.error or "answered",
        status,
        attempt.latency_ms,
        attempt.waited_s,
        f"{usage.input_tokens}+{usage.output_tokens}" if usage else "unknown",
        "unknown" if attempt.usd is None else attempt.usd,
    )
