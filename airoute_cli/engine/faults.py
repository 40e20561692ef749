"""The faults that a rehearsal injects, as they are written: ``429:5%,hang:0.5%,fast=401@1000``."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from airoute_cli.core.errors import UsageError

# What a provider can do besides answering with a status.
HANG, CUT, CLOSE, REFUSED = "hang", "cut", "close", "refused"
MALFORMED, EMPTY, TRUNCATED, SLOW = "malformed", "empty", "truncated", "slow"
WORDS = (HANG, CUT, CLOSE, REFUSED, MALFORMED, EMPTY, TRUNCATED, SLOW)
_STATUSES = range(400, 600)

_FAULT = re.compile(
    r"(?:(?P<model>[^=:@,]+)=)?(?P<kind>\w+)"
    r"(?::(?P<rate>\d+(?:\.\d+)?|\.\d+)(?P<percent>%?))?"
    r"(?:@(?P<first>\d+)(?:(?P<to>-)(?P<last>\d+)?)?)?"
)
HOW = (
    'write it as KIND:RATE, as in "429:5%", or KIND@CALL, as in "401@1000" (from that call on) or '
    '"500@200-900"; both together, and MODEL= before it, are possible'
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: at ``rate`` of the calls from ``first`` to ``last``, counted from 1.

    With a ``model`` its own calls are counted, without one those of the whole run. ``kind`` is an
    HTTP status or one of WORDS.
    """

    kind: str
    rate: float = 1.0
    first: int = 1
    last: int | None = None
    model: str | None = None

    def concerns(self, model: str, own: int, every: int) -> bool:
        """Whether it may strike a call to ``model``, its ``own``-th and the run's ``every``-th."""
        if self.model not in {None, model}:
            return False
        call = every if self.model is None else own
        return self.first <= call and (self.last is None or call <= self.last)

    @property
    def status(self) -> int | None:
        """The HTTP status that is answered, if it is one."""
        return int(self.kind) if self.kind.isdecimal() else None


def parse_faults(text: str, models: Collection[str]) -> tuple[Fault, ...]:
    """The faults in ``text``. Raises UsageError that names the part and how to write it."""
    parts = [part.strip() for part in text.split(",")]
    faults = tuple(_fault(part, models) for part in parts if part)
    if not faults:
        raise UsageError(f"--faults is empty; {HOW}")
    return faults


def drawn(faults: Iterable[Fault], draw: float) -> Fault | None:
    """The fault that a number from 0 to 1 draws among those that concern a call."""
    for fault in faults:
        if draw < fault.rate:
            return fault
        draw -= fault.rate
    return None


def in_order(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """What always happens first, so that what may happen does not stand in its way."""
    return tuple(sorted(faults, key=lambda fault: fault.rate < 1.0))


def _fault(part: str, models: Collection[str]) -> Fault:
    found = _FAULT.fullmatch(part)
    if found is None or not (found["rate"] or found["first"]):
        raise UsageError(f'--faults: "{part}" is no fault; {HOW}')
    _check_kind(part, found["kind"])
    if found["model"] and found["model"] not in models:
        names = ", ".join(models)
        raise UsageError(f'--faults: "{part}": the profile has no such model; it has: {names}')
    rate = float(found["rate"] or 1) / (100 if found["percent"] else 1)
    if not 0 <= rate <= 1:
        raise UsageError(f'--faults: "{part}": a rate lies between 0 and 100%, as in 5% or 0.05')
    first = int(found["first"] or 1)
    last = int(found["last"]) if found["last"] else None
    if last is not None and last < first:
        raise UsageError(f'--faults: "{part}": the range ends before it begins')
    return Fault(found["kind"], rate, first, last, found["model"])


def _check_kind(part: str, kind: str) -> None:
    status = int(kind) if kind.isdecimal() else None
    if kind not in WORDS and status not in _STATUSES:
        words = ", ".join(WORDS)
        raise UsageError(f'--faults: "{part}": a kind is a status from 400 to 599, or: {words}')
