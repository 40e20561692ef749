"""What a privacy scan looks for, and what it found in a row: classes and counts, never values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace

from airoute_cli.core.frozen import frozen
from airoute_cli.core.settings import NOTHING

# What is found by patterns and checksums, and what takes a language model of Presidio.
BY_PATTERN = (
    "pii.email",
    "pii.phone",
    "pii.card",
    "pii.iban",
    "pii.id",
    "pii.ip",
    "secret.key",
    "secret.token",
    "secret.password",
    "secret.private_key",
)
BY_MODEL = ("pii.name", "pii.place")
CLASSES = (*BY_PATTERN, *BY_MODEL)
# What a rule may ask for: a class, or a group of them.
GROUPS = ("pii", "secret")
DETECTABLE = (*GROUPS, *CLASSES)


def classes_of(asked: Iterable[str]) -> frozenset[str]:
    """The classes that ``asked`` means: a group means all of its classes that patterns find.

    Names and places are asked for by name, as they cost a thousand times more.
    """
    return frozenset(found for one in asked for found in _meant(one))


def _meant(asked: str) -> tuple[str, ...]:
    if asked in CLASSES:
        return (asked,)
    return tuple(name for name in BY_PATTERN if name.startswith(f"{asked}."))


@frozen
class Scan:
    """What was looked for in a row, how often each class was found, and what was not read."""

    looked_for: frozenset[str]
    findings: Mapping[str, int] = field(default_factory=lambda: NOTHING)
    unread: tuple[str, ...] = ()

    @property
    def scanned(self) -> str:
        """``all`` or ``partial``."""
        return "partial" if self.unread else "all"

    def without(self, classes: frozenset[str]) -> Scan:
        """This scan as if the findings of ``classes`` were not there."""
        left = {name: count for name, count in self.findings.items() if name not in classes}
        return replace(self, findings=left)

    def beside(self, other: Scan | None) -> Scan:
        """This scan with what another one found: of each class the larger count."""
        if other is None:
            return self
        found = {**other.findings, **self.findings}
        most = {name: max(count, other.findings.get(name, 0)) for name, count in found.items()}
        unread = tuple(dict.fromkeys((*self.unread, *other.unread)))
        return Scan(self.looked_for & other.looked_for, most, unread)
