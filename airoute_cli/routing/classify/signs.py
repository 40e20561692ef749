"""What a text is known by: the beginnings of its words with their pairs, and letters inside words.

The beginning stands for the word, so that "refund" and "refunded" are one without a grammar.
CRC-32 is the hash of a sign, as it is the same in every process and release.
"""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise

from airoute_cli.routing.learned.ngrams import LONGEST_WORD, window

BEGINNING = 4
LETTERS = (3, 4)

_TOKEN = re.compile(r"\w+|[^\w\s]")
_APOSTROPHES = re.compile("['\u2019]")
_NO_WORD = re.compile(r"[\W_]+")
_KEPT_WORDS = 20_000


def signs_of(text: str) -> tuple[dict[int, float], dict[int, float]]:
    """Both blocks, each sign with 1 + ln(count). Empty where there is nothing but white space."""
    plain = _APOSTROPHES.sub("", window(text).casefold())
    # One number is as good as another.
    tokens = ["0" if token.isdigit() else token for token in _TOKEN.findall(plain)]
    tokens = [token[:LONGEST_WORD] for token in tokens]
    starts = [token[:BEGINNING] for token in tokens]
    words: Counter[int] = Counter(map(_sign, starts))
    words.update(_sign(f"{first} {second}") for first, second in pairwise(starts))
    letters: Counter[int] = Counter()
    for token in tokens:
        letters.update(_letters(token))
    return _damped(words), _damped(letters)


def words_of_name(name: str) -> str:
    """The name of a label as a text: ``refund_status`` says what its prompts are about."""
    return _NO_WORD.sub(" ", name).strip()


def _damped(counts: Mapping[int, int]) -> dict[int, float]:
    return {sign: 1.0 + math.log(count) for sign, count in counts.items()}


@lru_cache(_KEPT_WORDS)
def _sign(start: str) -> int:
    return zlib.crc32(start.encode("utf-8", "surrogatepass"))


@lru_cache(_KEPT_WORDS)
def _letters(token: str) -> tuple[int, ...]:
    # The mark in front keeps letters apart from words.
    return tuple(_sign(f"\0{gram}") for gram in _grams(f" {token} "))


def _grams(padded: str) -> Iterator[str]:
    for length in LETTERS:
        for start in range(len(padded) - length + 1):
            yield padded[start : start + length]
