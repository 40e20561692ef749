"""Throughput against a server that answers after 200 ms, beside what the floor reaches there."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks import ground, overhead
from benchmarks.table import Line

DELAY_S = 0.2
FEW_S, MANY_S = 2, 12


def measure(cache: Path, in_flight: int) -> list[Line]:
    """Rows a second, of the floor and of the product."""
    with tempfile.TemporaryDirectory() as name, ground.server(Path(name), DELAY_S) as url:
        folder, base_url = Path(name), f"{url}/slow"
        ideal = in_flight / DELAY_S
        counts = [int(seconds * ideal) for seconds in (FEW_S, MANY_S)]
        rows = [ground.write_rows(folder / f"{count}.jsonl", count) for count in counts]
        few, many = [
            overhead.command_of(overhead.FLOOR, cache, base_url, one, in_flight) for one in rows
        ]
        floor = _rate(folder, counts, few, many)
        few, many = [overhead.product(base_url, one, in_flight) for one in rows]
        own = _rate(folder, counts, few, many)
    what = f"rows a second, 200 ms, {in_flight:,} in flight"
    return [
        Line(f"{what}: floor", f"{floor:,.0f}/s", f"{floor / ideal:.0%} of ideal"),
        Line(f"{what}: airoute", f"{own:,.0f}/s", f"{own / floor:.0%} of floor", "at least 85 %"),
    ]


def _rate(folder: Path, counts: list[int], few: ground.Command, many: ground.Command) -> float:
    took = [ground.run(command, folder).wall for command in (few, many)]
    return (counts[1] - counts[0]) / (took[1] - took[0])
