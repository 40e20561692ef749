"""Bodies held against the types of Anthropic's own SDK."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from anthropic.types.message_create_params import MessageCreateParams
from pydantic import TypeAdapter

_PARAMS = TypeAdapter[Any](MessageCreateParams)


def taken(body: Any) -> Any:
    """What the SDK's type takes of a body: all of it, where there is no key too many in it.

    Raises pydantic.ValidationError.
    """
    return _whole(_PARAMS.validate_python(body))


def _whole(value: Any) -> Any:
    """The type's lists are checked only when they are walked through."""
    if isinstance(value, Mapping):
        return {name: _whole(inner) for name, inner in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [_whole(inner) for inner in value]
    return value
