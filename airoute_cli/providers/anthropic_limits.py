"""The rate limits in the headers of Anthropic.

``anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{limit,remaining,reset}``; a
reset is a moment as RFC 3339 writes it. ``tokens`` tells of the limit that is the tightest now.
https://platform.claude.com/docs/en/api/rate-limits#response-headers
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from airoute_cli.core.rate_limits import Allowance, RateLimits
from airoute_cli.providers.openai_limits import number_in

_PREFIX = "anthropic-ratelimit"
_WAYS = ("input-tokens", "output-tokens")


def read_limits(headers: Mapping[str, str], now: float) -> RateLimits | None:
    """The limits that the headers tell at the Unix time ``now``, None where they are silent."""
    requests = _allowance(headers, "requests", now)
    tokens = _allowance(headers, "tokens", now) or _scarcer(headers, now)
    return RateLimits(requests, tokens) if requests or tokens else None


def _scarcer(headers: Mapping[str, str], now: float) -> Allowance | None:
    """Of the limits on input and on output the one of which the smaller share is left."""
    told = [one for way in _WAYS if (one := _allowance(headers, way, now)) is not None]
    return min(told, key=_share_left, default=None)


def _share_left(allowance: Allowance) -> float:
    if allowance.remaining is None or not allowance.limit:
        return 1.0
    return allowance.remaining / allowance.limit


def _allowance(headers: Mapping[str, str], what: str, now: float) -> Allowance | None:
    told = Allowance(
        limit=number_in(headers.get(f"{_PREFIX}-{what}-limit")),
        remaining=number_in(headers.get(f"{_PREFIX}-{what}-remaining")),
        reset_s=_until(headers.get(f"{_PREFIX}-{what}-reset", ""), now),
    )
    return told if told != Allowance() else None


def _until(moment: str, now: float) -> float | None:
    """Seconds until a moment, None where it is none; without a zone it is UTC."""
    try:
        date = datetime.fromisoformat(moment.strip())
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        return max(date.timestamp() - now, 0.0)
    except (ValueError, OverflowError):
        return None
