"""How long commands take that ask nobody, beside ``python -c "import typer"``."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks import ground
from benchmarks.table import Line

ROUNDS = 15


def measure() -> list[Line]:
    """The median wall time of each, taken in turns so that all meet the same machine."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        profile = ground.write_profile(folder / "airoute.toml", "http://127.0.0.1:9")
        commands: dict[str, ground.Command] = {
            'python -c "import typer"': [sys.executable, "-c", "import typer"],
            "airoute --help": ground.airoute("--help"),
            "airoute --version": ground.airoute("--version"),
            "airoute try, without a call": ground.airoute("try", "hi", "--profile", profile),
        }
        took: dict[str, list[float]] = {what: [] for what in commands}
        for _ in range(ROUNDS):
            for what, command in commands.items():
                took[what].append(ground.run(command, folder).wall)
    medians = {what: statistics.median(times) for what, times in took.items()}
    floor = next(iter(medians.values()))
    goals = ("", "at most 2.5 x", "at most 2.5 x", "under 4 x")
    return [
        Line(f"start: {what}", f"{s * 1_000:.0f} ms", f"{s / floor:.2f} x typer", goal)
        for (what, s), goal in zip(medians.items(), goals, strict=True)
    ]
