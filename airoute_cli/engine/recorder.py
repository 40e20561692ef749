"""Records how a row ended: one append to one file, and then the figures."""

from __future__ import annotations

from decimal import Decimal

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
from airoute_cli.engine.result_line import airoute_object, dumps, result_line
from airoute_cli.engine.tally import Tally


class Recorder:
    """The single writer of a run; close it when no row is under way any more."""

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
    ) -> None:
        self._profile = profile
        self._folder = folder
        self._counts = counts
        self._tally = tally
        self._emitter = emitter
        self._trail = trail
        self._pass = pass_number
        self._extract = extract
        # What the calls of each row under way may cost, until the row's end is recorded.
        self._begun: dict[str, list[Decimal | None]] = {}

    def decide(self, row: Row, plan: Plan, snapshot: Snapshot) -> None:
        """Note what was decided for a row, with the figures that it was decided by."""
        self._trail.decide(row, plan, snapshot)
        debug.decided(row.custom_id, plan)

    def intend(self, row: Row, call: Call, attempt: int) -> None:
        """Note a call before it leaves, so that a crash cannot hide that it may be billed."""
        self._trail.intend(row, call, attempt)
        debug.leaves(row.custom_id, call, attempt)
        self._begun.setdefault(row.custom_id, []).append(call.worst_usd)

    def attempted(
        self, row: Row, number: int, attempt: Attempt, completion: Completion | None
    ) -> None:
        """Note how a call ended."""
        self._trail.ended(row, number, attempt, completion)
        debug.ended(row.custom_id, number, attempt)

    def record(self, row: Row, outcome: Outcome, position: int) -> None:
        """Record the end of a row that ran. Raises RunError where it cannot be written."""
        if outcome.state is RowState.COMPLETED:
            self._complete(row, outcome, position)
        else:
            self._not_completed(row, outcome, position)
        self._begun.pop(row.custom_id, None)

    @property
    def calling(self) -> int:
        """Rows of which a call has left and no end is recorded."""
        return len(self._begun)

    def close(self) -> None:
        """Count the calls of rows that were cut off as a resume will find them: interrupted."""
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
        line, told = result_line(row, outcome, self._profile, self._pass, self._extract)
        offset = self._folder.results.append(line)
        self._tally.add(told)
        self._counts.end(RowState.COMPLETED)
        if self._emitter:
            self._emitter.ended(position, line, offset)

    def _not_completed(self, row: Row, outcome: Outcome, position: int) -> None:
        failure = outcome.failure or RowFailure("pending", "the run ended before it was answered")
        told = airoute_object(row.line, row.digest, outcome, self._profile) | {"pass": self._pass}
        # A row that was never tried leaves no trace: it is simply still to do.
        if outcome.state is not RowState.PENDING or outcome.attempts:
            plain = orjson.loads(dumps(told))  # exact decimals as numbers, as in the results
            self._folder.journal.append(journal_line(row, outcome.state, failure, plain))
            self._tally.add(told)
        self._counts.end(outcome.state)
        if outcome.state is not RowState.PENDING:
            self._counts.fail(failure.code, row.line, failure.message)
        self.pass_over(position)
