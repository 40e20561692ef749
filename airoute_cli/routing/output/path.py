"""A place inside a JSON value, as in ``order.items.0``."""

from __future__ import annotations

from typing import Any


def at_path(value: Any, path: str) -> Any:
    """What stands there. Raises LookupError where nothing does."""
    for part in path.split("."):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (ValueError, KeyError, IndexError, TypeError):
            raise LookupError(path) from None
    return value
