"""The two spellings of Gemini's keys."""

from __future__ import annotations

import re
from typing import Any

_UNDERSCORE = re.compile("_([a-z])")


def camel_keys(given: dict[str, Any]) -> dict[str, Any]:
    """``given`` with its own keys in camelCase; those inside its values stay as they are."""
    return {_UNDERSCORE.sub(lambda match: match[1].upper(), k): v for k, v in given.items()}
