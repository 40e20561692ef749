"""Whether a text is JSON that fits a schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_MOST = 200


def schema_fault(text: str, schema: Mapping[str, Any] | None) -> str | None:
    """What is wrong with ``text``, as a sentence; None where it is JSON and fits ``schema``.

    A schema of None takes any JSON. The library is imported here: most runs have no schema.
    """
    try:
        value = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        return f"it is no JSON: {error}"
    if schema is None:
        return None
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError, best_match

    try:
        fault = best_match(Draft202012Validator(schema).iter_errors(value))
    except SchemaError as error:
        return f"the schema itself is wrong: {error.message}"
    if fault is None:
        return None
    place = "/".join(str(part) for part in fault.absolute_path) or "the whole"
    message = fault.message if len(fault.message) <= _MOST else f"{fault.message[:_MOST]}\u2026"
    return f"{place}: {message}"
