"""Which calibration a route takes."""

from __future__ import annotations

from pathlib import Path

from airoute_cli.core.profile import Profile, Route
from airoute_cli.engine.calibrate import Calibration, Goal
from airoute_cli.engine.calibrate_confidence import calibrate_confidence
from airoute_cli.engine.calibrate_pair import calibrate_pair
from airoute_cli.engine.calibrate_rows import read_graded
from airoute_cli.engine.calibrate_several import calibrate_several

CASCADE = "cascade"
_PAIR = 2


def calibrate(profile: Profile, route: Route, source: Path, goal: Goal) -> Calibration:
    """Calibrate ``route`` by the graded prompts of ``source``.

    A cascade gets its ``min_confidence``, every other route what the strategy ``learned`` reads.
    Raises UsageError where the prompts or the goal do not do.
    """
    first = route.models[0]
    if route.strategy == CASCADE:
        graded = read_graded(source, (first,), confidence=first)
        return calibrate_confidence(profile, route, graded, goal)
    graded = read_graded(source, route.models)
    if len(route.models) == _PAIR:
        return calibrate_pair(profile, route, graded, goal)
    return calibrate_several(profile, route, graded, goal)
