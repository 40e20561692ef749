"""When a run ends by itself before its input does: nobody is left to ask, or the canary is sick."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from airoute_cli.core.profile import OnUnavailable, Profile
from airoute_cli.engine.canary import EMPTY, FAILED, INVALID, TRUNCATED, Canary, Sick
from airoute_cli.engine.doors import Doors
from airoute_cli.engine.job import Job
from airoute_cli.engine.stop import StopReason

Say = Callable[[str], None]

# The rows of these routes are only left pending when nobody can be asked.
_WAITS = frozenset({OnUnavailable.PENDING, OnUnavailable.DEGRADE})

_REMEDIES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        FAILED: ("failed", "mend what the example says"),
        TRUNCATED: ("were cut at their token limit", "raise max_output_tokens"),
        EMPTY: ("came back empty", "look at the prompt and at max_output_tokens"),
        INVALID: (
            "do not fit their schema",
            "look at the schema and the prompt, or name another model",
        ),
    }
)


def stop_early(
    job: Job, profile: Profile, doors: Doors, canary: Canary, in_use: Iterable[str], say: Say
) -> None:
    """Have ``job`` stopped where going on would be of no use."""
    models = tuple(profile.models if profile.degrades else in_use)
    waits = all(route.on_unavailable in _WAITS for route in profile.routes)

    def nobody_left() -> None:
        if waits and doors.all_shut(models):
            job.halt(StopReason.UNAVAILABLE)

    def sick(found: Sick) -> None:
        if job.halt(StopReason.CANARY):
            say(_sentence(found))

    doors.on_shut(nobody_left)
    canary.on_sick(sick)


def _sentence(sick: Sick) -> str:
    came_to, remedy = _REMEDIES[sick.what]
    example = f" (the last one: {sick.example})" if sick.example else ""
    return (
        f"stopping: the first {sick.rows} rows of {sick.model} all {came_to}{example}; what has "
        f"ended is saved, the rest stays pending. {remedy.capitalize()}, and go on with --resume "
        "(--retry-errors for the failed ones, --accept-profile for a changed profile), or set "
        "[run] canary = 0"
    )
