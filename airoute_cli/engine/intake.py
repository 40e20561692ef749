"""The intake of a job: rows go in as there is room, and those of one model hold up no others.

Where a model has taken its share of the room and something else could still be done, its further
rows are set aside on the disk, and come in when its rows end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from airoute_cli.core.figures import Snapshot
from airoute_cli.core.plan import Plan
from airoute_cli.edges.rows.set_aside import Placed, SetAside
from airoute_cli.engine.room import Room


class Decided(NamedTuple):
    """A plan and the figures that it was made by."""

    plan: Plan
    snapshot: Snapshot

    @property
    def model(self) -> str:
        """The model that is asked first; "" where none is."""
        if self.plan.asks_first and self.plan.label_call:
            return self.plan.label_call.model
        return self.plan.calls[0].model if self.plan.calls else ""


class Intake:
    """Lets rows in. ``decide`` plans a row, ``start`` sets it going.

    ``spare`` says whether the run could do more than it does; None: rows are never set aside.
    ``wanted`` says how many more should come: what is free for their calls, and a few at hand.
    """

    def __init__(
        self,
        room: Room,
        decide: Callable[[Placed], Decided],
        start: Callable[[Placed, Decided], None],
        spare: Callable[[], bool] | None,
        wanted: Callable[[], int] | None = None,
    ) -> None:
        self._room = room
        self._decide = decide
        self._start = start
        self._spare = spare
        self._wanted = wanted
        self._still_wanted = 0
        self._just_came = False
        self._aside = SetAside()
        self._stopped = False

    async def take(self, placed: Placed) -> bool:
        """Let a row in, now or as soon as there is room, or set it aside.

        False: the run is stopping, and the row stays where it is.
        """
        size = len(placed.row.raw)
        while not self._stopped:
            if not self._room.left(size) or not await self._is_wanted():
                await self._room.change()
                continue
            decided = self._decide(placed)
            model = decided.model
            if not self._aside.waits(model) and self._room.fits(model, size):
                self._enter(placed, decided, model)
                return True
            if self._could_do_more() and self._aside.put(model, placed):
                return True
            await self._room.change()
        return False

    def leave(self, model: str, size: int) -> None:
        """A row has ended that came in for ``model``: let in whoever waited for its room."""
        self._room.leave(model, size)
        self._let_others_in()

    def move(self, was: str, now: str, placed: Placed) -> bool:
        """A row that came in for one model goes on to another, or is set aside until it can.

        False: it was set aside, and comes in again.
        """
        size = len(placed.row.raw)
        self._room.leave(was, size)
        no_room = self._aside.waits(now) or not self._room.fits(now, size)
        aside = now != was and no_room and self._could_do_more() and self._aside.put(now, placed)
        if not aside:
            self._room.enter(now, size)
        self._let_others_in()
        return not aside

    def look_again(self) -> None:
        """More could be done now than before."""
        self._room.nudge()

    def stop(self) -> None:
        """Let nobody in any more."""
        self._stopped = True
        self._room.nudge()

    def close(self, begun: Callable[[Placed], None] = lambda _: None) -> int:
        """Forget the rows that were set aside; how many there were of which nothing was kept.

        ``begun`` is told of each of the others.
        """
        self.stop()
        left = len(self._aside)
        for placed in self._aside.begun():
            begun(placed)
            left -= 1
        self._aside.close()
        return left

    async def _is_wanted(self) -> bool:
        """Whether one more row should come in now."""
        if self._wanted is None:
            return True
        if self._still_wanted <= 0:
            if self._just_came:  # they get to where their calls go out, or wait
                self._just_came = False
                await asyncio.sleep(0)
            self._still_wanted = self._wanted()
        self._still_wanted -= 1
        return self._still_wanted >= 0

    def _could_do_more(self) -> bool:
        return not self._stopped and self._spare is not None and self._spare()

    def _let_others_in(self) -> None:
        if not self._stopped:
            for waiting in self._aside:
                self._let_in(waiting)

    def _let_in(self, model: str) -> None:
        while self._room.fits(model, 0) and (placed := self._aside.take(model)):
            decided = self._decide(placed)
            # Its plan may be another one by now: where that has no room, it waits on.
            at_home = decided.model == model or self._room.fits(decided.model, len(placed.row.raw))
            if at_home or not self._aside.put(decided.model, placed):
                self._enter(placed, decided, decided.model)

    def _enter(self, placed: Placed, decided: Decided, model: str) -> None:
        self._room.enter(model, len(placed.row.raw))
        self._just_came = True
        self._start(placed, decided)
