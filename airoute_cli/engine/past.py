"""What earlier passes left in a run folder: which rows have ended, and what they used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from airoute_cli.edges.run_folder.append_log import read_records
from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.edges.run_folder.index import RowIndex
from airoute_cli.edges.run_folder.intents import open_intents
from airoute_cli.engine.tally import Tally


@dataclass(frozen=True, slots=True)
class Past:
    """The index of ended rows and the tally of what they used."""

    index: RowIndex
    tally: Tally

    @classmethod
    @contextmanager
    def read(cls, folder: RunFolder) -> Iterator[Past]:
        """Read a folder's results and journal once, line by line."""
        index, tally = RowIndex(), Tally()
        try:
            for record in read_records(folder.results.path):
                told = record.told["airoute"]
                index.finish(record.told["custom_id"], bytes.fromhex(told["digest"]))
                tally.add(told)
            for record in read_records(folder.journal.path):
                line = record.told
                digest = bytes.fromhex(line["digest"])
                index.note_incomplete(line["custom_id"], digest, line["state"])
                tally.add(line["airoute"])
            tally.interrupted_calls = open_intents(folder)
            yield cls(index, tally)
        finally:
            index.close()
