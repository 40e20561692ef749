"""What a door tells of a model before it is shut for good."""

from __future__ import annotations

from airoute_cli.cli.render.batch import health_line
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.profile import Model, Provider
from airoute_cli.engine.clock import Clock
from airoute_cli.engine.doors import Doors
from airoute_cli.engine.health import as_dict

CLOCK = Clock(now=lambda: 1.0, wall=lambda: 2.0)


def test_a_key_that_was_refused_once_is_told_with_its_remedy():
    """A short run may end, with every row answered by others, before it is asked again."""
    provider = Provider("p", "openai", "http://p.example/v1", api_key_env=("P_KEY",))
    doors = Doors([Model("m", provider, "m-1")], CLOCK, turn_away=lambda _: None)
    ticket = doors.enter("m")
    assert ticket
    doors.failed("m", ticket, CallError(ErrorKind.AUTH, "no", status=401), object())
    [told] = as_dict(doors, CLOCK).values()
    assert told["state"] == "open"
    line = health_line("m", told)
    assert line.endswith("(last: p refuses the key in P_KEY (no); put a valid key into P_KEY)")
