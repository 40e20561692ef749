"""How long a provider asks to be left alone, from the headers of its refusal."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

TOO_MANY_REQUESTS = 429

# A smaller number is no moment of our days.
_EARLIEST = 1e9
_LIMITED = ("requests", "tokens")
_GO_DURATION = re.compile(r"(?:\d+(?:\.\d*)?(?:h|ms|us|µs|ns|m|s))+")
_GO_PART = re.compile(r"(\d+(?:\.\d*)?)(h|ms|us|µs|ns|m|s)")
_GO_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def retry_after(status: int | None, headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait as the provider wishes, None where it has no wish.

    ``headers`` have lower-case names; ``now`` is Unix time, for a Retry-After that is a date.
    """
    stated = _milliseconds(headers.get("retry-after-ms", ""))
    if stated is None:
        stated = _seconds_or_date(headers.get("retry-after", ""), now)
    if stated is None and status == TOO_MANY_REQUESTS:
        stated = _until_reset(headers)
    if stated is None and status == TOO_MANY_REQUESTS:
        stated = _from_moment(headers.get("x-ratelimit-reset", ""), now)
    return stated


def should_retry(headers: Mapping[str, str]) -> bool | None:
    """What ``x-should-retry`` says, None where it says nothing."""
    return {"true": True, "false": False}.get(headers.get("x-should-retry", "").strip().lower())


@lru_cache(1_024)  # the answers of one provider tell few of them
def go_duration(text: str) -> float | None:
    """Seconds of a duration as Go writes it (``6m0s``, ``840ms``), None if it is none."""
    if not _GO_DURATION.fullmatch(text.strip()):
        return None
    return sum(float(number) * _GO_UNITS[unit] for number, unit in _GO_PART.findall(text))


def _until_reset(headers: Mapping[str, str]) -> float | None:
    waits = [
        wait
        for what in _LIMITED
        if headers.get(f"x-ratelimit-remaining-{what}", "").strip() == "0"
        and (wait := go_duration(headers.get(f"x-ratelimit-reset-{what}", ""))) is not None
    ]
    return max(waits, default=None)


def _from_moment(text: str, now: float) -> float | None:
    """Seconds until a moment in Unix time, in seconds (Cohere) or milliseconds (OpenRouter)."""
    moment = _number(text) or 0.0
    if moment < _EARLIEST:
        return None
    return max((moment if moment < _EARLIEST * 1000 else moment / 1000) - now, 0.0)


def _milliseconds(text: str) -> float | None:
    number = _number(text)
    return None if number is None else number / 1000


def _seconds_or_date(text: str, now: float) -> float | None:
    number = _number(text)
    return _from_date(text, now) if number is None else number


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return max(number, 0.0) if math.isfinite(number) else None


def _from_date(text: str, now: float) -> float | None:
    try:
        date = parsedate_to_datetime(text)
        # A zone of "-0000" gives a naive date that means UTC.
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        return max((date - datetime.fromtimestamp(now, UTC)).total_seconds(), 0.0)
    except (ValueError, OverflowError):
        return None
