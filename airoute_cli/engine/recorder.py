"""Records how a row ended: one append to one file, and then the figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import orjson

from airoute_cli.core.completion import Completion
from airoute_cli.core.figures import Snapshot
from airoute_cli.core.outcome import Attempt, Outcome, RowFailure, RowState
from airoute_cli.core.plan import Call, Plan
from airoute_cli.core.profile import Profile
from airoute_cli.core.request import BadRow, Row
from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.edges.run_folder.journal import journal_line
from airoute_cli.engine import debug
from airoute_cli.engine.audit_trail import AuditTrail
from airoute_cli.engine.counts import Counts
from airoute_cli.engine.emitter import Emitter
from airoute_cli.engine.plain_result import PlainResults
from airoute_cli.engine.result_line import airoute_object, dumps, result_line
from airoute_cli.engine.tally import Answer, Tally


class _Ended(NamedTuple):
    """A completed row whose line waits to be written."""

    row: Row
    position: int
    told: Mapping[str, Any] | Answer
    line: bytes
    offset: int


class Recorder:
    """The single writer of a run; close it when no row is under way any more.

    ``soon`` has something done in the loop's next turn: the rows that complete in one turn are
    written together, and count when they are. Unless it is given, each is written at once.
    ``on_failure`` is told where that could not be done.
    """

    def __init__(
        self,
        profile: Profile,
        folder: RunFolder,
        counts: Counts,
        tally: Tally,
        trail: AuditTrail,
        *,
        pass_number: int,
        extract: str | None = None,
        emitter: Emitter | None = None,
        soon: Callable[[Callable[[], None]], object] = lambda work: work(),
    ) -> None:
        self._profile = profile
        self._folder = folder
        self._counts = counts
        self._tally = tally
        self._emitter = emitter
        self._trail = trail
        self._pass = pass_number
        self._extract = extract
        self._shown = debug.is_shown()
        # With something taken out of its answer no line is plain.
        self._plain = PlainResults(profile, pass_number) if extract is None else None
        self._soon = soon
        self._completed: list[_Ended] = []
        self.on_failure: Callable[[Exception], None] = _raise
        # What the calls of each row under way may cost, until the row's end is recorded.
        self._begun: dict[str, list[Decimal | None]] = {}

    def decide(self, row: Row, plan: Plan, snapshot: Snapshot) -> None:
        """Note what was decided for a row, with the figures that it was decided by."""
        self._trail.decide(row, plan, snapshot)
        if self._shown:
            debug.decided(row.custom_id, plan)

    def intend(self, row: Row, call: Call, attempt: int) -> None:
        """Note a call before it leaves, so that a crash cannot hide that it may be billed."""
        self._trail.intend(row, call, attempt)
        if self._shown:
            debug.leaves(row.custom_id, call, attempt)
        self._begun.setdefault(row.custom_id, []).append(call.worst_usd)

    def attempted(
        self, row: Row, number: int, attempt: Attempt, completion: Completion | None
    ) -> None:
        """Note how a call ended."""
        self._trail.ended(row, number, attempt, completion)
        if self._shown:
            debug.ended(row.custom_id, number, attempt)

    def record(self, row: Row, outcome: Outcome, position: int) -> None:
        """Record the end of a row that ran. Raises RunError where it cannot be written."""
        if outcome.state is RowState.COMPLETED:
            self._complete(row, outcome, position)
        else:
            self._not_completed(row, outcome, position)
            self._begun.pop(row.custom_id, None)

    def set_aside(self, row: Row) -> None:
        """The row waits, with what its calls have cost: none is under way."""
        self._begun.pop(row.custom_id, None)

    @property
    def calling(self) -> int:
        """Rows of which a call has left and no end is recorded."""
        return len(self._begun)

    def close(self) -> None:
        """Write what still waits, and count the calls of rows that were cut off as interrupted.

        So a resume will find them.
        """
        self._write_completed()
        self._counts.end(RowState.PENDING, len(self._completed))
        self._completed.clear()
        for reserved in (usd for calls in self._begun.values() for usd in calls):
            self._tally.interrupt(reserved)
        self._begun.clear()

    def bad_row(self, bad: BadRow, position: int) -> None:
        """Record a line that is no usable row."""
        failure = RowFailure(bad.code, bad.message)
        self._folder.journal.append(journal_line(bad, RowState.FAILED, failure, {}))
        self._counts.end(RowState.FAILED)
        self._counts.fail(bad.code, bad.line, bad.message)
        self.pass_over(position)

    def pass_over(self, position: int) -> None:
        """The row has nothing to say on stdout; those behind it may go on."""
        if self._emitter:
            self._emitter.ended(position, None)

    def _complete(self, row: Row, outcome: Outcome, position: int) -> None:
        line, told = (self._plain and self._plain.line(row, outcome)) or result_line(
            row, outcome, self._profile, self._pass, self._extract
        )
        offset = self._folder.results.append_soon(line)
        self._completed.append(_Ended(row, position, told, line, offset))
        if len(self._completed) == 1:
            self._soon(self._write_completed)

    def _write_completed(self) -> None:
        """Write the rows that have completed since the last time, and only then count them."""
        try:
            self._folder.flush()
            self._count_completed()
        except Exception as error:  # noqa: BLE001 - no row is there to raise it
            self.on_failure(error)

    def _count_completed(self) -> None:
        completed, self._completed = self._completed, []
        for ended in completed:
            if isinstance(ended.told, Answer):
                self._tally.add_answer(ended.told)
            else:
                self._tally.add(ended.told)
            self._begun.pop(ended.row.custom_id, None)
        self._counts.end(RowState.COMPLETED, len(completed))
        if self._emitter:  # last: stdout may take nothing, and what is written counts all the same
            for ended in completed:
                self._emitter.ended(ended.position, ended.line, ended.offset)

    def _not_completed(self, row: Row, outcome: Outcome, position: int) -> None:
        failure = outcome.failure or RowFailure("pending", "the run ended before it was answered")
        told = airoute_object(row.line, row.digest, outcome, self._profile) | {"pass": self._pass}
        # A row that was never tried leaves no trace: it is simply still to do.
        if outcome.state is not RowState.PENDING or outcome.attempts:
            self._folder.flush()  # what was tried stands before what came of it
            plain = orjson.loads(dumps(told))  # exact decimals as numbers, as in the results
            self._folder.journal.append(journal_line(row, outcome.state, failure, plain))
            self._tally.add(told)
        self._counts.end(outcome.state)
        if outcome.state is not RowState.PENDING:
            self._counts.fail(failure.code, row.line, failure.message)
        self.pass_over(position)


def _raise(error: Exception) -> None:
    raise error
