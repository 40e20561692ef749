"""Peak memory of a run by the number of its rows."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks import ground, overhead
from benchmarks.table import Line

IN_FLIGHT = 64
MEGABYTE = 1024 * 1024


def measure(counts: tuple[int, ...]) -> list[Line]:
    """The peak for each number of rows, and how much more that is than for the first."""
    lines: list[Line] = []
    first = 0
    for count in counts:
        with tempfile.TemporaryDirectory() as name, ground.server(Path(name)) as url:
            rows = ground.write_rows(Path(name) / "rows.jsonl", count)
            command = overhead.product(f"{url}/at-once", rows, IN_FLIGHT)
            peak = ground.run(command, Path(name)).memory
        first = first or peak
        more = f"{(peak - first) / MEGABYTE:+.0f} MB" if lines else ""
        goal = "within 40 MB" if lines else ""
        lines.append(Line(f"memory, {count:,} rows", f"{peak / MEGABYTE:.0f} MB", more, goal))
    return lines
