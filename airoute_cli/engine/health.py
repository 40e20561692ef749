"""What became of a run's models, for the progress line and the summary."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airoute_cli.engine.breaker import State
from airoute_cli.engine.clock import Clock
from airoute_cli.engine.doors import Door, Doors


def in_words(doors: Doors, clock: Clock) -> list[str]:
    """Each model that not every row can ask now, in a few words."""
    told = (_door_in_words(door, clock.now()) for door in doors)
    return [words for words in told if words]


def as_dict(doors: Doors, clock: Clock) -> dict[str, Any]:
    """What happened to each model that could not be asked for some time."""
    return {door.model.name: _door_as_dict(door, clock) for door in doors if door.breaker.history}


def _door_in_words(door: Door, now: float) -> str:
    name, breaker = door.model.name, door.breaker
    if door.lasting:
        return f"{name} shut ({door.lasting.code})"
    if breaker.state is State.HALF_OPEN:
        return f"{name} out, being asked"
    if breaker.due is None:
        return ""
    return f"{name} out, asked again in {max(0.0, breaker.due - now):.0f} s"


def _door_as_dict(door: Door, clock: Clock) -> dict[str, Any]:
    breaker, now = door.breaker, clock.now()
    offset = clock.wall() - now
    return {
        "state": str(breaker.state),
        "opened": breaker.opened,
        "open_s": round(breaker.open_for(now), 1),
        **({"why": str(door.lasting), "resume": door.lasting.resume} if door.lasting else {}),
        "history": [
            {"at": _moment(moved.at + offset), "state": str(moved.state), "why": moved.why}
            for moved in breaker.history
        ],
    }


def _moment(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="seconds")
