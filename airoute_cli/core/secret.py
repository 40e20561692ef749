"""A key that does not print itself."""

from __future__ import annotations

import json
from urllib.parse import quote


class Secret:
    """Holds a key; every way of printing it gives stars. ``reveal`` is for the wire alone."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The key itself, for the Authorization header and for scrubbing messages."""
        return self._value

    def scrub(self, text: str) -> str:
        """``text`` without this key: some providers echo it in their error bodies.

        It is also found as it stands in a URL and in JSON.
        """
        if not self._value:
            return text
        for form in {self._value, quote(self._value, safe=""), json.dumps(self._value)[1:-1]}:
            text = text.replace(form, "*****")
        return text

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret('*****')"

    __str__ = __repr__
