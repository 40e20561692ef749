"""Texts as whoever reads them sees them: nothing invisible, and each letter in its plain form."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator

from airoute_cli.core.frozen import frozen

# What is not seen (soft hyphens, joiners, marks of direction), forms of Latin letters and digits
# for other widths and for formulas, and the @ as URLs and HTML write it.
_INVISIBLE = (
    "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe0f\ufeff"
)
_DISGUISED = re.compile(
    f"[{_INVISIBLE}\U000e0000-\U000e007f]+"
    "|[\uff01-\uff5e\ufe6b\U0001d400-\U0001d7ff]"
    "|%40|&#(?:64|[xX]40);|&commat;"
)
_FORMS = frozenset(map(chr, (*range(0xFF01, 0xFF5F), 0xFE6B, *range(0x1D400, 0x1D800))))


@frozen
class Plain:
    """``text`` is what is seen; places in it are those ``to`` add up to in the original."""

    text: str
    _seen: list[int]
    _original: list[int]

    def place(self, seen: int) -> int:
        """Where in the original the place ``seen`` of ``text`` is."""
        before = bisect_right(self._seen, seen) - 1
        return self._original[before] + seen - self._seen[before]


def plain(text: str) -> Plain | None:
    """``text`` as it is seen; None where it is that already, as almost every text is."""
    if text.isascii() and "%40" not in text and "&" not in text:
        return None  # seen at the speed of a memory search
    if _DISGUISED.search(text) is None:
        return None
    pieces, seen, original = [], [0], [0]
    length = done = 0
    for start, end, shown in _disguises(text):
        pieces += [text[done:start], shown]
        length += start - done
        seen += [length, length + len(shown)]
        original += [start, end]
        length += len(shown)
        done = end
    pieces.append(text[done:])
    return Plain("".join(pieces), seen, original)


def _disguises(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _DISGUISED.finditer(text):
        found = match.group()
        if found in _FORMS:
            shown = unicodedata.normalize("NFKC", found)
        else:
            shown = "@" if found[0] in "%&" else ""
        yield match.start(), match.end(), shown
