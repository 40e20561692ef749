"""Planning without calls: ``--dry-run`` beside reading and writing the same lines with orjson."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks import ground
from benchmarks.table import Line

COPY = """
import sys, orjson
with open(sys.argv[1], "rb") as given, open(sys.argv[2], "wb") as file:
    for line in given:
        file.write(orjson.dumps(orjson.loads(line)) + b"\\n")
"""
FEW, MANY = 1_000, 61_000


def measure() -> list[Line]:
    """CPU time a row of both, start-up taken out."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        profile = ground.write_profile(folder / "airoute.toml", "http://127.0.0.1:9")
        rows = [ground.write_rows(folder / f"{count}.jsonl", count) for count in (FEW, MANY)]
        copy: list[ground.Command] = [
            [sys.executable, "-c", COPY, one, folder / "copy.jsonl"] for one in rows
        ]
        dry: list[ground.Command] = [
            ground.airoute("batch", one, "--dry-run", "--profile", profile) for one in rows
        ]
        floor, own = (ground.each(commands, (FEW, MANY), folder) for commands in (copy, dry))
    return [
        Line("CPU a row: read and write with orjson", f"{floor * 1_000:.1f} µs"),
        Line(
            "CPU a row: --dry-run, 50 rules, 60 words",
            f"{own * 1_000:.1f} µs",
            f"{own / floor:.1f} x orjson, {1_000 / own:,.0f} rows/s",
            "at most 8 x",
        ),
    ]
