"""Whether a text is JSON that fits a schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airoute_cli.routing.output.json_schema import fault_of
from airoute_cli.routing.output.lenient import NoJsonError, parse


def schema_fault(text: str, schema: Mapping[str, Any] | None) -> str | None:
    """What is wrong with ``text``, as a sentence; None where it is JSON and fits ``schema``.

    A schema of None takes any JSON.
    """
    try:
        value = parse(text)
    except NoJsonError as error:
        return f"it is no JSON: {error}"
    return fault_of(value, schema)
