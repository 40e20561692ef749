"""What a model of a rehearsal answers: nothing of worth, but in the shape that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import orjson

from airoute_cli.core.request import Request

TEXT = "This answer was rehearsed."
_DEEPEST = 8


def answer_text(request: Request) -> str:
    """A text, or a document that the request's JSON schema describes."""
    if request.schema is None:
        return TEXT
    schema = request.schema.schema
    return "{}" if schema is None else orjson.dumps(example_of(schema)).decode()


def example_of(schema: Any) -> Any:
    """A small value of a JSON schema, as far as its common keywords go."""
    return _example(schema, schema, 0)


def _example(schema: Any, root: Any, depth: int) -> Any:
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return None
    if "$ref" in schema:
        return _example(_target(schema["$ref"], root), root, depth + 1)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for word in ("anyOf", "oneOf", "allOf"):
        if schema.get(word):
            return _example(schema[word][0], root, depth + 1)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = kind[0] if isinstance(kind, list) else kind
    made = _BY_TYPE.get(kind)
    return made(schema, root, depth + 1) if made else None


def _target(reference: str, root: Any) -> Any:
    for step in reference.removeprefix("#/").split("/"):
        root = root.get(step) if isinstance(root, Mapping) else None
    return root


def _object(schema: Any, root: Any, depth: int) -> Any:
    properties = schema.get("properties", {})
    return {name: _example(inner, root, depth) for name, inner in properties.items()}


def _array(schema: Any, root: Any, depth: int) -> Any:
    wanted = max(1, schema.get("minItems", 1))
    return [_example(schema.get("items", {}), root, depth) for _ in range(wanted)]


def _number(schema: Any, *_: Any) -> Any:
    return schema.get("maximum", schema.get("minimum", 1))


_BY_TYPE: Mapping[str, Callable[[Any, Any, int], Any]] = MappingProxyType(
    {
        "object": _object,
        "array": _array,
        "string": lambda schema, *_: "x" * max(1, schema.get("minLength", 1)),
        "integer": _number,
        "number": _number,
        "boolean": lambda *_: True,
    }
)
