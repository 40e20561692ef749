"""Scans a request for the classes that the rules of a profile ask for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from airoute_cli.core.request import Request
from airoute_cli.core.scan import Scan
from airoute_cli.routing.scan.surface import rewrite, unread
from airoute_cli.routing.scan.table import detectors_for

if TYPE_CHECKING:
    from airoute_cli.routing.scan.finding import Finding

# The most characters that are read of one row; what is beyond makes the scan a partial one.
MOST_CHARS = 1_000_000


class Scanner:
    """Looks for some classes; the detectors of others are neither run nor imported."""

    def __init__(self, classes: Iterable[str]) -> None:
        self.classes = frozenset(classes)
        self._detectors = detectors_for(self.classes)

    def find(self, text: str) -> Iterator[Finding]:
        """Every finding in one text; several classes may take the same characters.

        It is looked at as it is and as a reader sees it: what is not seen may be a gap or none.
        """
        from airoute_cli.routing.scan.disguise import plain
        from airoute_cli.routing.scan.finding import Finding

        seen = plain(text)
        if seen is None:
            yield from self._found(text)
            return
        revealed = (
            Finding(one.kind, seen.place(one.start), seen.place(one.end))
            for one in self._found(seen.text)
        )
        yield from dict.fromkeys((*self._found(text), *revealed))

    def _found(self, text: str) -> Iterator[Finding]:
        for detector in self._detectors:
            yield from detector(text)

    def scan(self, request: Request) -> Scan:
        """What stands in ``request``."""
        reading = _Reading(self)
        rewrite(request, reading)
        beyond = ("text beyond the first million characters",) if reading.cut else ()
        return Scan(self.classes, dict(reading.counts), (*unread(request), *beyond))


class _Reading:
    """Counts what is found in the texts that it is given, and leaves them as they are."""

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._left = MOST_CHARS
        self.counts: Counter[str] = Counter()
        self.cut = False

    def __call__(self, text: str) -> str:
        if len(text) > self._left:
            self.cut = True
        self.counts.update(finding.kind for finding in self._scanner.find(text[: self._left]))
        self._left -= min(len(text), self._left)
        return text
