"""What earlier passes left in a run folder: which rows have ended, and what they used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from airoute_cli.edges.run_folder.append_log import read_records
from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.edges.run_folder.index import RowIndex
from airoute_cli.edges.run_folder.intents import EndedCalls, read_intents
from airoute_cli.engine.tally import Tally


@dataclass(frozen=True, slots=True)
class Past:
    """The index of ended rows and the tally of what they used."""

    index: RowIndex
    tally: Tally

    @classmethod
    @contextmanager
    def read(cls, folder: RunFolder, *, with_tries: bool = False) -> Iterator[Past]:
        """Read a folder's logs once, line by line.

        ``with_tries`` also indexes which rows were tried, and in which pass first.
        """
        with closing(RowIndex()) as index:
            yield cls(index, _read(folder, index, with_tries=with_tries))


def _read(folder: RunFolder, index: RowIndex, *, with_tries: bool) -> Tally:
    tally = Tally()
    with closing(EndedCalls()) as ended:
        for record in read_records(folder.results.path):
            told, custom_id = record.told["airoute"], record.told["custom_id"]
            index.finish(custom_id, bytes.fromhex(told["digest"]))
            tally.add(told)
            ended.add(custom_id, told["pass"], len(told["attempts"]))
        for record in read_records(folder.journal.path):
            line, told, custom_id = record.told, record.told["airoute"], record.told["custom_id"]
            index.note_incomplete(custom_id, bytes.fromhex(line["digest"]), line["state"])
            tally.add(told)
            if told:  # a line of the input that was no usable row has nothing to tell
                ended.add(custom_id, told["pass"], len(told["attempts"]))
        for intent in read_intents(folder.audit.path):
            if not ended.settles(intent):
                tally.interrupt(intent.reserved_usd)
            if with_tries:
                index.note_tried(intent.custom_id, intent.digest, intent.pass_number)
    return tally
