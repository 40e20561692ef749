"""A key that does not print itself."""

from __future__ import annotations


class Secret:
    """Holds a key; every way of printing it gives stars. ``reveal`` is for the wire alone."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The key itself, for the Authorization header and for scrubbing messages."""
        return self._value

    def scrub(self, text: str) -> str:
        """``text`` without this key: some providers echo it in their error bodies."""
        return text.replace(self._value, "*****") if self._value else text

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret('*****')"

    __str__ = __repr__
