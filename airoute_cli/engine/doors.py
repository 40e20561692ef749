"""The doors of a run's models: whether each can be asked now, later, or not in this run.

An outage opens a model's breaker, and its rows go to others or wait for the probe. A key that is
refused, a quota that is used up and a model that is not there are states of the provider and not
of a row: they shut the door for good, one sentence says what to mend, and the rows are left.
No model is shut for what another one was told, as behind one address there may be several services;
but one that has never answered and is told what was confirmed for another with the same key is not
asked again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.profile import Model
from airoute_cli.engine.breaker import Breaker, State, Ticket
from airoute_cli.engine.clock import Clock
from airoute_cli.engine.gate import GateClosedError
from airoute_cli.engine.lasting import Lasting, is_lasting, lasting, may_be_lasting, silent

# What the model is to blame for. Too many requests are a matter of pace, see engine/pace.py.
TROUBLE = frozenset(
    {
        ErrorKind.SERVER,
        ErrorKind.OVERLOADED,
        ErrorKind.TIMEOUT,
        ErrorKind.CONNECTION,
        ErrorKind.CUT,
        ErrorKind.MALFORMED,
    }
)

# What may lie in one row is believed when so many different rows of the last ten say so.
VOICES = 3
VOICES_AMONG = 10
# How long a row that was told so waits for what the others are told.
SECOND_OPINION_S = 2.0

# A model that has never answered and fails so many probes is taken for one that is not there.
PROBES_OF_THE_SILENT = 3

Say = Callable[[str], None]


def _nothing(_: str) -> None:
    """Where nobody listens."""


class Door:
    """One model's: its breaker, and what lasts."""

    __slots__ = ("breaker", "calls", "lasting", "model", "voices")

    def __init__(self, model: Model) -> None:
        self.model = model
        self.breaker = Breaker()
        self.lasting: Lasting | None = None
        self.calls = 0
        self.voices: deque[object] = deque(maxlen=VOICES_AMONG)


class Doors:
    """Of all models. ``turn_away`` is called with a model that can no longer be asked.

    ``lone``: there is one row only, so nothing is asked twice to make sure.
    """

    def __init__(
        self,
        models: Iterable[Model],
        clock: Clock,
        *,
        turn_away: Say = _nothing,
        tell: Say = _nothing,
        lone: bool = False,
    ) -> None:
        self._doors = {model.name: Door(model) for model in models}
        self._clock = clock
        self._turn_away = turn_away
        self._tell = tell
        self._lone = lone
        self._told: set[tuple[str, str]] = set()
        # The providers with what was confirmed of one of their models and is no matter of it alone.
        self._known: set[tuple[str, str]] = set()
        self._changed = asyncio.Event()
        self._closed = False
        self._on_shut: Callable[[], None] | None = None

    def on_shut(self, listener: Callable[[], None]) -> None:
        """Have ``listener`` called whenever a door has been shut for good."""
        self._on_shut = listener

    def can_ask(self, model: str) -> bool:
        """Whether a call to ``model`` would be let through now."""
        return self._doors[model].breaker.lets_through(self._clock.now())

    def is_shut(self, model: str) -> bool:
        """Whether ``model`` will not be asked again in this run."""
        return self._doors[model].lasting is not None

    def why_not(self, model: str) -> Lasting:
        """Why ``model`` cannot be asked."""
        door = self._doors[model]
        return door.lasting or Lasting(
            "unavailable",
            f"{model} does not answer ({door.breaker.why})",
            "wait until the service is back",
        )

    def enter(self, model: str) -> Ticket | None:
        """A ticket for one call, to be given back by one of the methods below; None: not now."""
        return self._doors[model].breaker.enter(self._clock.now())

    def still(self, model: str, ticket: Ticket) -> bool:
        """Whether the ticket is good; a call that waited since it was given may have to ask."""
        return self._doors[model].breaker.holds(ticket)

    def left(self, model: str, ticket: Ticket) -> None:
        """The call did not go out, or was cut off by us."""
        self._doors[model].breaker.left(ticket, self._clock.now())
        self._wake()

    def answered(self, model: str, ticket: Ticket) -> None:
        """The model answered."""
        door = self._doors[model]
        door.calls += 1
        if door.voices:
            door.voices.append(None)
        self._served(door, ticket)

    def failed(self, model: str, ticket: Ticket, error: CallError, row: object) -> None:
        """An attempt at the model failed; ``row`` is whatever stands for the row."""
        door, now = self._doors[model], self._clock.now()
        door.calls += 1
        if is_lasting(error):
            found = lasting(door.model, error)
            known = _is_new(door) and (door.model.provider.name, found.code) in self._known
            if self._lone or known or door.breaker.doubted(ticket, now, found.code, str(found)):
                self._confirmed(door, found, error)
            else:
                self._moved(door)
        elif may_be_lasting(error):
            self._hear(door, ticket, error, row)
        elif error.kind is ErrorKind.RATE_LIMIT or (
            error.kind is ErrorKind.OVERLOADED and error.retry_after is not None
        ):
            door.breaker.alive(ticket, now)
            self._moved(door)
        elif error.kind in TROUBLE:
            self._trouble(door, ticket, error)
        else:
            self._served(door, ticket)

    def answers(self, model: str) -> int:
        """How often ``model`` has answered in this run."""
        return self._doors[model].breaker.answers

    def suspect(self, model: str, since: int | None) -> bool:
        """Whether a row's last failure is put down to the model, whose breaker opens then.

        ``since`` is what ``answers`` gave at its second failure.
        """
        door = self._doors[model]
        if self._lone or not door.breaker.suspected(self._clock.now(), since):
            return False
        self._moved(door)
        return True

    async def wait(self, models: Iterable[str], until: float) -> None:
        """Wait until something has changed, a probe is due at one of ``models``, or ``until``.

        Raises GateClosedError once the run is ending.
        """
        dues = [self._doors[model].breaker.due for model in models]
        at = min([until, *(due for due in dues if due is not None)])
        await self._wait_until(at)

    async def second_opinion(self, model: str) -> bool:
        """Whether other rows are told the same of ``model``, so that it is not the row's fault."""
        until = self._clock.now() + SECOND_OPINION_S
        while not self._lone and not self.is_shut(model) and self._clock.now() < until:
            await self._wait_until(until)
        return self.is_shut(model)

    def close(self) -> None:
        """The run is ending: whoever waits is sent away."""
        self._closed = True
        self._wake()

    def shut(self, model: str, found: Lasting) -> None:
        """Shut a door for a reason that was found without a call; nothing is said."""
        self._shut(self._doors[model], found)

    def all_shut(self, models: Iterable[str]) -> bool:
        """Whether none of ``models`` will be asked again."""
        return all(self.is_shut(model) for model in models)

    def __iter__(self) -> Iterator[Door]:
        """Each model's, in the profile's order."""
        return iter(self._doors.values())

    def _served(self, door: Door, ticket: Ticket) -> None:
        probe = ticket.probe
        door.breaker.answered(ticket, self._clock.now())
        if probe:
            self._wake()

    def _trouble(self, door: Door, ticket: Ticket, error: CallError) -> None:
        breaker = door.breaker
        breaker.failed(ticket, self._clock.now(), f"{error.kind}: {error}")
        if not breaker.answers and breaker.failed_probes >= PROBES_OF_THE_SILENT:
            self._shut_with(door, silent(door.model, door.calls, str(error)))
        else:
            self._moved(door)

    def _hear(self, door: Door, ticket: Ticket, error: CallError, row: object) -> None:
        """One more row that is told what may be said of it alone."""
        door.voices.append(row)
        rows = {id(one) for one in door.voices if one is not None}
        if self._lone or len(rows) >= VOICES:
            self._shut_with(door, lasting(door.model, error))
        else:
            self._served(door, ticket)

    def _confirmed(self, door: Door, found: Lasting, error: CallError) -> None:
        """Shut a door, and those of new models with the same key that were told the same."""
        provider = door.model.provider.name
        self._known.add((provider, found.code))
        self._shut_with(door, found)
        for other in self._doors.values():
            same = other.model.provider.name == provider and other.breaker.doubt == found.code
            if same and _is_new(other):
                self._shut_with(other, lasting(other.model, error))

    def _shut_with(self, door: Door, found: Lasting) -> None:
        """Shut a door and say why, once for what several models of a provider have in common."""
        self._shut(door, found)
        about = (door.model.provider.name, found.remedy)
        if about not in self._told:
            self._told.add(about)
            self._tell(f"{found}, then go on with {found.resume}")
        if self._on_shut:
            self._on_shut()

    def _shut(self, door: Door, found: Lasting) -> None:
        door.lasting = found
        door.breaker.shut(self._clock.now(), found.found)
        self._moved(door)

    def _moved(self, door: Door) -> None:
        if door.breaker.state is not State.CLOSED:
            self._turn_away(door.model.name)
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _wait_until(self, at: float) -> None:
        if self._closed:
            raise GateClosedError
        changed = self._changed
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, at - self._clock.now())):
                await changed.wait()
        if self._closed:
            raise GateClosedError


def _is_new(door: Door) -> bool:
    """Whether it has not answered in this run: its key may be wrong from the start."""
    return door.lasting is None and not door.breaker.answers
