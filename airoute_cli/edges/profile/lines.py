"""Where the keys of a TOML text stand, which the standard parser does not tell."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

KeyPath = tuple[str | int, ...]


class Lines:
    """The 1-based lines of keys; a key that stands nowhere has the line of its nearest parent.

    The text, which must be valid TOML, is walked when the first line is asked for: of most
    profiles nobody asks.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def of(self, path: KeyPath) -> int | None:
        """The line of ``path`` or of its nearest parent that stands in the text."""
        for length in range(len(path), 0, -1):
            if line := self._found.get(path[:length]):
                return line
        return None

    @cached_property
    def _found(self) -> Mapping[KeyPath, int]:
        from airoute_cli.edges.profile.key_lines import find_lines

        return find_lines(self._text)


NO_LINES = Lines("")
