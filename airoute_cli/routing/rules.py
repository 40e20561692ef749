"""The ``when`` of routes, compiled once and matched for every row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

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
    LabelIs,
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
from airoute_cli.routing.shortlist import Shortlist

_DEFAULT = "the default"


class Matcher:
    """One compiled ``when``."""

    def __init__(self, condition: Condition, *, default: bool) -> None:
        self.condition = condition
        self.matches: Callable[[Subject], bool] = condition.matches
        self._default = default

    def explain(self, subject: Subject) -> tuple[bool, str]:
        """Whether the request matches, and the fact that decided."""
        if self._default:
            return True, _DEFAULT
        return self.matches(subject), self.condition.reason(subject)

    def reason(self, subject: Subject) -> str:
        """The fact that decided."""
        return _DEFAULT if self._default else self.condition.reason(subject)


class Compiler:
    """Compiles the ``when`` of one profile, and numbers the conditions that read the text.

    ``recalling``: for decisions that are made again, from what was found back then. ``by_label``:
    a model finds the task.
    """

    def __init__(self, *, recalling: bool = False, by_label: bool = False) -> None:
        self.recalling = recalling
        self._task: type[TaskIs | LabelIs] = LabelIs if by_label else TaskIs
        self._numbered = 0

    def compile(self, when: When | None) -> Matcher:
        """A matcher for ``when``; None matches everything.

        Raises re.error if ``regex`` is no regular expression.
        """
        return Matcher(self._compile(when or When()), default=when is None)

    def _compile(self, when: When, *, in_doubt: bool = True) -> Condition:
        """``in_doubt`` says how a condition that cannot be known decides; see ``Detects``."""
        conditions = (
            *_plain(when, self._task),
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
        self._shortlist = Shortlist([matcher.condition for matcher in self.matchers])

    def first(self, subject: Subject) -> int | None:
        """The index of the first matcher that takes the request, None if none does."""
        for place in self._shortlist.places(subject):
            if self.matchers[place].matches(subject):
                return place
        return None


def _plain(when: When, task: type[TaskIs | LabelIs]) -> Iterator[Condition]:
    if when.min_input_tokens is not None:
        yield AtLeast(INPUT_TOKENS, when.min_input_tokens)
    if when.max_input_tokens is not None:
        yield AtMost(INPUT_TOKENS, when.max_input_tokens)
    if when.min_complexity is not None:
        yield AtLeast(COMPLEXITY, when.min_complexity)
    if when.max_complexity is not None:
        yield AtMost(COMPLEXITY, when.max_complexity)
    if when.task:
        yield task(when.task)
    if when.requires:
        yield Requires(when.requires)
    for key, wanted in when.metadata.items():
        yield Metadata(key, wanted)


def _found(when: When, *, in_doubt: bool) -> Iterator[Condition]:
    if when.detects:
        yield Detects(when.detects, in_doubt=in_doubt)
