"""How long something is kept: ``30d``, ``24h``, ``2w``, ``1y`` or ``none``."""

from __future__ import annotations

import re
from collections.abc import Mapping

_DAYS: Mapping[str, float] = {"h": 1 / 24, "d": 1, "w": 7, "y": 365}
_WRITTEN = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?) ?([hdwy])", re.IGNORECASE)


def days(written: str) -> float:
    """The number of days. Raises ValueError with a sentence where it is no duration."""
    if written.strip().casefold() == "none":
        return 0.0
    match = _WRITTEN.fullmatch(written.strip())
    if match is None:
        raise ValueError('this is no duration. Write it as "30d", "24h", "2w", "1y" or "none".')
    return float(match.group(1)) * _DAYS[match.group(2).lower()]
