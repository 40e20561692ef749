"""The conditions of a route: one small class each, which decides fast and explains slowly.

A reason states the fact whatever it leads to, so that it also reads well under ``not``.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Protocol

from airoute_cli.core.plan import Features
from airoute_cli.core.request import Capability
from airoute_cli.core.scan import Scan, classes_of
from airoute_cli.routing.wording import listed, quoted

_GLOB = re.compile(r"[*?\[]")
_LONGEST_SHOWN = 40
# For a request that nobody can read: everything may stand in it.
NOT_SCANNED = Scan(frozenset(), unread=("the request",))


class Subject:
    """A request while it is matched; what several conditions read is computed once.

    ``scan`` reads the request for what rules detect; it is only called when one asks. ``held`` are
    the numbers of the conditions on the text that were found to hold: with them a decision can be
    made again without the text.
    """

    def __init__(
        self,
        features: Features,
        scan: Callable[[], Scan] | None = None,
        held: set[int] | None = None,
    ) -> None:
        self.features = features
        self.held: set[int] = set() if held is None else held
        self._scan = scan

    @cached_property
    def scan(self) -> Scan:
        """What stands in the request of the classes that some rule asks for."""
        return self._scan() if self._scan else NOT_SCANNED

    @property
    def scan_if_made(self) -> Scan | None:
        """The scan, None where no condition came to ask for it."""
        return self.scan if "scan" in self.__dict__ else None

    def without(self, classes: frozenset[str]) -> Subject:
        """The same request as if nothing of ``classes`` stood in it."""
        left = self.scan.without(classes)
        return Subject(self.features, lambda: left, self.held)

    @cached_property
    def folded(self) -> str:
        """The user's text without case."""
        return self.features.text.casefold()

    @cached_property
    def start(self) -> str:
        """The user's text without case, from its first visible character."""
        return self.folded.lstrip()


class Condition(Protocol):
    """One thing that a request must be. ``cost`` orders conditions: the cheapest is asked first."""

    @property
    def cost(self) -> int:
        """How dear ``matches`` is, only to be compared."""
        ...

    def matches(self, subject: Subject) -> bool:
        """Whether it holds; the fast path."""
        ...

    def reason(self, subject: Subject) -> str:
        """The fact that decided, for people."""
        ...


@dataclass(frozen=True, slots=True)
class MinInputTokens:
    """At least so many input tokens, by the uncorrected estimate."""

    bound: int
    cost: ClassVar[int] = 0

    def matches(self, subject: Subject) -> bool:
        """Whether the request is long enough."""
        return subject.features.input_tokens >= self.bound

    def reason(self, subject: Subject) -> str:
        """Such as ``input tokens 5,210 >= 4,000``."""
        tokens = subject.features.input_tokens
        return f"input tokens {tokens:,} {'>=' if tokens >= self.bound else '<'} {self.bound:,}"


@dataclass(frozen=True, slots=True)
class MaxInputTokens:
    """At most so many input tokens, by the uncorrected estimate."""

    bound: int
    cost: ClassVar[int] = 0

    def matches(self, subject: Subject) -> bool:
        """Whether the request is short enough."""
        return subject.features.input_tokens <= self.bound

    def reason(self, subject: Subject) -> str:
        """Such as ``input tokens 120 <= 4,000``."""
        tokens = subject.features.input_tokens
        return f"input tokens {tokens:,} {'<=' if tokens <= self.bound else '>'} {self.bound:,}"


@dataclass(frozen=True, slots=True)
class MinComplexity:
    """At least so complex, from 0 to 1."""

    bound: float
    cost: ClassVar[int] = 1

    def matches(self, subject: Subject) -> bool:
        """Whether the request is complex enough."""
        return subject.features.complexity >= self.bound

    def reason(self, subject: Subject) -> str:
        """Such as ``complexity 0.62 >= 0.5``."""
        found = subject.features.complexity
        return f"complexity {found:g} {'>=' if found >= self.bound else '<'} {self.bound:g}"


@dataclass(frozen=True, slots=True)
class MaxComplexity:
    """At most so complex, from 0 to 1."""

    bound: float
    cost: ClassVar[int] = 1

    def matches(self, subject: Subject) -> bool:
        """Whether the request is simple enough."""
        return subject.features.complexity <= self.bound

    def reason(self, subject: Subject) -> str:
        """Such as ``complexity 0.2 <= 0.5``."""
        found = subject.features.complexity
        return f"complexity {found:g} {'<=' if found <= self.bound else '>'} {self.bound:g}"


@dataclass(frozen=True, slots=True)
class TaskIs:
    """One of these tasks."""

    tasks: tuple[str, ...]
    cost: ClassVar[int] = 1

    def matches(self, subject: Subject) -> bool:
        """Whether the request's task is one of them."""
        return subject.features.task in self.tasks

    def reason(self, subject: Subject) -> str:
        """Such as ``task is code`` or ``task is chat, wanted code or reason``."""
        fact = f"task is {subject.features.task or 'not known'}"
        return fact if self.matches(subject) else f"{fact}, wanted {listed(self.tasks, 'or')}"


@dataclass(frozen=True, slots=True)
class Requires:
    """A request that needs all of these capabilities."""

    capabilities: frozenset[Capability]
    cost: ClassVar[int] = 1

    def matches(self, subject: Subject) -> bool:
        """Whether it needs them all."""
        return self.capabilities <= subject.features.needs

    def reason(self, subject: Subject) -> str:
        """Such as ``needs tools`` or ``does not need vision``."""
        missing = sorted(self.capabilities - subject.features.needs)
        if missing:
            return f"does not need {listed(missing, 'or')}"
        return f"needs {listed(sorted(self.capabilities))}"


class Metadata:
    """A key of the metadata whose value is one of several, or matches a glob; case is no matter."""

    cost: ClassVar[int] = 2

    def __init__(self, key: str, wanted: Iterable[str]) -> None:
        self.key = key
        self.wanted = tuple(wanted)
        folded = [value.casefold() for value in self.wanted]
        self._values = frozenset(value for value in folded if not _GLOB.search(value))
        globs = [fnmatch.translate(value) for value in folded if _GLOB.search(value)]
        self._globs = re.compile("|".join(globs)) if globs else None

    def matches(self, subject: Subject) -> bool:
        """Whether the row has the key with such a value."""
        value = subject.features.metadata.get(self.key)
        if value is None:
            return False
        folded = _as_word(value).casefold()
        return folded in self._values or bool(self._globs and self._globs.match(folded))

    def reason(self, subject: Subject) -> str:
        """Such as ``metadata.tier is "free", wanted "pro"``."""
        value = subject.features.metadata.get(self.key)
        shown = "missing" if value is None else f'"{shorten(_as_word(value))}"'
        fact = f"metadata.{self.key} is {shown}"
        return fact if self.matches(subject) else f"{fact}, wanted {quoted(self.wanted)}"


class StartsWith:
    """Text that starts with one of these, whatever the case and the white space before it."""

    cost: ClassVar[int] = 3

    def __init__(self, starts: Iterable[str]) -> None:
        self.number = 0
        self.starts = tuple(starts)
        self._folded = tuple(start.casefold() for start in self.starts)

    def matches(self, subject: Subject) -> bool:
        """Whether the user's text starts so."""
        if not subject.start.startswith(self._folded):
            return False
        subject.held.add(self.number)
        return True

    def reason(self, subject: Subject) -> str:
        """Such as ``starts with "translate"``."""
        for start, folded in zip(self.starts, self._folded, strict=True):
            if subject.start.startswith(folded):
                return f'starts with "{start}"'
        return f"does not start with {quoted(self.starts)}"

    def stated(self, *, holds: bool) -> str:
        """The reason as it can be told without the text."""
        return f"{'starts' if holds else 'does not start'} with {quoted(self.starts)}"


class ContainsAny:
    """Text that contains at least one of these, whatever the case."""

    cost: ClassVar[int] = 4

    def __init__(self, needles: Iterable[str]) -> None:
        self.number = 0
        self.needles = tuple(needles)
        self.folded = tuple(needle.casefold() for needle in self.needles)

    def matches(self, subject: Subject) -> bool:
        """Whether one of them is in the user's text."""
        text = subject.folded
        for needle in self.folded:
            if needle in text:
                subject.held.add(self.number)
                return True
        return False

    def reason(self, subject: Subject) -> str:
        """Such as ``contains "refund"``."""
        for needle, folded in zip(self.needles, self.folded, strict=True):
            if folded in subject.folded:
                return f'contains "{needle}"'
        return f"does not contain {quoted(self.needles)}"

    def stated(self, *, holds: bool) -> str:
        """The reason as it can be told without the text."""
        return f"{'contains' if holds else 'does not contain'} {quoted(self.needles)}"


class Regex:
    """Text in which the pattern is found; case counts unless the pattern says ``(?i)``."""

    cost: ClassVar[int] = 5

    def __init__(self, pattern: str) -> None:
        self.number = 0
        self.pattern = pattern
        self._compiled = re.compile(pattern)

    def matches(self, subject: Subject) -> bool:
        """Whether the pattern is found anywhere in the user's text."""
        if self._compiled.search(subject.features.text) is None:
            return False
        subject.held.add(self.number)
        return True

    def reason(self, subject: Subject) -> str:
        """Such as ``matches /ORD-[0-9]+/ with "ORD-77"``."""
        found = self._compiled.search(subject.features.text)
        if found is None:
            return f"does not match /{self.pattern}/"
        return f'matches /{self.pattern}/ with "{shorten(found.group())}"'

    def stated(self, *, holds: bool) -> str:
        """The reason as it can be told without the text."""
        return f"{'matches' if holds else 'does not match'} /{self.pattern}/"


ReadsText = StartsWith | ContainsAny | Regex


class Recalled:
    """A condition on the text, in a decision that is made again without it."""

    def __init__(self, condition: ReadsText) -> None:
        self.cost = condition.cost
        self._condition = condition

    def matches(self, subject: Subject) -> bool:
        """Whether it was found to hold back then."""
        return self._condition.number in subject.held

    def reason(self, subject: Subject) -> str:
        """The condition, and whether it held."""
        return self._condition.stated(holds=self.matches(subject))


class Detects:
    """Something of these classes stands in what is sent, or may stand in what was not read.

    ``in_doubt`` is what holds where nothing was found and not all was read: the answer that makes
    a rule match, so false where the condition stands under a ``not``.
    """

    cost: ClassVar[int] = 9

    def __init__(self, asked: Iterable[str], *, in_doubt: bool) -> None:
        self.asked = tuple(asked)
        self.classes = classes_of(self.asked)
        self._in_doubt = in_doubt

    def matches(self, subject: Subject) -> bool:
        """Whether the rule has to take it that something of this is there."""
        if not self.classes.isdisjoint(subject.scan.findings):
            return True
        return self._in_doubt and bool(subject.scan.unread)

    def reason(self, subject: Subject) -> str:
        """Such as ``found 2 pii.email``; never what was found."""
        scan = subject.scan
        found = [f"{scan.findings[name]:,} {name}" for name in sorted(scan.findings)]
        found = [told for told in found if told.rpartition(" ")[2] in self.classes]
        if found:
            return f"found {listed(found)}"
        if not scan.unread:
            return f"found no {listed(self.asked, 'or')}"
        taken = "is taken to be there" if self._in_doubt else "may be there"
        return f"could not read {listed(scan.unread)}, so {listed(self.asked, 'or')} {taken}"


class AllOf:
    """Every one of several conditions; none at all holds always."""

    def __init__(self, conditions: Iterable[Condition]) -> None:
        self.conditions = tuple(sorted(conditions, key=lambda condition: condition.cost))
        self.cost = max((condition.cost for condition in self.conditions), default=0)

    def matches(self, subject: Subject) -> bool:
        """Whether all hold."""
        for condition in self.conditions:  # noqa: SIM110 - the plain loop is the fast one
            if not condition.matches(subject):
                return False
        return True

    def reason(self, subject: Subject) -> str:
        """The first that fails, or all of them."""
        for condition in self.conditions:
            if not condition.matches(subject):
                return condition.reason(subject)
        facts = [condition.reason(subject) for condition in self.conditions]
        return " and ".join(facts) or "no condition"


class AnyOf:
    """At least one of several conditions."""

    def __init__(self, conditions: Iterable[Condition]) -> None:
        self.conditions = tuple(sorted(conditions, key=lambda condition: condition.cost))
        self.cost = max(condition.cost for condition in self.conditions)

    def matches(self, subject: Subject) -> bool:
        """Whether one of them holds."""
        return any(condition.matches(subject) for condition in self.conditions)

    def reason(self, subject: Subject) -> str:
        """The first that holds, or why none does."""
        for condition in self.conditions:
            if condition.matches(subject):
                return condition.reason(subject)
        return "; ".join(condition.reason(subject) for condition in self.conditions)


class Not:
    """The opposite of a condition."""

    def __init__(self, condition: Condition) -> None:
        self.condition = condition
        self.cost = condition.cost

    def matches(self, subject: Subject) -> bool:
        """Whether the condition does not hold."""
        return not self.condition.matches(subject)

    def reason(self, subject: Subject) -> str:
        """The fact, and that it was not wanted where it rules the request out."""
        fact = self.condition.reason(subject)
        return fact if self.matches(subject) else f"{fact}, which `not` rules out"


def shorten(text: str) -> str:
    """``text`` on one line, cut where a reason would grow too long."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_SHOWN else f"{line[: _LONGEST_SHOWN - 1]}…"


def _as_word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
