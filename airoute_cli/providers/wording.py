"""Making what a provider sent fit into a sentence."""

from __future__ import annotations

import re
from textwrap import TextWrapper

_MARKUP = re.compile(r"<(style|script|title)\b.*?</\1\s*>|<[^<>]*>", re.DOTALL | re.IGNORECASE)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\ufeff]+")

# Longer texts are never shown; it bounds the work on a page of megabytes.
_LOOKED_AT = 20_000


def clip(text: str, limit: int) -> str:
    """``text`` on one line of at most ``limit`` characters, without control characters.

    It is cut between words only, so that no piece of a key is left that scrubbing would miss.
    """
    flat = _UNPRINTABLE.sub(" ", _head(text))
    wrapper = TextWrapper(
        limit,
        max_lines=1,
        placeholder=" …",
        break_long_words=False,
        break_on_hyphens=False,
    )
    line = "".join(wrapper.wrap(" ".join(flat.split())))
    return line if len(line) <= limit else "…"


def without_markup(text: str) -> str:
    """The words of an HTML page, as a proxy in between likes to send; other text as it is."""
    head = _head(text)
    return _MARKUP.sub(" ", head) if head.lstrip().startswith("<") else head


def _head(text: str) -> str:
    """The beginning of a text, in whole words."""
    return text if len(text) <= _LOOKED_AT else text[:_LOOKED_AT].rsplit(None, 1)[0]
