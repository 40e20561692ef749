"""The canary: a model's first rows are looked at before the others are spent on it.

Until so many rows of a model have a verdict, at most so many are under way at it; each that ends
lets the next one in, and one whose answer must be JSON ends when it is right or given up. Only how
a row ends in the end counts: one that a retry saved is well, and one that another model answered
says nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from airoute_cli.core.errors import ErrorKind
from airoute_cli.core.outcome import Outcome, RowState
from airoute_cli.core.profile import Model
from airoute_cli.engine.formed import SCHEMA_INVALID
from airoute_cli.engine.gate import GateClosedError, TurnedAwayError

FAILED, TRUNCATED, EMPTY, INVALID = "failed", "truncated", "empty", "schema_invalid"
_BY_CODE: Mapping[str, str] = {
    ErrorKind.TRUNCATED: TRUNCATED,
    ErrorKind.EMPTY: EMPTY,
    SCHEMA_INVALID: INVALID,
}
_SAYS_SOMETHING = frozenset({RowState.COMPLETED, RowState.FAILED})
_WELL: frozenset[str] = frozenset()

# The plainest word for what all rows have in common comes first.
_PLAINEST = (TRUNCATED, EMPTY, INVALID, FAILED)


class Sick(NamedTuple):
    """What all of a model's first rows have in common, and how the last of them ended."""

    model: str
    rows: int
    what: str
    example: str


OnSick = Callable[[Sick], None]


class _Cage:
    """One model's."""

    __slots__ = ("common", "in_flight", "verdicts", "waiting")

    def __init__(self) -> None:
        self.in_flight = 0
        self.verdicts = 0
        self.common: frozenset[str] | None = None
        self.waiting: deque[asyncio.Future[None]] = deque()


class Canary:
    """Of all models. ``size`` 0: everything is let through."""

    def __init__(self, models: Iterable[Model], size: int) -> None:
        self._size = size
        self._cages = {model.name: _Cage() for model in models} if size else {}
        self._closed = False
        self._on_sick: OnSick | None = None

    def on_sick(self, listener: OnSick) -> None:
        """Have ``listener`` told of a model whose first rows all came to the same bad end."""
        self._on_sick = listener

    @property
    def watches(self) -> bool:
        """Whether it still waits for the verdicts of any model's first rows."""
        return bool(self._cages)

    def lets_in(self, model: str) -> bool:
        """Whether a row may be brought to ``model`` at once, and has entered then.

        Raises GateClosedError.
        """
        cage = self._cages.get(model)
        if cage is None:
            return True
        if self._closed:
            raise GateClosedError
        if cage.in_flight >= self._size or cage.waiting:
            return False
        cage.in_flight += 1
        return True

    async def enter(self, model: str) -> None:
        """Wait until a row may be brought to ``model``; whoever enters leaves.

        The verdict comes later, when the row has ended: a row that has gone on to another model
        holds no place here, so that rows that wait for one another's places cannot be.

        Raises GateClosedError, and TurnedAwayError where the model cannot be asked any more.
        """
        if self.lets_in(model):
            return
        cage = self._cages[model]
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        cage.waiting.append(future)
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and not future.exception():
                self.leave(model)
            raise

    def leave(self, model: str) -> None:
        """A row does not ask ``model`` any more, or not for now."""
        if cage := self._cages.get(model):
            cage.in_flight -= 1
            self._let_in(cage, self._size)

    def judge(self, outcome: Outcome, models: Sequence[str]) -> None:
        """A row has ended that asked ``models``: with the one that answered, or with the last."""
        if outcome.state in _SAYS_SOMETHING:
            for model in set(models).intersection(self._cages):
                signs = _signs(outcome) if model == (outcome.model or models[-1]) else _WELL
                self._judge(model, self._cages[model], outcome, signs)

    def turn_away(self, model: str) -> None:
        """Send those away who wait for ``model``."""
        if cage := self._cages.get(model):
            _send_away(cage, TurnedAwayError)

    def close(self) -> None:
        """The run is ending: send everybody away."""
        self._closed = True
        for cage in self._cages.values():
            _send_away(cage, GateClosedError)

    def _judge(self, model: str, cage: _Cage, outcome: Outcome, signs: frozenset[str]) -> None:
        cage.verdicts += 1
        cage.common = signs if cage.common is None else cage.common & signs
        if cage.common and cage.verdicts >= self._size:
            what = next(word for word in _PLAINEST if word in cage.common)
            example = outcome.failure.message if outcome.failure else ""
            if self._on_sick:
                self._on_sick(Sick(model, cage.verdicts, what, example))
        elif cage.verdicts >= self._size:
            del self._cages[model]  # it is well: whoever is under way leaves unseen
            self._let_in(cage, len(cage.waiting) + self._size)

    @staticmethod
    def _let_in(cage: _Cage, size: int) -> None:
        while cage.waiting and cage.in_flight < size:
            future = cage.waiting.popleft()
            if not future.done():
                cage.in_flight += 1
                future.set_result(None)


def _signs(outcome: Outcome) -> frozenset[str]:
    """What is bad about the end of a row."""
    signs = set()
    if outcome.state is RowState.FAILED:
        signs.add(FAILED)
    if outcome.failure and outcome.failure.code in _BY_CODE:
        signs.add(_BY_CODE[outcome.failure.code])
    if outcome.completion and outcome.completion.truncated:
        signs.add(TRUNCATED)
    if outcome.completion and outcome.completion.empty:
        signs.add(EMPTY)
    return frozenset(signs)


def _send_away(cage: _Cage, error: type[Exception]) -> None:
    for future in cage.waiting:
        if not future.done():
            future.set_exception(error())
    cage.waiting.clear()
