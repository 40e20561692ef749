"""Texts of answers in one form, where a route asks for it. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

_AT_LINE_ENDS = re.compile(r"[^\S\n]+$", re.MULTILINE)


def _without_trailing_space(text: str) -> str:
    """Without white space at the ends of lines and of the text."""
    return _AT_LINE_ENDS.sub("", text).rstrip()


NORMALISERS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "bom": lambda text: text.removeprefix("\ufeff"),
        "nfc": lambda text: unicodedata.normalize("NFC", text),
        "trailing_space": _without_trailing_space,
    }
)


def normalised(text: str, kinds: Iterable[str]) -> str:
    """``text`` in the forms that ``kinds`` name."""
    for kind in kinds:
        text = NORMALISERS[kind](text)
    return text
