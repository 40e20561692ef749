"""The conditions of a route: one small class each, which decides fast and explains slowly.

A reason states the fact whatever it leads to, so that it also reads well under ``not``.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any, ClassVar, Protocol

from airoute_cli.core.frozen import frozen
from airoute_cli.core.plan import Features
from airoute_cli.core.request import Capability
from airoute_cli.core.scan import Scan, classes_of
from airoute_cli.routing.wording import listed, quoted, shorten

_GLOB = re.compile(r"[*?\[]")
# For a request that nobody can read: everything may stand in it.
NOT_SCANNED = Scan(frozenset(), unread=("the request",))


class Subject:
    """A request while it is matched; what several conditions read is computed once.

    ``scan`` reads the request for what rules detect; it is only called when one asks. ``held`` are
    the numbers of the conditions on the text that were found to hold: with them a decision can be
    made again without the text. ``goes_by_label`` is set where a condition asks for a task that a
    model finds.
    """

    # One is made for every row, and ``cached_property`` takes a lock.
    __slots__ = ("_folded", "_make_scan", "features", "goes_by_label", "held", "scan_if_made")

    def __init__(
        self,
        features: Features,
        scan: Callable[[], Scan] | None = None,
        held: set[int] | None = None,
    ) -> None:
        self.goes_by_label = False
        self.features = features
        self.held: set[int] = set() if held is None else held
        # None where no condition came to ask for it.
        self.scan_if_made: Scan | None = None
        self._make_scan = scan
        self._folded: str | None = None

    @property
    def scan(self) -> Scan:
        """What stands in the request of the classes that some rule asks for."""
        if self.scan_if_made is None:
            self.scan_if_made = self._make_scan() if self._make_scan else NOT_SCANNED
        return self.scan_if_made

    def without(self, classes: frozenset[str]) -> Subject:
        """The same request as if nothing of ``classes`` stood in it."""
        left = self.scan.without(classes)
        return Subject(self.features, lambda: left, self.held)

    @property
    def folded(self) -> str:
        """The user's text without case."""
        if self._folded is None:
            self._folded = self.features.text.casefold()
        return self._folded

    @property
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


@frozen
class Measure:
    """A number of a request: its name in reasons, how it is read and written, what that costs."""

    name: str
    of: Callable[[Features], float]
    form: str
    cost: int

    def compared(self, found: float, sign: str, bound: float) -> str:
        """Such as ``input tokens 5,210 >= 4,000``."""
        return f"{self.name} {found:{self.form}} {sign} {bound:{self.form}}"


INPUT_TOKENS = Measure("input tokens", attrgetter("input_tokens"), ",", cost=0)
COMPLEXITY = Measure("complexity", attrgetter("complexity"), "g", cost=1)


@frozen
class AtLeast:
    """A number that must not be smaller than a bound."""

    measure: Measure
    bound: float

    @property
    def cost(self) -> int:
        """That of the number."""
        return self.measure.cost

    def matches(self, subject: Subject) -> bool:
        """Whether it is large enough."""
        return self.measure.of(subject.features) >= self.bound

    def reason(self, subject: Subject) -> str:
        """The number beside the bound."""
        found = self.measure.of(subject.features)
        return self.measure.compared(found, ">=" if found >= self.bound else "<", self.bound)


@frozen
class AtMost:
    """A number that must not be larger than a bound."""

    measure: Measure
    bound: float

    @property
    def cost(self) -> int:
        """That of the number."""
        return self.measure.cost

    def matches(self, subject: Subject) -> bool:
        """Whether it is small enough."""
        return self.measure.of(subject.features) <= self.bound

    def reason(self, subject: Subject) -> str:
        """The number beside the bound."""
        found = self.measure.of(subject.features)
        return self.measure.compared(found, "<=" if found <= self.bound else ">", self.bound)


@frozen
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


class LabelIs:
    """One of these tasks, where a model has to be asked for it: so all else is asked first."""

    cost: ClassVar[int] = 20

    def __init__(self, tasks: tuple[str, ...]) -> None:
        self.tasks = tasks

    def matches(self, subject: Subject) -> bool:
        """Whether the request's task is one of them; that it was asked for is noted."""
        subject.goes_by_label = True
        return subject.features.task in self.tasks

    def reason(self, subject: Subject) -> str:
        """As of a task that no model finds; how it was come by stands with the plan."""
        return TaskIs(self.tasks).reason(subject)


@frozen
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
        plain = frozenset(value for value in folded if not _GLOB.search(value))
        globs = [fnmatch.translate(value) for value in folded if _GLOB.search(value)]
        self._plain = plain
        self._globs = re.compile("|".join(globs)) if globs else None
        # The values themselves; none where a glob leaves open what they are.
        self.values = frozenset() if globs else plain

    def matches(self, subject: Subject) -> bool:
        """Whether the row has the key with such a value."""
        value = folded_value(subject.features.metadata, self.key)
        if value is None:
            return False
        return value in self._plain or bool(self._globs and self._globs.match(value))

    def reason(self, subject: Subject) -> str:
        """Such as ``metadata.tier is "free", wanted "pro"``."""
        value = subject.features.metadata.get(self.key)
        shown = "missing" if value is None else f'"{shorten(_as_word(value))}"'
        fact = f"metadata.{self.key} is {shown}"
        return fact if self.matches(subject) else f"{fact}, wanted {quoted(self.wanted)}"


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


def folded_value(metadata: Mapping[str, Any], key: str) -> str | None:
    """The value of a key as it is compared, without case; None where there is none."""
    value = metadata.get(key)
    return None if value is None else _as_word(value).casefold()


def _as_word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
