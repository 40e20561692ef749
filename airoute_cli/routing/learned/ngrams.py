"""Hashed words and letters of a text: a vector of fixed width without a vocabulary.

Feature hashing as of Weinberger et al., "Feature Hashing for Large Scale Multitask Learning"
(ICML 2009), without the sign. CRC-32 is the hash, as it is the same in every process and release.
"""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise

BUCKETS = 1 << 14
LETTERS = (3, 4, 5)
# A long prompt says what it wants at its start or at its end; the time per prompt stays bounded.
HEAD_CHARS = 2_000
TAIL_CHARS = 1_000
LONGEST_WORD = 40  # beyond it is no word: a key, a URL, a line without spaces

_TOKEN = re.compile(r"\w+|[^\w\s]")
_KEPT_WORDS = 20_000


def window(text: str) -> str:
    """What is read of a text."""
    if len(text) <= HEAD_CHARS + TAIL_CHARS:
        return text
    return f"{text[:HEAD_CHARS]}\n{text[-TAIL_CHARS:]}"


def hashed(text: str) -> tuple[dict[int, float], dict[int, float]]:
    """The words with their pairs, and the letters inside words; each by bucket, of length 1.

    A value is 1 + ln(count), over the Euclidean length of its block. Both are empty where the
    text has nothing but white space.
    """
    tokens = [token[:LONGEST_WORD] for token in _TOKEN.findall(window(text).casefold())]
    words: Counter[int] = Counter(map(_bucket, tokens))
    words.update(_bucket(f"{first} {second}") for first, second in pairwise(tokens))
    letters: Counter[int] = Counter()
    for token in tokens:
        letters.update(_letters(token))
    return _unit(words), _unit(letters)


def _unit(counts: Mapping[int, int]) -> dict[int, float]:
    values = {bucket: 1.0 + math.log(count) for bucket, count in counts.items()}
    length = math.sqrt(sum(value * value for value in values.values())) or 1.0
    return {bucket: value / length for bucket, value in values.items()}


@lru_cache(_KEPT_WORDS)
def _bucket(token: str) -> int:
    return zlib.crc32(token.encode("utf-8", "surrogatepass")) % BUCKETS


@lru_cache(_KEPT_WORDS)
def _letters(token: str) -> tuple[int, ...]:
    """The buckets of a word's letters; words repeat so much that most are found and not made."""
    return tuple(
        zlib.crc32(gram.encode("utf-8", "surrogatepass")) % BUCKETS for gram in _grams(f" {token} ")
    )


def _grams(padded: str) -> Iterator[str]:
    for length in LETTERS:
        for start in range(len(padded) - length + 1):
            yield padded[start : start + length]
