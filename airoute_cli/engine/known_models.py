"""Whether a provider's list of models holds the one that a profile names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

_SHOWN = 3
_LIKENESS = 0.5

# What an alias leaves out: a date, a version or "latest".
_VERSION = r"[-:@](?:\d{3,8}|\d{4}-\d\d-\d\d|latest)"


def is_known(name: str, listed: Sequence[str]) -> bool:
    """Whether ``listed`` holds ``name``, itself or as the alias or the variant of a listed one.

    A list has ``claude-x-20260101`` where ``claude-x`` is taken too, and ``org/name`` where
    ``org/name:fastest`` is.
    """
    if name in listed or name.rpartition(":")[0] in listed:
        return True
    dated = re.compile(re.escape(name) + _VERSION)
    return any(dated.fullmatch(one) for one in listed)


def not_among(name: str, provider: str, listed: Sequence[str]) -> str:
    """The sentence about a name that is not in the list, with those that are nearest."""
    folded = {one.casefold(): one for one in listed}
    close = difflib.get_close_matches(name.casefold(), folded, n=_SHOWN, cutoff=_LIKENESS)
    found = ", ".join(folded[one] for one in close)
    remedy = f"Nearest: {found}." if found else "`--models` prints those that it lists."
    return f'"{name}" is not among the models that {provider} lists. {remedy}'
