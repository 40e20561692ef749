"""Admission: whether an input row still has to run, and what it is called."""

from __future__ import annotations

from airoute_cli.core.outcome import RowState
from airoute_cli.core.request import BadRow, Row
from airoute_cli.edges.run_folder.index import Finished, RowIndex
from airoute_cli.engine.counts import Counts


class Admission:
    """Counts every row in, and gives on those that have no end yet.

    What was read goes through ``identified``, batch by batch, and then each record through
    ``admit``.
    """

    def __init__(self, index: RowIndex, counts: Counts, *, retry_errors: bool) -> None:
        self._index = index
        self._counts = counts
        self._retry_errors = retry_errors

    def identified(self, batch: list[Row | BadRow]) -> list[Row | BadRow]:
        """The records under ids that no other has; those whose ids are taken become bad rows."""
        named = [self._named(one) if type(one) is Row and not one.has_id else one for one in batch]
        ids, lines = [one.custom_id for one in named], [one.line for one in named]
        taken = self._index.claim_all(ids, lines)
        if not taken:
            return named
        return [_duplicate(one, taken[one.line]) if one.line in taken else one for one in named]

    def admit(self, record: Row | BadRow) -> Row | BadRow | None:
        """The record if its end is still to be recorded; None if it stands recorded already."""
        self._counts.rows_in += 1
        if self._index.is_new:
            return record
        if isinstance(record, Row):
            finished = self._index.finished(record.custom_id, record.digest)
            if finished is Finished.SAME:
                self._counts.finished_before += 1
                self._counts.end(RowState.COMPLETED)
                return None
            if finished is Finished.CHANGED:
                record = _changed(record)
        return None if self._stands(record) else record

    def _named(self, row: Row) -> Row:
        """The row under an id that was derived from its content and tells copies apart."""
        copies = self._index.occurrence(row.digest)
        return row if copies == 1 else row._replace(custom_id=f"{row.custom_id}-{copies}")

    def _stands(self, record: Row | BadRow) -> bool:
        """Whether an earlier pass recorded that the row did not complete, and that holds."""
        state = self._index.incomplete(record.custom_id, record.digest)
        if state is None or state == RowState.PENDING or self._retry_errors:
            return False
        self._counts.end(RowState(state))
        self._counts.fail("earlier_pass", record.line, "add --retry-errors to try it again")
        return True


def _duplicate(record: Row | BadRow, earlier: int) -> BadRow:
    return BadRow(
        # A name of its own, so that the first row's result does not hide this failure.
        custom_id=f"{record.custom_id}@line-{record.line}",
        line=record.line,
        digest=record.digest,
        raw=record.raw,
        code="duplicate_id",
        message=f"custom_id {record.custom_id!r} stands on line {earlier} and again on line "
        f"{record.line}; the first one holds, so give this row an id of its own",
    )


def _changed(row: Row) -> BadRow:
    return BadRow(
        custom_id=f"{row.custom_id}@line-{row.line}",
        line=row.line,
        digest=row.digest,
        raw=row.raw,
        code="row_changed",
        message=f"custom_id {row.custom_id!r} was answered for other content in this run folder; "
        "run the changed row under a new id or in a new folder",
    )
