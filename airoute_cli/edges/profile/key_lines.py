"""Finds the lines of all keys of a TOML text.

It walks a text that the standard parser has accepted, so it may be simple: it only has to know
where keys, values and comments end.
"""

from __future__ import annotations

import bisect
import re
import tomllib
from collections.abc import Mapping

from airoute_cli.edges.profile.lines import KeyPath

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'')
# Up to two quotes may stand right before the three that close a multi-line string.
_LONG = re.compile(r'"""(?:\\.|[^\\])*?"""(?!"(?!""))"{0,2}|\'\'\'.*?\'\'\'\'{0,2}', re.DOTALL)
_SCALAR = re.compile(r"[^,\]}#\n]*")


def find_lines(text: str) -> Mapping[KeyPath, int]:
    """The lines of all keys of ``text``, which must be valid TOML."""
    return _Scanner(text.replace("\r\n", "\n")).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._starts = [0, *(m.end() for m in re.finditer("\n", text))]
        self._found: dict[KeyPath, int] = {}
        self._array_sizes: dict[KeyPath, int] = {}

    def scan(self) -> Mapping[KeyPath, int]:
        table: KeyPath = ()
        while self._skip(_BLANK) < len(self._text):
            if self._text.startswith("[", self._at):
                table = self._header()
            else:
                self._pair(table)
        return self._found

    def _header(self) -> KeyPath:
        is_array = self._text.startswith("[[", self._at)
        line = self._line()
        self._at += 2 if is_array else 1
        *parents, last = self._key()
        path: KeyPath = ()
        for part in parents:
            path = self._newest((*path, part))
        path = self._appended((*path, last)) if is_array else self._newest((*path, last))
        self._note(path, line)
        self._skip(_SPACE)
        self._at += 2 if is_array else 1
        return path

    def _newest(self, path: KeyPath) -> KeyPath:
        """``path``, or its newest element if it is an array of tables."""
        return (*path, self._array_sizes[path] - 1) if path in self._array_sizes else path

    def _appended(self, path: KeyPath) -> KeyPath:
        index = self._array_sizes.get(path, 0)
        self._array_sizes[path] = index + 1
        return (*path, index)

    def _pair(self, table: KeyPath) -> None:
        line = self._line()
        path = (*table, *self._key())
        self._note(path, line)
        self._skip(_SPACE)
        self._at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(path)

    def _key(self) -> list[str]:
        parts = []
        while True:
            self._skip(_SPACE)
            parts.append(self._key_part())
            self._skip(_SPACE)
            if not self._text.startswith(".", self._at):
                return parts
            self._at += 1

    def _key_part(self) -> str:
        if self._text[self._at] in "\"'":
            quoted = self._take(_QUOTED)
            return str(tomllib.loads(f"key = {quoted}")["key"])
        return self._take(_BARE_KEY)

    def _value(self, path: KeyPath) -> None:
        rest = self._text[self._at : self._at + 3]
        if rest[:1] == "[":
            self._array(path)
        elif rest[:1] == "{":
            self._inline_table(path)
        elif rest in {'"""', "'''"}:
            self._take(_LONG)
        else:
            self._take(_QUOTED if rest[:1] in {'"', "'"} else _SCALAR)

    def _array(self, path: KeyPath) -> None:
        self._at += 1
        index = 0
        while not self._closed("]"):
            self._note((*path, index), self._line())
            self._value((*path, index))
            index += 1

    def _inline_table(self, path: KeyPath) -> None:
        self._at += 1
        while not self._closed("}"):
            self._pair(path)

    def _closed(self, bracket: str) -> bool:
        """Go on to the next element; whether there is none because ``bracket`` closes."""
        self._skip(_BLANK)
        if self._text.startswith(",", self._at):
            self._at += 1
            self._skip(_BLANK)
        closes = self._text.startswith(bracket, self._at)
        self._at += closes
        return closes

    def _note(self, path: KeyPath, line: int) -> None:
        for length in range(1, len(path) + 1):
            self._found.setdefault(path[:length], line)

    def _line(self) -> int:
        return bisect.bisect_right(self._starts, self._at)

    def _skip(self, pattern: re.Pattern[str]) -> int:
        self._take(pattern)
        return self._at

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:  # only a text that is not TOML gets here
            raise ValueError(f"no TOML at character {self._at}")
        self._at = found.end()
        return found.group()
