"""Whether a value fits a JSON Schema. The library is imported here: most runs have no schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

_MOST = 200
_WRONG = "the schema itself is wrong"
# Rows may bring a schema each; those that are used again and again are compiled once.
_KEPT = 256


class _Compiled(NamedTuple):
    validator: Validator | None
    wrong: str | None = None


def fault_of(value: Any, schema: Mapping[str, Any] | None, *, quotes: bool = True) -> str | None:
    """What is wrong with ``value``, as a sentence; None where it fits.

    A schema of None takes any JSON. Without ``quotes`` nothing of ``value`` stands in the sentence,
    not even the names of its fields.
    """
    if schema is None:
        return None
    compiled = _compiled(written(schema))
    if compiled.validator is None:
        return compiled.wrong if quotes else _WRONG
    from jsonschema.exceptions import best_match
    from referencing.exceptions import Unresolvable

    try:
        fault = best_match(compiled.validator.iter_errors(value))
    except Unresolvable as error:
        return f"{_WRONG}: {error.ref} leads nowhere" if quotes else _WRONG
    except RecursionError:
        return "it is nested too deeply"
    return fault and (_sentence(fault) if quotes else f'it does not meet "{fault.validator}"')


def _sentence(fault: ValidationError) -> str:
    place = "/".join(str(part) for part in fault.absolute_path) or "the whole"
    message = fault.message if len(fault.message) <= _MOST else f"{fault.message[:_MOST]}\u2026"
    return f"{place}: {message}"


def schema_problem(schema: Mapping[str, Any]) -> str | None:
    """What is wrong with a schema itself; None where it can be used."""
    return _compiled(written(schema)).wrong


def written(schema: Mapping[str, Any]) -> str:
    """A schema as JSON, the same for the same one."""
    return json.dumps(schema, default=dict, ensure_ascii=False)


@lru_cache(maxsize=_KEPT)
def _compiled(text: str) -> _Compiled:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for
    from referencing import Registry

    schema = json.loads(text)
    kind = validator_for(schema, default=Draft202012Validator)
    try:
        kind.check_schema(schema)
    except SchemaError as error:
        return _Compiled(None, f"{_WRONG}: {error.message}")
    # The library's own registry would fetch what a $ref names from the network.
    return _Compiled(kind(schema, registry=Registry()))
