"""The circuit breaker of one model. Pure: it is told what happened, and when.

Closed, it counts; open, it lets nobody through; half open, exactly one call goes and decides for
all. Shut, it stays so: what is wrong lasts until a person mends it.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from typing import NamedTuple

# So many failures one after another, or half of what came back of at least so many calls.
IN_A_ROW = 10
SHARE = 0.5
AT_LEAST = 20
WINDOW_S = 60.0
BINS = 6

# The first probe goes after this time; each one that fails doubles it.
FIRST_OPEN_S = 5.0
LONGEST_OPEN_S = 120.0

# A refusal that would last is asked about once more before it is believed.
CONFIRM_S = 0.5

HISTORY_KEPT = 50


class State(StrEnum):
    """Whether calls go through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    SHUT = "shut"


class Ticket(NamedTuple):
    """The leave to make one call, to be given back with what came of it.

    One from before the breaker last moved says nothing about now, and is not listened to.
    """

    era: int
    probe: bool = False


class Moved(NamedTuple):
    """One change of state: when (on the run's clock), to what, and why."""

    at: float
    state: State
    why: str


class _Window:
    """What came back over the last minute, in bins."""

    __slots__ = ("_bins",)

    def __init__(self) -> None:
        self._bins: deque[list[float]] = deque(maxlen=BINS)

    def add(self, now: float, *, failed: bool) -> None:
        start = now // (WINDOW_S / BINS)
        if not self._bins or self._bins[-1][0] != start:
            self._bins.append([start, 0, 0])
        self._bins[-1][1 + failed] += 1

    def too_many(self, now: float) -> bool:
        since = now // (WINDOW_S / BINS) - BINS
        kept = [(good, bad) for start, good, bad in self._bins if start > since]
        bad = sum(one[1] for one in kept)
        total = bad + sum(one[0] for one in kept)
        return total >= AT_LEAST and bad >= total * SHARE


class Breaker:
    """Of one model."""

    __slots__ = (
        "_doubt",
        "_due",
        "_era",
        "_failed_probes",
        "_in_a_row",
        "_since",
        "_ticket",
        "_window",
        "answers",
        "history",
        "open_s",
        "opened",
        "state",
        "why",
    )

    def __init__(self) -> None:
        self.state = State.CLOSED
        self.why = ""
        self.answers = 0
        self.opened = 0
        self.open_s = 0.0
        self.history: deque[Moved] = deque(maxlen=HISTORY_KEPT)
        self._doubt: str | None = None
        self._due = self._since = 0.0
        self._era = self._failed_probes = self._in_a_row = 0
        self._window = _Window()
        # All calls of one era have the same, but for the probe.
        self._ticket = Ticket(0)

    @property
    def failed_probes(self) -> int:
        """How many probes have failed since it last opened."""
        return self._failed_probes

    @property
    def due(self) -> float | None:
        """When the next probe may go; None where that is not known, or not the question."""
        return self._due if self.state is State.OPEN else None

    def lets_through(self, now: float) -> bool:
        """Whether ``enter`` would give a ticket."""
        return self.state is State.CLOSED or (self.state is State.OPEN and now >= self._due)

    def enter(self, now: float) -> Ticket | None:
        """A ticket for one call, which may be the probe; None: not now."""
        if self.state is State.CLOSED:
            return self._ticket
        if self.state is State.OPEN and now >= self._due:
            self.state = State.HALF_OPEN
            return Ticket(self._era, probe=True)
        return None

    def holds(self, ticket: Ticket) -> bool:
        """Whether nothing has moved since the ticket was given."""
        return ticket.era == self._era and self.state is not State.SHUT

    def answered(self, ticket: Ticket, now: float) -> None:
        """The model answered, or refused for a reason that lies in the request."""
        self.answers += 1
        if not self.holds(ticket):
            return
        if ticket.probe:
            self._close(now)
        self._in_a_row = 0
        self._window.add(now, failed=False)

    def alive(self, ticket: Ticket, now: float) -> None:
        """It said "not so fast", which is no failure, and enough for a probe."""
        if ticket.probe and self.holds(ticket):
            self._close(now)

    def failed(self, ticket: Ticket, now: float, why: str) -> None:
        """The model failed."""
        if not self.holds(ticket):
            return
        if ticket.probe:
            self._failed_probes += 1
            self._open(now, min(LONGEST_OPEN_S, FIRST_OPEN_S * 2**self._failed_probes), why)
            return
        self._in_a_row += 1
        self._window.add(now, failed=True)
        if self._in_a_row >= IN_A_ROW:
            self._open(now, FIRST_OPEN_S, f"{self._in_a_row} failures in a row: {why}")
        elif self._window.too_many(now):
            self._open(now, FIRST_OPEN_S, f"half of the calls failed: {why}")

    def suspected(self, now: float, since: int | None) -> bool:
        """Open where a row failed for the last time and there were no answers between its tries.

        ``since`` is how many ``answers`` there were at an earlier one. False where it has never
        answered, or others were answered meanwhile: then it is the row's own end.
        """
        if self.state is not State.CLOSED or not self.answers or self.answers != since:
            return False
        self._open(now, FIRST_OPEN_S, "a row failed at every try, and no other was answered")
        return True

    def doubted(self, ticket: Ticket, now: float, code: str, why: str = "") -> bool:
        """It refused for a reason that would last; whether a call sent since then says so too.

        ``code`` is what two refusals have in common, ``why`` the reason in words.
        """
        if not self.holds(ticket):
            return False
        if ticket.probe and self._doubt == code:
            return True
        self._open(now, CONFIRM_S, why or code)
        self._doubt = code
        return False

    @property
    def doubt(self) -> str | None:
        """What it said that would last and was not confirmed yet."""
        return self._doubt

    def left(self, ticket: Ticket, now: float) -> None:
        """The call never went out or nobody knows its end; a probe is free for the next one."""
        if ticket.probe and self.holds(ticket):
            self.state = State.OPEN
            self._due = now

    def shut(self, now: float, why: str) -> None:
        """Let nobody through any more."""
        self._count_open(now)
        self._move(now, State.SHUT, why)

    def open_for(self, now: float) -> float:
        """Seconds that it was open in all."""
        return self.open_s + (0.0 if self.state is State.CLOSED else now - self._since)

    def _open(self, now: float, seconds: float, why: str) -> None:
        if self.state is State.CLOSED:
            self._since = now
            self.opened += 1
        self._doubt = None
        self._due = now + seconds
        self._move(now, State.OPEN, why)

    def _close(self, now: float) -> None:
        self._count_open(now)
        self._failed_probes = self._in_a_row = 0
        self._doubt = None
        self._window = _Window()
        self._move(now, State.CLOSED, "")

    def _count_open(self, now: float) -> None:
        if self.state in {State.OPEN, State.HALF_OPEN}:
            self.open_s += now - self._since
        self._since = now

    def _move(self, now: float, state: State, why: str) -> None:
        self.state, self.why = state, why
        self._era += 1
        self._ticket = Ticket(self._era)
        self.history.append(Moved(now, state, why))
