"""JSON out of a text that is more than JSON, or almost JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_FENCED = re.compile(r"```[\w-]*[ \t]*\n(.*?)\n?[ \t]*```", re.DOTALL)
_OPEN_FENCE = re.compile(r"```[\w-]*[ \t]*\n")
_OPENS = re.compile(r"[{\[]")
# Beyond it a text is not searched and not mended: it would take seconds.
LONGEST = 400_000
_MOST_STARTS = 64


class NoJsonError(ValueError):
    """A text that is no JSON; the message says where and why."""


def parse(text: str) -> Any:
    """The value of a JSON text. Raises NoJsonError; ``NaN`` and ``Infinity`` are no JSON."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise NoJsonError(str(error)) from None


def embedded(text: str) -> Iterator[str]:
    """The JSON texts that stand in ``text``: in code fences, else from a bracket on."""
    if len(text) > LONGEST:
        return
    for fenced in _FENCED.finditer(text):
        yield fenced[1].strip()
    decoder = json.JSONDecoder(parse_constant=_refuse)
    behind = 0
    for tried, found in enumerate(_OPENS.finditer(text)):
        if tried >= _MOST_STARTS:
            return
        if found.start() < behind:
            continue  # it stands in a value that was found
        try:
            _, behind = decoder.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            continue
        yield text[found.start() : behind]


def mended(text: str) -> Any:
    """The value that an almost-JSON text means: quotes, commas, brackets put right. None: none."""
    if len(text) > LONGEST or not (found := _OPENS.search(text)):
        return None
    from json_repair import loads

    inside = _FENCED.search(text)
    fence = _OPEN_FENCE.search(text)
    start = fence.end() if fence and fence.start() < found.start() else found.start()
    try:
        value = loads(inside[1] if inside else text[start:])
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) and value else None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
