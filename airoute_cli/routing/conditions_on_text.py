"""The conditions that read the user's text, and what stands for them where there is no text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar

from airoute_cli.routing.conditions import Subject
from airoute_cli.routing.wording import quoted, shorten


class StartsWith:
    """Text that starts with one of these, whatever the case and the white space before it."""

    cost: ClassVar[int] = 3

    def __init__(self, starts: Iterable[str]) -> None:
        self.number = 0
        self.starts = tuple(starts)
        self.folded = tuple(start.casefold() for start in self.starts)

    def matches(self, subject: Subject) -> bool:
        """Whether the user's text starts so."""
        if not subject.start.startswith(self.folded):
            return False
        subject.held.add(self.number)
        return True

    def reason(self, subject: Subject) -> str:
        """Such as ``starts with "translate"``."""
        for start, folded in zip(self.starts, self.folded, strict=True):
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
