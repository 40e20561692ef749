"""A JSON Schema whose objects have no other properties than those that it names."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_CLOSED: Mapping[str, Any] = MappingProxyType({"additionalProperties": False})
_TABLES = ("properties", "$defs", "definitions")
_LISTS = ("anyOf", "allOf", "oneOf", "prefixItems")
# Deeper ones are written by nobody, and could not be sent.
_DEEPEST = 100


def closed(schema: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """``schema`` with every object in it closed that does not say whether it is open.

    Services that hold a model to a schema take no open objects. What is valid by the result is
    valid by ``schema`` too.
    """
    told = dict(schema)
    for name in _TABLES:
        if isinstance(table := told.get(name), Mapping):
            told[name] = {key: _inner(value, depth) for key, value in table.items()}
    for name in _LISTS:
        if isinstance(each := told.get(name), list | tuple):
            told[name] = [_inner(value, depth) for value in each]
    if "items" in told:
        told["items"] = _inner(told["items"], depth)
    return {**_CLOSED, **told} if _is_object(told) else told


def _is_object(schema: Mapping[str, Any]) -> bool:
    kind = schema.get("type")
    return (
        kind == "object" or "properties" in schema or (isinstance(kind, list) and "object" in kind)
    )


def _inner(value: Any, depth: int) -> Any:
    open_ = isinstance(value, Mapping) and depth < _DEEPEST
    return closed(value, depth + 1) if open_ else value
