"""What the privacy scan costs: microseconds for each kilobyte, by class and by kind of text.

Run it from the root of the repository: python benchmarks/scan.py
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from airoute_cli.core.scan import BY_PATTERN
from airoute_cli.routing.scan.scanner import Scanner

TICKETS = Path(__file__).parents[1] / "examples" / "tickets.jsonl"
SOURCE = Path(__file__).parents[1] / "airoute_cli" / "routing" / "scan" / "secret.py"
LOG = "2026-11-24T19:06:13Z INFO order 4711 paid 12.50 EUR in 230 ms by worker 7, id 8812345\n"
LEAST_BYTES = 200_000


def texts() -> dict[str, str]:
    """Prose with much that looks like data, a program, and a log."""
    rows = (json.loads(line) for line in TICKETS.read_text(encoding="utf-8").splitlines())
    prose = "\n".join(row["prompt"] for row in rows if "prompt" in row)
    kinds = {"tickets": prose, "source code": SOURCE.read_text(encoding="utf-8"), "a log": LOG}
    return {name: text * (LEAST_BYTES // len(text) + 1) for name, text in kinds.items()}


def cost(scanner: Scanner, text: str) -> float:
    """Microseconds a kilobyte, the best of three."""
    best = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        for _ in scanner.find(text):
            pass
        best = min(best, time.perf_counter() - started)
    return best * 1e6 / (len(text.encode()) / 1000)


def main() -> None:
    """Print the table."""
    kinds = texts()
    print(f"{'µs for each kB':20}", *(f"{name:>12}" for name in kinds))
    for name in (*BY_PATTERN, "all of them"):
        scanner = Scanner(BY_PATTERN if name == "all of them" else {name})
        costs = (cost(scanner, text) for text in kinds.values())
        print(f"{name:20}", *(f"{each:12.1f}" for each in costs))


if __name__ == "__main__":
    main()
