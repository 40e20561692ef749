"""The rate limits in the headers of OpenAI and of those who took them over.

``x-ratelimit-{limit,remaining,reset}-{requests,tokens}``; a reset is a Go duration (``6m0s``) or a
number of seconds. Hugging Face writes those on requests as the IETF drafts it, as in
``ratelimit: "api";r=9;t=30``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import NamedTuple

from airoute_cli.core.rate_limits import Allowance, RateLimits
from airoute_cli.providers.retry_after import go_duration


class _Names(NamedTuple):
    """The headers that tell one limit."""

    limit: str
    remaining: str
    reset: str


_REQUESTS, _TOKENS = (
    _Names(*(f"x-ratelimit-{kind}-{what}" for kind in _Names._fields))
    for what in ("requests", "tokens")
)
_DRAFTED = re.compile(r";\s*([qrt])=(\d+)")


def read_limits(headers: Mapping[str, str], now: float) -> RateLimits | None:  # noqa: ARG001 - as all
    """The limits that the headers tell, None where they are silent."""
    if "ratelimit" not in "".join(headers):  # most tell none, and each answer is asked
        return None
    requests = _allowance(headers, _REQUESTS) or _drafted(headers)
    tokens = _allowance(headers, _TOKENS)
    return RateLimits(requests, tokens) if requests or tokens else None


def number_in(text: str | None) -> float | None:
    """A header's number, None where it is none."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _allowance(headers: Mapping[str, str], names: _Names) -> Allowance | None:
    reset = headers.get(names.reset, "")
    seconds = go_duration(reset)
    return _told(
        number_in(headers.get(names.limit)),
        number_in(headers.get(names.remaining)),
        number_in(reset) if seconds is None else seconds,
    )


def _drafted(headers: Mapping[str, str]) -> Allowance | None:
    left, policy = (
        dict(_DRAFTED.findall(headers.get(name, ""))) for name in ("ratelimit", "ratelimit-policy")
    )
    return _told(number_in(policy.get("q")), number_in(left.get("r")), number_in(left.get("t")))


def _told(limit: float | None, remaining: float | None, reset_s: float | None) -> Allowance | None:
    silent = limit is None and remaining is None and reset_s is None
    return None if silent else Allowance(limit, remaining, reset_s)
