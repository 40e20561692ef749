"""The task of a prompt by its words and its shape: a guess without a call, in microseconds."""

from __future__ import annotations

import string
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise

from airoute_cli.routing.task_signs import POLITE, SHAPES, SIGNS, Weighted

OTHER = "other"
TASKS = (*SIGNS, OTHER)

# A long prompt says what it wants at its start or at its end; between them stands material.
HEAD_CHARS = 2_000
TAIL_CHARS = 1_000
# Words behind the first ones are rather material than wish, and count half.
WISH_WORDS = 30
MATERIAL = 0.5
# A greeting is a conversation where little else is said; tickets begin with one, too.
SHORT_WORDS = 12
SHORT_CHAT = 1.0
LEAST = 2.0

# Punctuation beyond ASCII by code point, as several of them are taken for others by the eye: Latin
# inverted marks, guillemets, General Punctuation, CJK, and the full-width forms.
_BEYOND = (0xA1, 0xAB, 0xBB, 0xBF, *range(0x2010, 0x2028), *range(0x3001, 0x3012), 0xFF01, 0xFF08)
_FULL_WIDTH = (0xFF09, 0xFF0C, 0xFF1A, 0xFF1F)
_BREAKS = dict.fromkeys((*map(ord, string.punctuation), *_BEYOND, *_FULL_WIDTH), " ")
_Entries = tuple[tuple[str, float], ...]


def detect_task(text: str) -> str:
    """One of ``TASKS``: what the user's text asks for, "other" where nothing speaks clearly."""
    folded = _window(text).casefold()
    words = _words(folded)
    scores: dict[str, float] = defaultdict(float)
    for task, weight in _signs(folded, words):
        scores[task] += weight
    if "chat" in scores and len(words) <= SHORT_WORDS:
        scores["chat"] += SHORT_CHAT
    # Of equals the first of the table: signs come out of sets, in another order in every process.
    best = max(SIGNS, key=lambda task: scores.get(task, 0.0))
    return best if scores[best] >= LEAST else OTHER


def _window(text: str) -> str:
    if len(text) <= HEAD_CHARS + TAIL_CHARS:
        return text
    return f"{text[:HEAD_CHARS]}\n{text[-TAIL_CHARS:]}"


def _signs(folded: str, words: list[str]) -> Iterator[tuple[str, float]]:
    """Every sign that is found, once each."""
    for opener in {_opener(words), _opener(_last_line(folded))}:
        yield from _OPENS.get(opener, ())
    wish, material = words[:WISH_WORDS], words[WISH_WORDS:]
    yield from _found(wish, 1.0)
    if material:
        yield from _found(material, MATERIAL)
    for task, weight, shape in SHAPES:
        if shape.search(folded):
            yield task, weight


def _found(words: list[str], share: float) -> Iterator[tuple[str, float]]:
    for word in _SINGLE.keys() & set(words):
        for task, weight in _SINGLE[word]:
            yield task, weight * share
    for pair in _PAIRS.keys() & set(pairwise(words)):
        for task, weight in _PAIRS[pair]:
            yield task, weight * share


def _opener(words: Iterable[str]) -> str:
    """The first word that is more than politeness."""
    return next((word for word in words if word not in POLITE), "")


def _last_line(folded: str) -> list[str]:
    _, newline, line = folded.rstrip().rpartition("\n")
    return _words(line)[:SHORT_WORDS] if newline else []


def _words(folded: str) -> list[str]:
    return folded.translate(_BREAKS).split()


def _table(columns: Iterable[tuple[str, Weighted]]) -> dict[str, _Entries]:
    """From words by task and weight to tasks and weights by word."""
    table: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for task, weighted in columns:
        for weight, words in weighted.items():
            for word in words.split():
                table[word].append((task, weight))
    return {word: tuple(entries) for word, entries in table.items()}


def _pair(joined: str) -> tuple[str, str]:
    first, second = joined.split("+")
    return first, second


_OPENS = _table((task, signs.opens) for task, signs in SIGNS.items())
_SINGLE = _table((task, signs.words) for task, signs in SIGNS.items())
_PAIRS = {
    _pair(joined): entries
    for joined, entries in _table((task, signs.pairs) for task, signs in SIGNS.items()).items()
}
