"""How amounts, lists and texts are written in reasons."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

_CENTS = Decimal("0.01")
_FEWEST_DIGITS = 2
_LONGEST_SHOWN = 40


def dollars(amount: Decimal | None) -> str:
    """An amount as people read it: ``$12.30``, ``$0.00012``, or that its price is unknown."""
    if amount is None:
        return "at an unknown price"
    if not amount or amount >= _CENTS:
        return f"${amount:,.2f}"
    digits = _FEWEST_DIGITS - 1 - amount.adjusted()
    return f"${amount:.{digits}f}"


def quoted(words: Iterable[str], last: str = "or") -> str:
    """``"a", "b" or "c"``."""
    return listed([f'"{word}"' for word in words], last)


def listed(words: Iterable[str], last: str = "and") -> str:
    """``a, b and c``."""
    *first, final = list(words) or [""]
    return f"{', '.join(first)} {last} {final}" if first else final


def counted(count: int, noun: str) -> str:
    """``1 row``, ``2,000 rows``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def shorten(text: str) -> str:
    """``text`` on one line, cut where a reason would grow too long."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_SHOWN else f"{line[: _LONGEST_SHOWN - 1]}…"
