"""The rate limits in the headers of OpenAI and of those who took them over.

``x-ratelimit-{limit,remaining,reset}-{requests,tokens}``; a reset is a Go duration (``6m0s``) or a
number of seconds. Hugging Face writes those on requests as the IETF drafts it, as in
``ratelimit: "api";r=9;t=30``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from airoute_cli.core.rate_limits import Allowance, RateLimits
from airoute_cli.providers.retry_after import go_duration

_PREFIX = "x-ratelimit"
_DRAFTED = re.compile(r";\s*([qrt])=(\d+)")


def read_limits(headers: Mapping[str, str], now: float) -> RateLimits | None:  # noqa: ARG001 - as all
    """The limits that the headers tell, None where they are silent."""
    if "ratelimit" not in "".join(headers):  # most tell none, and each answer is asked
        return None
    requests = _allowance(headers, "requests") or _drafted(headers)
    tokens = _allowance(headers, "tokens")
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
    seconds = go_duration(reset)
    told = Allowance(
        limit=number_in(headers.get(f"{_PREFIX}-limit-{what}")),
        remaining=number_in(headers.get(f"{_PREFIX}-remaining-{what}")),
        reset_s=number_in(reset) if seconds is None else seconds,
    )
    return told if told != Allowance() else None


def _drafted(headers: Mapping[str, str]) -> Allowance | None:
    left, policy = (
        dict(_DRAFTED.findall(headers.get(name, ""))) for name in ("ratelimit", "ratelimit-policy")
    )
    told = Allowance(
        number_in(policy.get("q")), number_in(left.get("r")), reset_s=number_in(left.get("t"))
    )
    return told if told != Allowance() else None
