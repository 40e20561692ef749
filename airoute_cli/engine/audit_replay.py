"""Makes the decisions of an audit file again: the same planner over what they were based on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from airoute_cli.core.figures import Figures
from airoute_cli.core.plan import Plan
from airoute_cli.core.profile import Profile
from airoute_cli.engine.audit_records import (
    OPENINGS,
    basis_in,
    figures_in,
    plan_told,
)
from airoute_cli.engine.stored_profile import ProfileChain
from airoute_cli.routing.earlier import EarlierProfile
from airoute_cli.routing.planner import Planner

# What a damaged record can raise where it is read.
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError)


@dataclass(frozen=True, slots=True)
class Decider:
    """A profile as it was in force, with those that rows tried before were held to as well."""

    profile: Profile
    facts: str
    planner: Planner
    earlier: tuple[EarlierProfile, ...]


class Replay:
    """Reads the records in order, and keeps of them the figures as they stood."""

    def __init__(self, chain: ProfileChain) -> None:
        self._figures: dict[str, Figures] = {}
        self.decider = lru_cache(maxsize=None)(lambda number: _decider(chain.at(number)))

    def follow(self, told: Mapping[str, Any]) -> None:
        """Take in what a record tells of figures; a new pass begins with none."""
        if told.get("event") in OPENINGS:
            self._figures = {}
        for name, figures in told.get("figures", {}).items():
            self._figures[name] = figures_in(figures)

    def plan(self, told: Mapping[str, Any], *, explain: bool = False) -> Plan:
        """The plan for a decision that ``follow`` has taken in. Raises one of UNREADABLE."""
        decider = self.decider(told["pass"])
        basis = basis_in(told["features"])
        calls = told["calls"]
        held_to = decider.earlier[len(decider.earlier) - len(basis.earlier) :]
        drawn = calls[0]["model"] if calls else None
        return decider.planner.plan_again(
            basis, self._figures, explain=explain, drawn=drawn, held_to=held_to
        )

    def left_by(self, rule: str, told: Mapping[str, Any]) -> frozenset[str] | None:
        """Whom a rule alone leaves for the row; None if it does not govern it. As ``plan``."""
        planner = self.decider(told["pass"]).planner
        return planner.left_by(rule, basis_in(told["features"]), self._figures)

    def difference(self, told: Mapping[str, Any]) -> str | None:
        """The name of what comes out otherwise than it was recorded; None if all is the same."""
        try:
            plan = self.plan(told)
            again = plan_told(plan, len(self.decider(told["pass"]).profile.models))
        except UNREADABLE as error:
            return f"the features ({type(error).__name__})"
        again = orjson.loads(orjson.dumps(again, default=str))
        recorded = {key: told[key] for key in _DECIDED if key in told}
        changed = (key for key in _DECIDED if again.get(key) != recorded.get(key))
        return next(changed, None)


_DECIDED = (
    "eligible",
    "rules",
    "excluded",
    "redact",
    "route",
    "strategy",
    "label_call",
    "template",
    "calls",
    "instead",
    "refusal",
    "on_empty",
)


def _decider(chain: ProfileChain) -> Decider:
    return Decider(
        chain.profile,
        chain.facts,
        Planner(chain.profile, recalling=True),
        tuple(EarlierProfile(one.profile, recalling=True) for one in chain.earlier),
    )
