"""Who answers the cases: whole profiles, single routes, single models."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from airoute_cli.core.errors import UsageError
from airoute_cli.core.profile import Profile
from airoute_cli.edges.profile.problems import nearest


@dataclass(frozen=True, slots=True)
class Contender:
    """A profile, or one model or one route of it; ``name`` is what it is called in the report."""

    name: str
    profile: Profile
    model: str | None = None
    route: str | None = None

    @property
    def folder(self) -> str:
        """The name of its run folder."""
        return re.sub(r"[^\w.+-]+", "-", self.name).strip("-.") or "contender"


def find_contenders(
    profiles: Sequence[Profile], models: Sequence[str], routes: Sequence[str]
) -> list[Contender]:
    """Each profile, and each of the models and routes in those profiles that have it.

    Raises UsageError for a name that no profile has.
    """
    names = _names(profiles)
    found = [Contender(names[id(one)], one) for one in profiles]
    several = len(profiles) > 1
    for model in dict.fromkeys(models):
        having = [one for one in profiles if model in one.models]
        _require(having, "model", model, {name for one in profiles for name in one.models})
        found += [
            Contender(f"{names[id(one)]}:{model}" if several else model, one, model=model)
            for one in having
        ]
    for route in dict.fromkeys(routes):
        having = [one for one in profiles if route in {r.name for r in one.routes}]
        known = {r.name for one in profiles for r in one.routes}
        _require(having, "route", route, known)
        found += [Contender(f"{names[id(one)]}@{route}", one, route=route) for one in having]
    return _apart(found)


def _names(profiles: Sequence[Profile]) -> dict[int, str]:
    """What each profile calls itself, told apart by a number where two say the same."""
    told: dict[int, str] = {}
    for one in profiles:
        name, number = one.name, 2
        while name in told.values():
            name, number = f"{one.name}-{number}", number + 1
        told[id(one)] = name
    return told


def _apart(found: list[Contender]) -> list[Contender]:
    folders = [one.folder for one in found]
    for one in found:
        if folders.count(one.folder) > 1:
            raise UsageError(
                f'two contenders would be called "{one.name}"; give the profiles other names, or '
                "the models"
            )
    return found


def _require(having: Sequence[Profile], kind: str, name: str, known: set[str]) -> None:
    if not having:
        raise UsageError(f'no profile has a {kind} "{name}". {nearest(name, known)}')
