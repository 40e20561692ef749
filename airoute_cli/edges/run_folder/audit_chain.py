"""Reads audit.jsonl back and says where its chain is broken.

A record that was changed no longer gives the digest that the next one holds; one that was dropped
or moved leaves its number behind. The last record is held by the head in run.json alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from airoute_cli.edges.run_folder.append_log import whole_lines
from airoute_cli.edges.run_folder.audit_log import GENESIS, digest_of

# So many faults are told; behind the first one most are its consequences.
MOST_FAULTS = 10


class Link(NamedTuple):
    """One line of the file: ``told`` is {} where it is no record, ``digest`` is what it gives."""

    line: int
    told: dict[str, Any]
    digest: str

    @property
    def number(self) -> int | None:
        """The place in the chain that the record claims."""
        number = self.told.get("n")
        return number if isinstance(number, int) else None


class Fault(NamedTuple):
    """Where the chain is broken, and how."""

    line: int
    message: str


def read_links(audit: Path) -> Iterator[Link]:
    """Every whole line, one in memory at a time; none if there is no file."""
    for line, (_, content) in enumerate(whole_lines(audit), start=1):
        bare = content.removesuffix(b"\n")
        yield Link(line, _told(bare), digest_of(bare))


class Chain:
    """Holds each link against the one before and the one behind it; memory does not grow.

    ``head`` is the digest that the last record must give, None where nobody knows. ``faults`` fills
    while ``follow`` is read, with the first MOST_FAULTS; ``last`` is the last link.
    """

    def __init__(self, head: str | None = None) -> None:
        self.faults: list[Fault] = []
        self.last: Link | None = None
        self._head = head
        self._expected = 1
        # What the next record must hold; None where the line before is known to be another.
        self._held: str | None = GENESIS

    def follow(self, links: Iterable[Link]) -> Iterator[Link]:
        """The links as they come, each one checked when the next one is known."""
        for link in links:
            if self.last is not None:
                self._check(self.last, link)
                yield self.last
            self.last = link
        if self.last is not None:
            self._check(self.last, None)
            yield self.last

    def _check(self, link: Link, behind: Link | None) -> None:
        kept = self._is_kept(link, behind)
        if link.number is None or self._is_renumbered(link, behind, kept=kept):
            self._changed(link.line, None)
        elif link.number != self._expected:
            self._misplaced(link.line, link.number)
            self._expected, self._held = link.number + 1, link.digest
        elif self._held is None or self._held == link.told.get("prev"):
            self._expected, self._held = self._expected + 1, link.digest
        elif kept is False or link.line == 1:
            self._changed(link.line, None)
        else:
            self._changed(link.line - 1, link.digest)

    def _is_kept(self, link: Link, behind: Link | None) -> bool | None:
        """Whether what comes after holds the link's digest; None where nothing tells."""
        if behind is not None:
            return behind.told.get("prev") == link.digest
        return None if self._head is None else self._head == link.digest

    def _is_renumbered(self, link: Link, behind: Link | None, *, kept: bool | None) -> bool:
        """Whether only the number is wrong, and the record behind it is the one that belongs."""
        follows = behind is not None and behind.number == self._expected + 1
        return link.number != self._expected and follows and kept is False

    def _changed(self, line: int, held: str | None) -> None:
        self._blame(line, "it is not the record that was written there")
        self._expected, self._held = self._expected + 1, held

    def _misplaced(self, line: int, number: int) -> None:
        message = (
            f"record {number:,} stands where record {self._expected:,} belongs: lines were "
            "removed, put in or moved"
        )
        self._blame(line, message)

    def _blame(self, line: int, message: str) -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(line, message))


def _told(line: bytes) -> dict[str, Any]:
    try:
        told = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}
