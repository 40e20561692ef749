"""Takes one thing out of an answer: its code, its JSON, or one field of that. Pure."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from airoute_cli.core.outcome import OutputState
from airoute_cli.routing.output.check import check
from airoute_cli.routing.output.lenient import parse
from airoute_cli.routing.output.path import at_path

CODE, JSON = "code", "json"
_BLOCK = re.compile(r"^[ \t]*```[^\n`]*\n(.*?)^[ \t]*```[ \t]*$", re.DOTALL | re.MULTILINE)


class Extracted(NamedTuple):
    """What was taken out; ``fault`` says why there is nothing."""

    value: Any = None
    fault: str | None = None

    @property
    def text(self) -> str:
        """As a person or a pipe reads it: a string as it is, all else as JSON."""
        if isinstance(self.value, str):
            return self.value
        return json.dumps(self.value, ensure_ascii=False)


def extract(text: str, wanted: str) -> Extracted:
    """``code``: what stands in the first code block. ``json``: the JSON value, fenced or not.

    All else is a field of that value, as in ``order.items.0``; ``.code`` is the field ``code``.
    """
    if wanted == CODE:
        block = _BLOCK.search(text)
        return Extracted(block[1]) if block else Extracted(fault="there is no code block in it")
    value = _json(text)
    if value is None or wanted == JSON:
        return Extracted(value, None if value is not None else "there is no JSON in it")
    return _field(value, wanted.removeprefix("."))


def _json(text: str) -> Any:
    """The JSON value in a text, whatever it is; None where there is none."""
    checked = check(text, {})
    return None if checked.state is OutputState.INVALID else parse(checked.text)


def _field(value: Any, path: str) -> Extracted:
    try:
        return Extracted(at_path(value, path))
    except LookupError:
        return Extracted(fault=f'its JSON has no field "{path}"')
