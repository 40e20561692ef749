"""Plain text that every match of a regular expression holds, and one expression for many words."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

# Words are told apart by so many letters: it bounds the depth of the expression.
STEM = 12
_SHORTEST_HEAD, _MOST_HEADS = 3, 6

_SIGN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{[^}]*\}|.", re.DOTALL)
# Flags change what letters mean, a comment may hold any sign, and an escape may be a letter itself.
_UNCLEAR = re.compile(r"\(\?[a-zA-Z#]|\\[0-9A-Za-z]")
_CLEAR = re.compile(r"\(\?P|\\[dDsSwWbBAZ]")
_PLAIN = re.compile(r"[^\W_]|[ _,;:@#%&=/<>'\"!~-]")
_REPEATS = ("*", "+", "?", "{")


def required_text(pattern: str) -> str:
    """The longest piece of text that stands in all that ``pattern`` matches; "" if none is sure.

    ``pattern`` is a valid regular expression. What stands in a group or beside an alternative is
    not looked at.
    """
    if any(not _CLEAR.match(pattern, at.start()) for at in _UNCLEAR.finditer(pattern)):
        return ""
    pieces, depth = [""], 0
    for sign in _SIGN.findall(pattern):
        depth += (sign == "(") - (sign == ")")
        if depth == 0 and sign == "|":
            return ""
        if sign[0] in _REPEATS:  # the letter before it need not be there
            pieces[-1] = pieces[-1][:-1]
        if depth == 0 and _PLAIN.fullmatch(sign):
            pieces[-1] += sign
        else:
            pieces.append("")
    return max(pieces, key=len)


def one_of(words: Iterable[str]) -> str:
    """An expression that finds where one of ``words`` begins, by their first letters: its stem.

    It is a tree of letters, so that a place in the text is looked at once for all of them.
    """
    tree: dict[str, Any] = {}
    for word in words:
        node = tree
        for letter in word[:STEM]:
            node = node.setdefault(letter, {})
        node[""] = {}
    return _branches(tree)


def heads_of(words: Collection[str]) -> tuple[str, ...]:
    """Beginnings, of which every one of ``words`` has one, to be looked for before all of these.

    They are few and not short, so that to find none of them takes a third of the time that one
    expression for all words takes; () where that cannot be.
    """
    for size in range(1, _SHORTEST_HEAD + 1):
        alike: dict[str, list[str]] = {}
        for word in words:
            alike.setdefault(word[:size], []).append(word)
        heads = tuple(map(_common_start, alike.values()))
        if len(heads) <= _MOST_HEADS and all(len(head) >= _SHORTEST_HEAD for head in heads):
            return heads
    return ()


def _common_start(words: Collection[str]) -> str:
    first, last = min(words), max(words)
    same = zip(first, last, strict=False)
    end = next((at for at, (one, other) in enumerate(same) if one != other), len(first))
    return first[:end]


def _branches(tree: dict[str, Any]) -> str:
    if "" in tree:  # a word ends here, and a longer one begins with it
        return ""
    each = [re.escape(letter) + _branches(tree[letter]) for letter in sorted(tree)]
    return each[0] if len(each) == 1 else f"(?:{'|'.join(each)})"
