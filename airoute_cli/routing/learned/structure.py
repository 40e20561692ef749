"""What the shape of a text tells without its words: lengths, numbers, lists, questions."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cached_property
from types import MappingProxyType

from airoute_cli.core.frozen import frozen
from airoute_cli.routing.learned.ngrams import window

_WORD = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_SENTENCE = re.compile(r"[.!?](?:\s|$)")
_LIST_ITEM = re.compile(r"^\s*(?:[-*•]|\d+[.)]) ", re.MULTILINE)
_CHOICES = re.compile(r"\n\(?a[.)] ")
_CODE = re.compile(r"```|\bdef |[{};]\s*\n|</\w")
_MOST_DIGITS = 15  # a longer one is an identifier, not a quantity

_NEGATIONS = frozenset({"not", "except", "never", "no", "least", "false", "incorrect", "without"})
_CONDITIONS = frozenset({"if", "suppose", "assume", "given", "let", "unless"})
_TASK_VERBS = frozenset(
    {"prove", "explain", "solve", "calculate", "find", "derive", "compute", "evaluate", "determine"}
)
_STATEMENTS = frozenset({"following", "statement", "statements", "true"})
_RELATIONS = frozenset(
    {"more", "less", "than", "twice", "half", "times", "each", "every", "per", "remaining"}
    | {"left", "rest", "total", "older", "younger", "fewer"}
)
_QUESTIONS = ("who", "what", "when", "where", "which", "why", "how")


class Shape:
    """One text, with what several features read computed once."""

    def __init__(self, text: str) -> None:
        self.text = window(text)
        self.whole_chars = len(text)
        self.folded = self.text.casefold()
        self.words = _WORD.findall(self.folded)
        self.lines = self.text.split("\n")
        self.chars = Counter(self.text)

    @cached_property
    def vocabulary(self) -> Mapping[str, int]:
        """Words with their counts."""
        return Counter(self.words)

    @cached_property
    def numbers(self) -> list[float]:
        """All numbers that are written in digits."""
        found = (number.replace(",", "") for number in _NUMBER.findall(self.text))
        return [float(number) for number in found if len(number) <= _MOST_DIGITS]

    @cached_property
    def sentences(self) -> int:
        """How many there are, at least one."""
        return max(len(_SENTENCE.findall(self.text)), 1)

    def share(self, of: Callable[[str], bool]) -> float:
        """The share of characters that are ``of`` a kind."""
        return sum(n for char, n in self.chars.items() if of(char)) / max(len(self.text), 1)

    def count(self, chars: str) -> float:
        """How many of these characters, as a logarithm."""
        return math.log1p(sum(self.chars[char] for char in chars))

    def uses(self, words: frozenset[str]) -> float:
        """1 where one of the words stands in the text."""
        return float(not words.isdisjoint(self.vocabulary))


@frozen
class _Uses:
    words: frozenset[str]

    def __call__(self, shape: Shape) -> float:
        return shape.uses(self.words)


@frozen
class _Counts:
    chars: str

    def __call__(self, shape: Shape) -> float:
        return shape.count(self.chars)


@frozen
class _Finds:
    pattern: re.Pattern[str]

    def __call__(self, shape: Shape) -> float:
        return float(self.pattern.search(shape.folded) is not None)


def log_length(text: str) -> float:
    """The logarithm of the whole length in characters, which needs no labels to be of use."""
    return math.log1p(len(text))


def _mean(values: list[int]) -> float:
    return sum(values) / len(values) if values else 0.0


def _spread(shape: Shape) -> float:
    lengths = [len(line) for line in shape.lines]
    mean = _mean(lengths)
    return math.sqrt(sum((length - mean) ** 2 for length in lengths) / len(lengths))


def _relations(shape: Shape) -> float:
    return math.log1p(sum(shape.vocabulary[word] for word in _RELATIONS & shape.vocabulary.keys()))


_MEASURES: dict[str, Callable[[Shape], float]] = {
    "log_chars": lambda shape: math.log1p(shape.whole_chars),
    "log_words": lambda shape: math.log1p(len(shape.words)),
    "word_length": lambda shape: _mean([len(word) for word in shape.words]),
    "longest_word": lambda shape: float(max(map(len, shape.words), default=0)),
    "new_words": lambda shape: len(shape.vocabulary) / max(len(shape.words), 1),
    "numbers": lambda shape: math.log1p(len(shape.numbers)),
    "largest_number": lambda shape: math.log1p(max(shape.numbers, default=0.0)),
    "fractions": lambda shape: float(any(n != int(n) for n in shape.numbers)),
    "digits": lambda shape: shape.share(str.isdigit),
    "capitals": lambda shape: shape.share(str.isupper),
    "beyond_ascii": lambda shape: shape.share(lambda char: not char.isascii()),
    "punctuation": lambda shape: shape.share(lambda c: not c.isalnum() and not c.isspace()),
    "lines": lambda shape: math.log1p(len(shape.lines)),
    "line_spread": _spread,
    "later_lines": lambda shape: _mean([len(line) for line in shape.lines[1:]]),
    "sentences": lambda shape: math.log1p(shape.sentences),
    "sentence_length": lambda shape: len(shape.words) / shape.sentences,
    "commas": _Counts(","),
    "question_marks": _Counts("?"),
    "percents": _Counts("%"),
    "money": _Counts("$€£"),
    "operators": _Counts("=+*/^<>"),
    "brackets": _Counts("("),
    "quotes": _Counts('"“„'),
    "colons": _Counts(":"),
    "semicolons": _Counts(";"),
    "underscores": _Counts("_"),
    "code": _Finds(_CODE),
    "list_items": _Finds(_LIST_ITEM),
    "choices": _Finds(_CHOICES),
    "negation": _Uses(_NEGATIONS),
    "condition": _Uses(_CONDITIONS),
    "task_verb": _Uses(_TASK_VERBS),
    "statements": _Uses(_STATEMENTS),
    "relations": _relations,
    **{f"asks_{word}": _Uses(frozenset({word})) for word in _QUESTIONS},
}
STRUCTURE: Mapping[str, Callable[[Shape], float]] = MappingProxyType(_MEASURES)
NAMES = tuple(STRUCTURE)


def structure(text: str) -> list[float]:
    """The values of ``STRUCTURE`` for a text, in its order; all finite."""
    shape = Shape(text)
    return [measure(shape) for measure in STRUCTURE.values()]
