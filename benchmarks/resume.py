"""Going on with a large run of which nothing is left to do: what a resume costs by itself."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks import ground, overhead
from benchmarks.table import Line


def measure(count: int) -> list[Line]:
    """Run so many rows, then resume."""
    with tempfile.TemporaryDirectory() as name, ground.server(Path(name)) as url:
        folder = Path(name)
        rows = ground.write_rows(folder / "rows.jsonl", count)
        profile = ground.write_profile(folder / "airoute.toml", f"{url}/at-once")
        command = ground.airoute(
            "batch", rows, "-o", folder / "run", "-q", "--profile", profile, "--max-concurrency",
            str(overhead.AT_ONCE),
        )  # fmt: skip
        whole = ground.run(command, folder)
        again = ground.run([*command, "--resume"], folder)
    return [
        Line(
            f"a run of {count:,} rows",
            f"{whole.wall:,.0f} s, {whole.memory / 2**20:.0f} MB",
            f"{count / whole.wall:,.0f} rows/s",
        ),
        Line(
            f"resume of {count:,} finished rows",
            f"{again.wall:.1f} s, {again.memory / 2**20:.0f} MB",
            f"{again.wall / whole.wall:.1%} of the run's time, {count / again.wall:,.0f} rows/s",
        ),
    ]
