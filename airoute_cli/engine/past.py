"""What earlier passes left in a run folder: which rows have ended, and what they used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airoute_cli.core.errors import ErrorKind, RunError
from airoute_cli.core.request import Row
from airoute_cli.edges.audit_key import Seal
from airoute_cli.edges.run_folder.append_log import read_records
from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.edges.run_folder.index import RowIndex
from airoute_cli.edges.run_folder.intents import EVENT as INTENT
from airoute_cli.edges.run_folder.intents import EndedCalls, Intent, intent_in
from airoute_cli.edges.run_folder.labels import LabelIndex
from airoute_cli.engine.audit_records import ATTEMPT, OPENINGS
from airoute_cli.engine.label_records import note_label
from airoute_cli.engine.tally import Tally

# A model that is not there has read nothing; a profile that names the right one mends it. A key or
# a quota that was refused is another matter: the row has left for somebody who is there.
_AT_THE_DOOR = frozenset({ErrorKind.NOT_FOUND})


@dataclass(frozen=True, slots=True)
class Past:
    """The index of ended rows and the tally of what they used.

    ``answered`` is how many rows have a result. ``unknown_from`` is the first pass whose digests
    were made with another key than the user's, so that nobody can say which rows it tried; None if
    there is none.
    """

    index: RowIndex
    tally: Tally
    seal: Seal
    answered: int = 0
    unknown_from: int | None = None
    labels: LabelIndex | None = None

    @classmethod
    @contextmanager
    def read(
        cls, folder: RunFolder, seal: Seal, *, with_tries: bool = False, with_labels: bool = False
    ) -> Iterator[Past]:
        """Read a folder's logs once, line by line.

        ``with_tries`` also indexes which rows were tried, and in which pass first. What a provider
        turned away because there is no such model is no try. ``with_labels`` indexes what a model
        said that rows are about.
        """
        with closing(RowIndex()) as index, ExitStack() as stack:
            labels = stack.enter_context(closing(LabelIndex())) if with_labels else None
            tally = Tally()
            with closing(EndedCalls()) as ended:
                answered = _read_ends(folder, index, tally, ended)
                tries = index if with_tries else None
                unknown = _read_audit(folder, tally, ended, tries, seal, labels)
            yield cls(index, tally, seal, answered, unknown, labels)

    def first_tried(self, row: Row) -> int | None:
        """The first pass that tried a row with this content, or may have; None if none did."""
        found = self.index.first_tried(self.seal.digest(row.digest))
        known = [one for one in (found, self.unknown_from) if one is not None]
        return min(known, default=None)


def _read_ends(folder: RunFolder, index: RowIndex, tally: Tally, ended: EndedCalls) -> int:
    """Index and count what has ended; how many rows have a result."""

    def result(line: Mapping[str, Any]) -> None:
        told = line["airoute"]
        index.finish(line["custom_id"], bytes.fromhex(told["digest"]))
        tally.add(told)
        ended.add(told["pass"], told["line"], len(told["attempts"]))

    def incomplete(line: Mapping[str, Any]) -> None:
        told = line["airoute"]
        index.note_incomplete(line["custom_id"], bytes.fromhex(line["digest"]), line["state"])
        tally.add(told)
        if told:  # a line of the input that was no usable row has nothing to tell
            ended.add(told["pass"], line["line"], len(told["attempts"]))

    answered = _take_each(folder.results.path, result)
    _take_each(folder.journal.path, incomplete)
    return answered


def _take_each(path: Path, take: Callable[[Mapping[str, Any]], None]) -> int:
    """Hand on what each line of a log tells; how many there are. Raises RunError."""
    number = 0
    try:
        for number, record in enumerate(read_records(path), start=1):  # noqa: B007 - for the error
            take(record.told)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunError(
            f"{path}:{number} is not as a run writes it ({type(error).__name__}: {error}); delete "
            "that line and run again with --resume: what it said of its row is lost, the rest is "
            "not"
        ) from None
    return number


def _read_audit(
    folder: RunFolder,
    tally: Tally,
    ended: EndedCalls,
    tries: RowIndex | None,
    seal: Seal,
    labels: LabelIndex | None,
) -> int | None:
    """Count the calls that were cut off; the first pass whose digests nobody can make again."""
    unknown: int | None = None
    begun: dict[tuple[int, int, int], Intent] = {}  # no more than were under way at a time
    for told, _, _ in read_records(folder.audit.path):
        event = told.get("event")
        note_label(told, labels)
        if event == INTENT:
            intent = intent_in(told)
            if not ended.settles(intent):
                tally.interrupt(intent.reserved_usd, intent.model)
            if tries:
                begun[intent.pass_number, intent.line, intent.attempt] = intent
        elif event == ATTEMPT and tries:
            tried = begun.pop((told["pass"], told["line"], told["attempt"]), None)
            if tried and told.get("error") not in _AT_THE_DOOR:
                tries.note_tried(tried.row, tried.pass_number)
        elif event in OPENINGS and told["key"] != seal.id:
            unknown = unknown or told["pass"]
    for cut_off in begun.values():
        if tries:
            tries.note_tried(cut_off.row, cut_off.pass_number)
    return unknown
