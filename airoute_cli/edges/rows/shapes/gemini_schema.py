"""Google's schemas, a dialect of OpenAPI 3.0, as JSON Schema.

https://ai.google.dev/api/caching#Schema
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from airoute_cli.core.errors import RowError
from airoute_cli.edges.rows.shapes.gemini_names import camel_keys
from airoute_cli.edges.rows.shapes.reading import kind_of, want_list, want_object

_UNSPECIFIED = "TYPE_UNSPECIFIED"


def json_schema(given: Any, where: str) -> dict[str, Any]:
    """The same schema in the words of JSON Schema. Raises RowError that names ``where``."""
    schema = camel_keys(want_object(given, where))
    nullable, order = schema.pop("nullable", None), schema.pop("propertyOrdering", None)
    read = {
        key: _READERS[key](value, f"{where}.{key}") if key in _READERS else value
        for key, value in schema.items()
    }
    if read.get("type") == _UNSPECIFIED.lower():
        del read["type"]
    if "example" in read:
        read["examples"] = [read.pop("example")]
    if order and "properties" in read:
        read["properties"] = _ordered(read["properties"], want_list(order, where))
    return _or_null(read) if nullable else read


def _type(given: Any, where: str) -> Any:
    if isinstance(given, list):
        return [_type(one, where) for one in given]
    if not isinstance(given, str):
        raise RowError(f"{where} must be a string, not {kind_of(given)}")
    return given.lower()


def _whole(given: Any, where: str) -> Any:  # noqa: ARG001 - as all readers
    """A count; JSON cannot hold all of Google's, so they come as strings."""
    return int(given) if isinstance(given, str) and given.isdecimal() else given


def _properties(given: Any, where: str) -> dict[str, Any]:
    named = want_object(given, where).items()
    return {name: json_schema(value, f"{where}.{name}") for name, value in named}


def _each(given: Any, where: str) -> list[Any]:
    options = want_list(given, where)
    return [json_schema(option, f"{where}[{i}]") for i, option in enumerate(options)]


def _or_bool(given: Any, where: str) -> Any:
    return given if isinstance(given, bool) else json_schema(given, where)


_READERS: Mapping[str, Callable[[Any, str], Any]] = MappingProxyType(
    {
        "type": _type,
        "properties": _properties,
        "items": json_schema,
        "prefixItems": _each,
        "anyOf": _each,
        "additionalProperties": _or_bool,
        "minItems": _whole,
        "maxItems": _whole,
        "minLength": _whole,
        "maxLength": _whole,
        "minProperties": _whole,
        "maxProperties": _whole,
    }
)


def _ordered(properties: dict[str, Any], order: list[Any]) -> dict[str, Any]:
    first = {name: properties[name] for name in map(str, order) if name in properties}
    return first | properties


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    kind = schema.get("type")
    if isinstance(kind, str):
        schema["type"] = [kind, "null"]
        if isinstance(schema.get("enum"), list):
            schema["enum"] = [*schema["enum"], None]
    elif "anyOf" in schema:
        schema["anyOf"] = [*schema["anyOf"], {"type": "null"}]
    return schema
