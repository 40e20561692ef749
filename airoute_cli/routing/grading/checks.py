"""The checks of an expectation that need neither a call nor a command."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

from airoute_cli.routing.acceptance.json_schema import schema_fault
from airoute_cli.routing.combine.reading import number_of, unfenced
from airoute_cli.routing.grading.expectation import Expectation

Check = Callable[[str, Expectation], str | None]


def first_miss(text: str, expected: Expectation) -> str | None:
    """The first stated check that the answer does not pass, as a sentence; None: it passes."""
    for check in _CHECKS:
        miss = check(text, expected)
        if miss is not None:
            return miss
    return None


def _exact(text: str, expected: Expectation) -> str | None:
    if expected.exact is None or text.strip() == expected.exact.strip():
        return None
    return f"is not {_clip(expected.exact)!r}"


def _contains(text: str, expected: Expectation) -> str | None:
    folded = text.casefold()
    missing = [part for part in expected.contains if part.casefold() not in folded]
    return f"does not contain {_clip(missing[0])!r}" if missing else None


def _regex(text: str, expected: Expectation) -> str | None:
    if expected.regex is None or re.search(expected.regex, text):
        return None
    return f"/{_clip(expected.regex)}/ is not found"


def _number(text: str, expected: Expectation) -> str | None:
    if expected.number is None:
        return None
    number = number_of(text, None)
    if number is None:
        return "has no number"
    # As far as floats can tell: 0.1 + 0.2 lies within 0 of 0.3.
    distance = abs(number - expected.number)
    if distance <= expected.within or math.isclose(number, expected.number, rel_tol=1e-9):
        return None
    within = f" within {expected.within:g}" if expected.within else ""
    return f"{number:g} is not {expected.number:g}{within}"


def _json(text: str, expected: Expectation) -> str | None:
    if not expected.json:
        return None
    try:
        value = json.loads(unfenced(text))
    except (json.JSONDecodeError, RecursionError):
        return "is no JSON"
    return None if _equal(value, expected.json[0]) else "is other JSON than expected"


def _equal(one: Any, other: Any) -> bool:
    """Equal as JSON: 1 is 1.0, and true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(one == other)


def _schema(text: str, expected: Expectation) -> str | None:
    return None if expected.schema is None else schema_fault(unfenced(text), expected.schema)


def _clip(text: str, most: int = 60) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


_CHECKS: tuple[Check, ...] = (_exact, _contains, _regex, _number, _json, _schema)
