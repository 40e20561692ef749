"""What is wrong with a value by a vendor's own schema."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator


def problems(service: str, schema: str, value: Any) -> list[str]:
    """Each violation as ``path: message``; none for a valid value."""
    found = _validator(service, schema).iter_errors(value)
    return [f"{error.json_path}: {error.message}" for error in found]


@cache
def _validator(service: str, schema: str) -> Draft202012Validator:
    document = json.loads(Path(__file__).with_name(f"{service}.json").read_text("utf-8"))
    assert schema in document["$defs"]
    return Draft202012Validator(document | {"$ref": f"#/$defs/{schema}"})
