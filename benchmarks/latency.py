"""Throughput against a server that answers after 200 ms, beside what the floor reaches there."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import ground, overhead
from benchmarks.table import Line

DELAY_S = 0.2
FEW_S, MANY_S = 2, 8
ROUNDS = 3


def measure(cache: Path, in_flight: int) -> list[Line]:
    """Rows a second, of the floor and of the product."""
    with tempfile.TemporaryDirectory() as name, ground.server(Path(name), DELAY_S) as url:
        folder, base_url = Path(name), f"{url}/slow"
        ideal = in_flight / DELAY_S
        counts = [int(seconds * ideal) for seconds in (FEW_S, MANY_S)]
        rows = [ground.write_rows(folder / f"{count}.jsonl", count) for count in counts]
        each: dict[str, Callable[[], list[ground.Command]]] = {
            overhead.FLOOR: lambda: [
                overhead.command_of(overhead.FLOOR, cache, base_url, one, in_flight) for one in rows
            ],
            "airoute": lambda: [overhead.product(base_url, one, in_flight) for one in rows],
        }
        # In turns, and the best of each: what else the machine does is no matter of theirs.
        took: dict[str, list[list[float]]] = {who: [[], []] for who in each}
        for _ in range(ROUNDS):
            for who, commands in each.items():
                for times, command in zip(took[who], commands(), strict=True):
                    times.append(ground.run(command, folder).wall)
        floor, own = (
            (counts[1] - counts[0]) / (min(many) - min(few)) for few, many in took.values()
        )
    what = f"rows a second, 200 ms, {in_flight:,} in flight"
    return [
        Line(f"{what}: floor", f"{floor:,.0f}/s", f"{floor / ideal:.0%} of ideal"),
        Line(f"{what}: airoute", f"{own:,.0f}/s", f"{own / floor:.0%} of floor", "at least 85 %"),
    ]
