"""What of a plan is the same for many rows, kept for the next one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import is_not
from typing import NamedTuple

from airoute_cli.core.figures import Figures
from airoute_cli.core.plan import Call, Candidate
from airoute_cli.core.policy import OnEmpty
from airoute_cli.core.settings import NOTHING
from airoute_cli.routing.choice import Kind


class Outline(NamedTuple):
    """The part of a plan that a route makes; see Plan. ``reason`` is that of the first call."""

    reason: str
    calls: tuple[Call, ...]
    candidates: tuple[Candidate, ...] = ()
    instead: tuple[Call, ...] = ()
    scores: Mapping[str, float] = NOTHING
    refusal: str | None = None
    on_empty: OnEmpty = OnEmpty.REFUSE


# The kind of a request, its tokens by estimate, and whom the policy lets answer.
Key = tuple[Kind, int, frozenset[str]]
# A profile may have many routes, and each has outlines of its own.
_MOST = 1_000


class Outlines:
    """The outlines of one route by what they follow from, as long as the figures stay.

    For a strategy that reads the row itself they hold for no other row.
    """

    def __init__(self) -> None:
        self._figures: Sequence[Figures | None] | None = None
        self._known: dict[Key, Outline] = {}

    def hold(self, figures: Sequence[Figures | None]) -> bool:
        """Whether ``figures`` are those of the row before; else all outlines are forgotten.

        In a run they mostly change from row to row, and then nothing is worth keeping.
        """
        before, self._figures = self._figures, figures
        if before is not None and not any(map(is_not, before, figures)):
            return True
        self._known.clear()
        return False

    def get(self, key: Key) -> Outline | None:
        """The outline that was put, None if there is none."""
        return self._known.get(key)

    def put(self, key: Key, outline: Outline) -> None:
        """Keep an outline."""
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[key] = outline
