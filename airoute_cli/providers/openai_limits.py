"""The rate limits in the headers of OpenAI and of those who took them over.

``x-ratelimit-{limit,remaining,reset}-{requests,tokens}``; a reset is a Go duration (``6m0s``) or a
number of seconds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from airoute_cli.core.rate_limits import Allowance, RateLimits
from airoute_cli.providers.retry_after import go_duration

_PREFIX = "x-ratelimit"


def read_limits(headers: Mapping[str, str], now: float) -> RateLimits | None:  # noqa: ARG001 - as all
    """The limits that the headers tell, None where they are silent."""
    requests, tokens = _allowance(headers, "requests"), _allowance(headers, "tokens")
    return RateLimits(requests, tokens) if requests or tokens else None


def number_in(text: str | None) -> float | None:
    """A header's number, None where it is none."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _allowance(headers: Mapping[str, str], what: str) -> Allowance | None:
    reset = headers.get(f"{_PREFIX}-reset-{what}", "")
    told = Allowance(
        limit=number_in(headers.get(f"{_PREFIX}-limit-{what}")),
        remaining=number_in(headers.get(f"{_PREFIX}-remaining-{what}")),
        reset_s=go_duration(reset) if go_duration(reset) is not None else number_in(reset),
    )
    return told if told != Allowance() else None
