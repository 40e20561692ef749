"""What a detector gives, and what several of them need.

Every pattern here takes time in proportion to the text: it begins at the border of a word or with
fixed characters, its repetitions are bounded, and no two of them can take the same character.
Where it begins with a border the first character comes before the look behind, so that ``re``
skips everything else at the speed of a memory search.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from airoute_cli.core.frozen import frozen

# How far before a number the word may stand that says what it is.
CONTEXT_CHARS = 40


@frozen
class Finding:
    """A piece of a text, ``text[start:end]``, and the class that it is of."""

    kind: str
    start: int
    end: int


Detector = Callable[[str], Iterator[Finding]]


class Context:
    """Words that say what the number after them is, such as "ssn" or "tax id"."""

    def __init__(self, words: str) -> None:
        """``words`` is a regular expression of alternatives."""
        self._pattern = re.compile(rf"(?<![^\W_])(?:{words})(?![^\W\d_])", re.IGNORECASE)

    def before(self, text: str, start: int) -> bool:
        """Whether one of them stands shortly before ``start``."""
        return self._pattern.search(text, max(0, start - CONTEXT_CHARS), start) is not None


# "order number: 12345": a number that says of itself that it is something else.
_OTHER = re.compile(
    r"(?<![^\W_])(?:order|bestell|auftrag|commande|pedido|invoice|rechnung|facture|ticket|case|track"
    r"|shipment|parcel|sendung|ref|sku|isbn|issn|ean|upc|gtin|doi|serial|serien|article|artikel|item"
    r"|part|product|commit|build|version|batch|timestamp|transaction|receipt|booking|pnr|flight|po)"
    r"[^\W\d_]{0,12}[\s_-]{0,3}(?:(?:number|nummer|no|nr|id|num|code)(?![^\W\d_]))?[\s.:#=\"'-]{0,6}"
    r"(?:(?:is|was|ist|war)\s{1,3})?\Z",
    re.IGNORECASE,
)
_OTHER_CHARS = 40


def names_another_thing(text: str, start: int) -> bool:
    """Whether the words right before ``start`` call the number an order, an ISBN or the like."""
    return _OTHER.search(text, max(0, start - _OTHER_CHARS), start) is not None


def digits_of(text: str) -> str:
    """Its decimal digits as ASCII, whatever script they are written in."""
    return "".join(str(int(char)) for char in text if char.isdecimal())
