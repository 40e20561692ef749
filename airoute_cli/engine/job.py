"""The job: reads rows, has each one planned and executed, and has its end recorded.

A row's way: the source (in a thread) → admission → a task of its own that plans and executes it →
the recorder. Nothing is polled, and no row is held in memory that is not under way.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from airoute_cli.core.label import Label
from airoute_cli.core.outcome import Outcome, RowState
from airoute_cli.core.request import BadRow, Row
from airoute_cli.edges.rows.set_aside import Placed
from airoute_cli.edges.rows.source import RowSource
from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.engine import health
from airoute_cli.engine.admission import Admission
from airoute_cli.engine.canary import Canary
from airoute_cli.engine.counts import Counts
from airoute_cli.engine.doors import Doors
from airoute_cli.engine.executor import Executor
from airoute_cli.engine.gate import Gate
from airoute_cli.engine.held_planner import PlanRow
from airoute_cli.engine.intake import Decided, Intake
from airoute_cli.engine.labelling import Labelled, Labelling, kept, kept_in
from airoute_cli.engine.live_figures import LiveFigures
from airoute_cli.engine.recorder import Recorder
from airoute_cli.engine.room import Room
from airoute_cli.engine.spending import Spending
from airoute_cli.engine.stop import StopReason
from airoute_cli.engine.tally import Tally
from airoute_cli.engine.world import World

# Power-cut safety: what was written is on the disk after at most this time.
SYNC_EVERY_S = 0.2

# Rows that wait at the gate, to fill the places of calls that end. Further ones come in when there
# is a place for their calls: to wait costs more than to go on, and room in the processor's cache.
ROWS_AT_HAND = 2


@dataclass(frozen=True, slots=True)
class Machinery:
    """What a job drives. ``labelling`` None: no model is asked for the tasks of rows.

    ``ahead`` finds out beside the loop what would hold it up for milliseconds in a row's plan.
    """

    source: RowSource
    folder: RunFolder
    admission: Admission
    plan: PlanRow
    figures: LiveFigures
    executor: Executor
    spending: Spending
    gate: Gate
    doors: Doors
    canary: Canary
    world: World
    recorder: Recorder
    counts: Counts
    tally: Tally
    room: Room
    labelling: Labelling | None = None
    ahead: Callable[[Row], None] | None = None


class Job:
    """One pass over the input."""

    def __init__(self, machinery: Machinery, *, limit: int | None = None) -> None:
        self._machinery = machinery
        self._limit = limit
        self._tasks: set[asyncio.Task[None]] = set()
        self._intake = self._made_intake()
        self._stopping = asyncio.Event()
        self._fatal: BaseException | None = None
        self._reading: asyncio.Future[list[Row | BadRow]] | None = None
        self.counts = machinery.counts
        self.tally = machinery.tally
        self.stop_reason: StopReason | None = None
        self.stopped_because: str | None = None
        self.go_on_with: str | None = None
        machinery.gate.when_shut(machinery.spending.budgets.shut)
        machinery.spending.on_stop = self._out_of_budget
        machinery.spending.can_ask = lambda model: not machinery.doors.is_shut(model)
        machinery.recorder.on_failure = self._give_up
        self.aborted = False
        self.complete = False

    @property
    def under_way(self) -> int:
        """Rows that were admitted and have not ended."""
        return len(self._tasks)

    @property
    def read_all(self) -> bool:
        """Whether every row of the input was seen."""
        return self.complete and not self._enough()

    @property
    def calling(self) -> int:
        """Rows under way of which a call has left already; draining waits for these alone."""
        return self._machinery.recorder.calling

    @property
    def doors(self) -> Doors:
        """Which models can be asked."""
        return self._machinery.doors

    @property
    def troubles(self) -> list[str]:
        """Which models cannot be asked now, in a few words each."""
        return health.in_words(self._machinery.doors, self._machinery.world.clock)

    @property
    def health(self) -> dict[str, Any]:
        """What became of the models that could not be asked for some time."""
        return health.as_dict(self._machinery.doors, self._machinery.world.clock)

    @property
    def progress(self) -> float | None:
        """The share of the input that has been read; None where its size is unknown."""
        source = self._machinery.source
        return min(1.0, source.bytes_read / source.size) if source.size else None

    async def run(self) -> None:
        """Run to the end of the input, or until stopped. Raises what made the run impossible."""
        syncing = asyncio.create_task(self._keep_synced())
        try:
            await self._feed()
            while self._tasks:
                await asyncio.wait(self._tasks)
        finally:
            syncing.cancel()
            self._shut()
            self.counts.end(RowState.PENDING, self._intake.close(self._leave_labelled))
            self._machinery.recorder.close()
        if self._fatal:
            raise self._fatal
        self.complete = not self._stopping.is_set()

    def stop(self, reason: StopReason | None = None) -> None:
        """Drain: admit nothing more, let calls under way finish. A second time: abort."""
        if self._stopping.is_set():
            self.aborted = True
            for task in self._tasks:
                task.cancel()
        self.stop_reason = self.stop_reason or reason
        self._stopping.set()
        self._shut()

    def halt(self, reason: StopReason) -> bool:
        """Drain for a reason of the run itself, and whether that is news; a signal still aborts."""
        if self._stopping.is_set():
            return False
        self.stop(reason)
        return True

    def _made_intake(self) -> Intake:
        """Where rows go to several models, those of one may wait while others go past them."""
        gate, room = self._machinery.gate, self._machinery.room
        if room.shared:
            intake = Intake(room, self._decide, self._start, gate.has_spare)
        else:
            intake = Intake(room, self._decide, self._start, None, self._wanted)
            gate.when_granted(intake.look_again)
        gate.when_spare(intake.look_again)
        return intake

    def _wanted(self) -> int:
        gate = self._machinery.gate
        return gate.free() + ROWS_AT_HAND - gate.waiting_in_all()

    def _out_of_budget(self, why: str, flags: str) -> None:
        """Drain, as nothing more may be spent; every row behind finds the same."""
        if self.halt(StopReason.BUDGET):
            self.stopped_because, self.go_on_with = why, flags

    async def count_the_rest(self) -> None:
        """After a stop: read on without running anything, so that every row is accounted for.

        What a pipe still holds cannot be known without waiting for its writer, so only the rows
        that were already read are counted there.
        """
        if self._reading is not None and (self._reading.done() or self._machinery.source.size):
            for record in await self._reading:
                self._leave_pending(record)
        while self._machinery.source.size and (batch := await self._next_batch()):
            for record in batch:
                self._leave_pending(record)

    async def _feed(self) -> None:
        ahead = self._machinery.ahead
        async for record in self._records():
            position = self.counts.rows_in
            admitted = self._machinery.admission.admit(record)
            if isinstance(admitted, Row):
                if ahead is not None:
                    await self._unless_stopped(partial(ahead, admitted))
                if not await self._intake.take(Placed(admitted, position)):
                    self.counts.end(RowState.PENDING)
            elif isinstance(admitted, BadRow):
                self._machinery.recorder.bad_row(admitted, position)
            else:
                self._machinery.recorder.pass_over(position)

    async def _unless_stopped(self, work: Callable[[], None]) -> None:
        """Do ``work`` beside the loop; where the run is stopping meanwhile it is left to itself.

        Before the first row it may take minutes: a classifier learns from its examples.
        """
        working = asyncio.ensure_future(self._machinery.world.aside(work))
        stopping = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if working.done():
            await working

    async def _records(self) -> AsyncIterator[Row | BadRow]:
        while batch := await self._next_batch_unless_stopped():
            for position, record in enumerate(batch):
                if self._enough():
                    return
                if self._stopping.is_set():
                    self._reading = _done(batch[position:])
                    return
                yield record

    async def _next_batch_unless_stopped(self) -> list[Row | BadRow]:
        """The next rows; a silent pipe is not waited for once the run is stopping."""
        self._reading = asyncio.ensure_future(self._next_batch())
        stopping = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({self._reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if self._stopping.is_set():
            return []
        batch = await self._reading
        self._reading = None
        return batch

    async def _next_batch(self) -> list[Row | BadRow]:
        batch = await self._machinery.world.aside(self._machinery.source.read_batch)
        return self._machinery.admission.identified(batch)

    def _enough(self) -> bool:
        return self._limit is not None and self.counts.rows_in >= self._limit

    def _leave_pending(self, record: Row | BadRow) -> None:
        if not self._enough() and self._machinery.admission.admit(record) is not None:
            self.counts.end(RowState.PENDING)

    def _leave_labelled(self, placed: Placed) -> None:
        """Leave a row pending for whose label a call was made."""
        pending = kept_in(placed.kept).before.onto(Outcome(RowState.PENDING))
        self._machinery.recorder.record(placed.row, pending, placed.position)

    def _decide(self, placed: Placed) -> Decided:
        return self._plan(placed.row, kept_in(placed.kept).label)

    def _plan(self, row: Row, label: Label | None) -> Decided:
        snapshot = self._machinery.figures.snapshot()
        return Decided(self._machinery.plan(row, snapshot, label=label), snapshot)

    def _start(self, placed: Placed, decided: Decided) -> None:
        self._machinery.recorder.decide(placed.row, *decided)
        task = asyncio.create_task(self._carry(placed, decided))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, placed: Placed, decided: Decided) -> None:
        """Take one row from its plan to its recorded end, or to where it waits with its label."""
        parts, row = self._machinery, placed.row
        entered: Decided | None = decided
        leaves = partial(parts.recorder.intend, row)
        ended = partial(parts.recorder.attempted, row)
        before = kept_in(placed.kept).before
        try:
            if parts.labelling and decided.plan.asks_first:
                labelled = await parts.labelling.label(decided.plan, row, leaves, ended)
                before = labelled.before
                if labelled.label is not None:
                    entered = self._decide_anew(placed, labelled, labelled.label, decided)
                    if entered is None:
                        return
                    decided = entered
            if decided.plan.asks_first:
                outcome = Outcome(RowState.PENDING, decided.plan)
            else:
                outcome = await parts.spending.carry(
                    decided.plan,
                    lambda plan, purse: parts.executor.run(
                        plan,
                        row.request,
                        on_attempt=leaves,
                        on_end=ended,
                        purse=purse,
                        before=before,
                    ),
                    before.spent,
                )
            parts.recorder.record(row, before.onto(outcome), placed.position)
        except asyncio.CancelledError:
            self.counts.end(RowState.PENDING)
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends the run aloud
            self.counts.end(RowState.PENDING)
            self._give_up(error)
        finally:
            if entered is not None:
                self._leave(row, entered)

    def _decide_anew(
        self, placed: Placed, labelled: Labelled, label: Label, decided: Decided
    ) -> Decided | None:
        """The decision by a row's label, which takes the place of the one that asked for it.

        None: its model has no room, and the row waits there with its label.
        """
        anew = self._plan(placed.row, label)
        self._machinery.recorder.decide(placed.row, *anew)
        waiting = placed._replace(kept=kept(labelled))
        if self._intake.move(decided.model, anew.model, waiting):
            return anew
        self._machinery.recorder.set_aside(placed.row)
        return None

    def _leave(self, row: Row, decided: Decided) -> None:
        try:
            self._intake.leave(decided.model, len(row.raw))
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends the run aloud
            self._give_up(error)

    def _give_up(self, error: BaseException) -> None:
        """End the run for the first thing that makes it impossible (a full disk, say)."""
        if self._fatal is None:
            self._fatal = error
            self._stopping.set()
            self._shut()

    def _shut(self) -> None:
        """No further call goes out, and whoever waits for one is sent away."""
        self._machinery.gate.shut()
        self._machinery.doors.close()
        self._machinery.canary.close()
        self._intake.stop()

    async def _keep_synced(self) -> None:
        folder = self._machinery.folder
        while self._machinery.world.lasting:
            await asyncio.sleep(SYNC_EVERY_S)
            await asyncio.to_thread(folder.sync_all)


def _done(rest: list[Row | BadRow]) -> asyncio.Future[list[Row | BadRow]]:
    future: asyncio.Future[list[Row | BadRow]] = asyncio.get_running_loop().create_future()
    future.set_result(rest)
    return future
