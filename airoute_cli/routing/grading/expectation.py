"""What a case expects: its ``expect``, read and checked once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

KEYS = ("exact", "contains", "regex", "number", "within", "json", "schema", "command", "judge")


@dataclass(frozen=True, slots=True)
class Expectation:
    """Every stated check must pass; None means that nobody asked for it.

    ``within`` is how far a number may be from the expected one. ``command`` gets the answer on
    stdin. ``judge`` is a sentence that tells a model what a good answer is. ``json`` is in a tuple
    of one, as null may be expected.
    """

    exact: str | None = None
    contains: tuple[str, ...] = ()
    regex: str | None = None
    number: float | None = None
    within: float = 0.0
    json: tuple[Any, ...] = ()
    schema: Mapping[str, Any] | None = None
    command: tuple[str, ...] = ()
    judge: str | None = None


def read_expectation(given: Any) -> Expectation:
    """``expect`` of a case: a table of checks, or a text that must be the whole answer.

    Raises ValueError with a sentence that names the key.
    """
    if isinstance(given, str):
        return Expectation(exact=given)
    if not isinstance(given, dict) or not given:
        raise ValueError(f"expect must be a text or a table of {', '.join(KEYS)}")
    for key in given:
        if key not in KEYS:
            close = difflib.get_close_matches(key, KEYS, n=1)
            hint = f'did you mean "{close[0]}"?' if close else f"there are {', '.join(KEYS)}"
            raise ValueError(f"expect.{key} is no check; {hint}")
    if "within" in given and "number" not in given:
        raise ValueError("expect.within goes with expect.number")
    return Expectation(**{key: _READERS[key](key, value) for key, value in given.items()})


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"expect.{key} must be a text that is not empty")
    return value


def _texts(key: str, value: Any) -> tuple[str, ...]:
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list) or not given:
        raise ValueError(f"expect.{key} must be a text or a list of texts")
    return tuple(_text(key, one) for one in given)


def _regex(key: str, value: Any) -> str:
    pattern = _text(key, value)
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"expect.{key} is no regular expression: {error}") from None
    return pattern


def _number(key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"expect.{key} must be a number")
    return float(value)


def _distance(key: str, value: Any) -> float:
    if (distance := _number(key, value)) < 0:
        raise ValueError(f"expect.{key} must be at least 0")
    return distance


def _json(_key: str, value: Any) -> tuple[Any, ...]:
    return (value,)


def _schema(key: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"expect.{key} must be a JSON schema, a table")
    return value


_READERS: Mapping[str, Callable[[str, Any], Any]] = MappingProxyType(
    {
        "exact": _text,
        "contains": _texts,
        "regex": _regex,
        "number": _number,
        "within": _distance,
        "json": _json,
        "schema": _schema,
        "command": _texts,
        "judge": _text,
    }
)
