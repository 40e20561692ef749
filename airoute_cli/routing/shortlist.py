"""Which rules can take a row at all, found at once for all of them.

Most rules do not take most rows, and to ask each of them takes longer than all the rest of
planning. So a rule stands here under facts of which one must be so for it: a word in the text, its
first words, a value of the metadata, a size. The rules of which no such fact is known are asked
for every row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from airoute_cli.core.plan import Features
from airoute_cli.routing.conditions import (
    INPUT_TOKENS,
    AllOf,
    AnyOf,
    AtLeast,
    Condition,
    Metadata,
    Subject,
    folded_value,
)
from airoute_cli.routing.conditions_on_text import ContainsAny, Regex, StartsWith
from airoute_cli.routing.literals import STEM, heads_of, one_of, required_text

_Key = TypeVar("_Key")


class Facts(NamedTuple):
    """What must be so for a condition to hold: one of all these at least.

    ``words`` are in the text and ``starts`` at its beginning, both without case. ``values`` are
    those of keys of the metadata, None for any. The input has ``sizes`` tokens or more.
    """

    values: tuple[tuple[str, str | None], ...] = ()
    starts: tuple[str, ...] = ()
    sizes: tuple[float, ...] = ()
    words: tuple[str, ...] = ()


class Shortlist:
    """The conditions, by their places, that can hold for a row."""

    def __init__(self, conditions: Sequence[Condition]) -> None:
        facts = [_facts(condition) for condition in conditions]
        self._always = tuple(place for place, some in enumerate(facts) if some is None)
        self._finders = tuple(_finders([(p, some) for p, some in enumerate(facts) if some]))

    def places(self, subject: Subject) -> Sequence[int]:
        """The places of those that must be asked, in order."""
        features, text = subject.features, subject.folded
        found: list[int] = []
        for find in self._finders:
            if places := find(features, text):
                found += places
        return sorted({*found, *self._always}) if found else self._always


# From what was found out about a row, and its text without case.
_Finder = Callable[[Features, str], Sequence[int]]
_NONE: tuple[int, ...] = ()


def _finders(known: Sequence[tuple[int, Facts]]) -> Iterable[_Finder]:
    """One for each kind of fact that some condition stands under."""
    if values := _under((value, place) for place, some in known for value in some.values):
        yield _by_value(values)
    if starts := _under((start, place) for place, some in known for start in some.starts):
        yield _by_start(starts)
    if sizes := _under((size, place) for place, some in known for size in some.sizes):
        yield _by_size(sizes)
    if words := _under((word, place) for place, some in known for word in some.words):
        yield _by_word(words)


def _under(pairs: Iterable[tuple[_Key, int]]) -> dict[_Key, list[int]]:
    places: dict[_Key, list[int]] = {}
    for key, place in pairs:
        places.setdefault(key, []).append(place)
    return places


def _by_value(places: Mapping[tuple[str, str | None], Sequence[int]]) -> _Finder:
    keys = {key for key, _ in places}

    def find(features: Features, _: str) -> Sequence[int]:
        metadata = features.metadata
        if not metadata:
            return _NONE
        stated = ((key, folded_value(metadata, key)) for key in keys)
        return [
            place
            for key, value in stated
            if value is not None
            for place in (*places.get((key, value), _NONE), *places.get((key, None), _NONE))
        ]

    return find


def _by_start(places: Mapping[str, Sequence[int]]) -> _Finder:
    by_letter = _under((start[0], place) for start, some in places.items() for place in some)

    def find(_: Features, text: str) -> Sequence[int]:
        letter = text[:1]
        return by_letter.get(text.lstrip()[:1] if letter.isspace() else letter, _NONE)

    return find


def _by_size(places: Mapping[float, Sequence[int]]) -> _Finder:
    least = min(places)

    def find(features: Features, _: str) -> Sequence[int]:
        tokens = features.input_tokens
        if tokens < least:
            return _NONE
        return [place for size, some in places.items() if size <= tokens for place in some]

    return find


def _by_word(places: Mapping[str, Sequence[int]]) -> _Finder:
    stems = {word[:STEM] for word in places}
    by_stem = _under((_stem(word, stems), place) for word, some in places.items() for place in some)
    tree = one_of(by_stem)
    first, each = re.compile(tree).search, re.compile(f"(?=({tree}))").findall
    heads = heads_of(by_stem)

    def find(_: Features, text: str) -> Sequence[int]:
        for head in heads:
            if head in text:
                break
        else:
            if heads:
                return _NONE
        found = first(text)
        if found is None:
            return _NONE
        return [place for stem in {*each(text, found.start())} for place in by_stem[stem]]

    return find


def _stem(word: str, stems: set[str]) -> str:
    """The shortest of ``stems`` that ``word`` begins with."""
    return next(word[:end] for end in range(1, STEM + 1) if word[:end] in stems)


def _facts(condition: Condition) -> Facts | None:
    """What must be so for ``condition`` to hold; None if nothing is known that must."""
    find = _FACTS.get(type(condition))
    return None if find is None else find(condition)


def _of_all(condition: AllOf) -> Facts | None:
    """Those of one part, of a kind that is found fastest."""
    known = [some for part in condition.conditions if (some := _facts(part)) is not None]
    return max(known, default=None, key=lambda some: [bool(kind) for kind in some])


def _of_any(condition: AnyOf) -> Facts | None:
    each = [_facts(part) for part in condition.conditions]
    known = [some for some in each if some is not None]
    if len(known) < len(each):
        return None
    return Facts(*(sum(kinds, ()) for kinds in zip(*known, strict=True)))


def _of_words(condition: ContainsAny) -> Facts | None:
    return Facts(words=condition.folded) if all(condition.folded) else None


def _of_starts(condition: StartsWith) -> Facts | None:
    return Facts(starts=condition.folded) if all(condition.folded) else None


def _of_regex(condition: Regex) -> Facts | None:
    text = required_text(condition.pattern).casefold()
    return Facts(words=(text,)) if text else None


def _of_metadata(condition: Metadata) -> Facts:
    return Facts(values=tuple((condition.key, value) for value in condition.values or (None,)))


def _of_size(condition: AtLeast) -> Facts | None:
    return Facts(sizes=(condition.bound,)) if condition.measure is INPUT_TOKENS else None


# The conditions that are not here may hold for any row, as far as this is concerned.
_FACTS: Mapping[type, Callable[[Any], Facts | None]] = MappingProxyType(
    {
        AllOf: _of_all,
        AnyOf: _of_any,
        AtLeast: _of_size,
        ContainsAny: _of_words,
        Metadata: _of_metadata,
        Regex: _of_regex,
        StartsWith: _of_starts,
    }
)
