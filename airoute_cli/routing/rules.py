"""The ``when`` of routes, compiled once and matched for every row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from airoute_cli.core.profile import When
from airoute_cli.core.scan import classes_of
from airoute_cli.routing.conditions import (
    COMPLEXITY,
    INPUT_TOKENS,
    AllOf,
    AnyOf,
    AtLeast,
    AtMost,
    Condition,
    Detects,
    Metadata,
    Not,
    Requires,
    Subject,
    TaskIs,
)
from airoute_cli.routing.conditions_on_text import (
    ContainsAny,
    ReadsText,
    Recalled,
    Regex,
    StartsWith,
)

GRAM = 3
# Fewer needles are looked for one by one faster than the text is cut into grams; measured.
INDEX_FROM = 200


class Matcher:
    """One compiled ``when``."""

    def __init__(self, condition: Condition, *, default: bool) -> None:
        self.condition = condition
        self.matches: Callable[[Subject], bool] = condition.matches
        self._default = default

    def explain(self, subject: Subject) -> tuple[bool, str]:
        """Whether the request matches, and the fact that decided."""
        if self._default:
            return True, "the default"
        return self.matches(subject), self.condition.reason(subject)


class Compiler:
    """Compiles the ``when`` of one profile, and numbers the conditions that read the text.

    ``recalling``: for decisions that are made again, from what was found back then.
    """

    def __init__(self, *, recalling: bool = False) -> None:
        self.recalling = recalling
        self._numbered = 0

    def compile(self, when: When | None) -> Matcher:
        """A matcher for ``when``; None matches everything.

        Raises re.error if ``regex`` is no regular expression.
        """
        return Matcher(self._compile(when or When()), default=when is None)

    def _compile(self, when: When, *, in_doubt: bool = True) -> Condition:
        """``in_doubt`` says how a condition that cannot be known decides; see ``Detects``."""
        conditions = (
            *_plain(when),
            *self._text(when),
            *_found(when, in_doubt=in_doubt),
            *self._combined(when, in_doubt=in_doubt),
        )
        return conditions[0] if len(conditions) == 1 else AllOf(conditions)

    def _text(self, when: When) -> Iterator[Condition]:
        if when.starts_with:
            yield self._numbers(StartsWith(when.starts_with))
        if when.contains_any:
            yield self._numbers(ContainsAny(when.contains_any))
        if when.regex is not None:
            yield self._numbers(Regex(when.regex))

    def _numbers(self, condition: ReadsText) -> Condition:
        self._numbered += 1
        condition.number = self._numbered
        return Recalled(condition) if self.recalling else condition

    def _combined(self, when: When, *, in_doubt: bool) -> Iterator[Condition]:
        if when.all:
            yield AllOf([self._compile(part, in_doubt=in_doubt) for part in when.all])
        if when.any:
            yield AnyOf([self._compile(part, in_doubt=in_doubt) for part in when.any])
        if when.not_ is not None:
            yield Not(self._compile(when.not_, in_doubt=not in_doubt))


def compile_when(when: When | None) -> Matcher:
    """A matcher for ``when`` alone; see Compiler."""
    return Compiler().compile(when)


def asks_for_task(when: When | None) -> bool:
    """Whether ``when`` reads the task anywhere in it."""
    return any(part.task for part in parts_of(when))


def asks_for_complexity(when: When | None) -> bool:
    """Whether ``when`` reads the complexity anywhere in it."""
    return any(
        part.min_complexity is not None or part.max_complexity is not None
        for part in parts_of(when)
    )


def detected(when: When | None) -> frozenset[str]:
    """The classes of the scan that ``when`` asks for anywhere in it."""
    return classes_of(name for part in parts_of(when) for name in part.detects)


def parts_of(when: When | None) -> Iterator[When]:
    """``when`` and every one that stands in it."""
    if when is not None:
        yield when
        for inner in (*when.all, *when.any, when.not_):
            yield from parts_of(inner)


class Rules:
    """All routes' matchers: finds the first that matches, in order."""

    def __init__(self, matchers: Sequence[Matcher]) -> None:
        self.matchers = tuple(matchers)
        self._steps = tuple(map(_step, self.matchers))
        needles = [_needles(matcher.condition) for matcher in self.matchers]
        wanted = sum(len(some) for some in needles if some)
        self._index = _GramIndex(needles) if wanted >= INDEX_FROM else None

    def first(self, subject: Subject) -> int | None:
        """The index of the first matcher that takes the request, None if none does."""
        if self._index is None:
            return _first_in_order(self._steps, subject)
        candidates = self._index.candidates(subject.folded)
        return next((n for n in candidates if self.matchers[n].matches(subject)), None)


# The words of which one is enough, where a matcher asks for nothing else, and how it is asked.
_Step = tuple[tuple[str, ...], Callable[[Subject], bool]]


def _step(matcher: Matcher) -> _Step:
    condition = matcher.condition
    return (condition.folded if isinstance(condition, ContainsAny) else ()), matcher.matches


def _first_in_order(steps: Iterable[_Step], subject: Subject) -> int | None:
    """The first matcher that takes the request.

    Words are looked for on the spot: most rules are nothing but words, and for so short a search
    the call of a method takes as long as the search.
    """
    text = subject.folded
    for number, (words, matches) in enumerate(steps):
        for word in words:
            if word in text:
                matches(subject)  # once more, so that the subject holds it
                return number
        if not words and matches(subject):
            return number
    return None


class _GramIndex:
    """Which matchers a text can take at all, by three letters of every needle.

    With 1,000 rules most of the time would go into looking for words that are not there. Here
    each needle stands under one of its grams (the one that the fewest share), and only matchers
    under a gram of the text are asked, with all those that have no needle to go by.
    """

    def __init__(self, needles: Sequence[tuple[str, ...] | None]) -> None:
        shared = Counter(gram for some in needles for word in some or () for gram in _grams(word))
        self._always: list[int] = []
        self._under: dict[str, list[int]] = {}
        for number, some in enumerate(needles):
            if some is None:
                self._always.append(number)
            for word in some or ():
                rarest = min(sorted(_grams(word)), key=shared.__getitem__)
                self._under.setdefault(rarest, []).append(number)

    def candidates(self, text: str) -> list[int]:
        """The numbers of the matchers to ask, in order."""
        found = set(self._always)
        for gram in self._under.keys() & _grams(text):
            found.update(self._under[gram])
        return sorted(found)


def _grams(text: str) -> set[str]:
    return {text[start : start + GRAM] for start in range(len(text) - GRAM + 1)}


def _needles(condition: Condition) -> tuple[str, ...] | None:
    """Words of which one must be in the text for ``condition`` to hold; None if none must."""
    if isinstance(condition, AllOf):
        found = (_needles(part) for part in condition.conditions)
        return next((words for words in found if words is not None), None)
    if isinstance(condition, ContainsAny) and all(len(w) >= GRAM for w in condition.folded):
        return condition.folded
    return None


def _plain(when: When) -> Iterator[Condition]:
    if when.min_input_tokens is not None:
        yield AtLeast(INPUT_TOKENS, when.min_input_tokens)
    if when.max_input_tokens is not None:
        yield AtMost(INPUT_TOKENS, when.max_input_tokens)
    if when.min_complexity is not None:
        yield AtLeast(COMPLEXITY, when.min_complexity)
    if when.max_complexity is not None:
        yield AtMost(COMPLEXITY, when.max_complexity)
    if when.task:
        yield TaskIs(when.task)
    if when.requires:
        yield Requires(when.requires)
    for key, wanted in when.metadata.items():
        yield Metadata(key, wanted)


def _found(when: When, *, in_doubt: bool) -> Iterator[Condition]:
    if when.detects:
        yield Detects(when.detects, in_doubt=in_doubt)
