"""What of an answer is compared with the others."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

from airoute_cli.routing.output.path import at_path

_FENCE = re.compile(r"^\s*```[\w-]*\n(.*?)\n?```\s*$", re.DOTALL)
_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?(?:[eE][-+]?\d+)?")


def field_of(text: str, field: str) -> Any:
    """The value at ``field`` (``a.b.0``) of a JSON answer; None where it is not there."""
    try:
        return at_path(json.loads(unfenced(text)), field)
    except (ValueError, LookupError, RecursionError):
        return None


def unfenced(text: str) -> str:
    """What stands inside a code fence around the whole text; without one, the text."""
    fenced = _FENCE.match(text)
    return fenced[1] if fenced else text


def normalised(text: str) -> str:
    """Text without what makes no other answer: case, spaces, the marks around it."""
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return plain.strip(" \t.,;:!?\u2026\"'`*_()[]")


def key_of(text: str, field: str | None) -> str | None:
    """What must be equal for two answers to agree; None: the answer has no vote."""
    if field is None:
        return normalised(text) or None
    value = field_of(text, field)
    if value is None:
        return None
    return normalised(value) if isinstance(value, str) else json.dumps(value, sort_keys=True)


def number_of(text: str, field: str | None) -> float | None:
    """The number that an answer gives: the field's, or the last one in the text."""
    if field is not None:
        value = field_of(text, field)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        text = str(value)
    found = [part for part in _NUMBER.findall(text) if any(sign.isdigit() for sign in part)]
    return float(found[-1].replace(",", "")) if found else None
