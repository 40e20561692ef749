"""Run the benchmarks and print their table: ``python -m benchmarks --cache FOLDER``.

Needs nginx with its echo module (``apt-get install nginx libnginx-mod-http-echo``). The other
libraries are installed in environments of their own under the cache folder. The numbers of a table
are of one run on one machine: compare the ratios, not the figures of two machines.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import latency, memory, nginx_limit, overhead, resume, routing_only, start_up
from benchmarks.table import HEAD, Line, printed

PEERS = ("async_openai", "litellm_router", "langchain_abatch")
Measure = Callable[[Path], list[Line]]
PARTS: Mapping[str, Measure] = {
    "overhead": lambda cache: [
        line for at_once in (64, 1_000) for line in overhead.measure(cache, at_once, PEERS)
    ],
    "latency": lambda cache: [
        line for at_once in (500, 1_000) for line in latency.measure(cache, at_once)
    ],
    "routing": lambda _: routing_only.measure(),
    "start-up": lambda _: start_up.measure(),
    "limit": lambda _: nginx_limit.lines(60),
    "memory": lambda _: memory.measure((3_000, 300_000)),
    # These take long.
    "memory-full": lambda _: memory.measure((3_000, 300_000, 3_000_000)),
    "resume": lambda _: resume.measure(1_000_000),
}
LONG = frozenset({"memory-full", "resume"})


def main() -> None:
    """Print the table, line by line as it comes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--cache", type=Path, required=True, help="where environments are kept")
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all but the long ones")
    asked = parser.parse_args()
    unknown = set(asked.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    print(HEAD, flush=True)
    for part in asked.parts or [name for name in PARTS if name not in LONG]:
        for line in PARTS[part](asked.cache.resolve()):
            print(printed(line), flush=True)


if __name__ == "__main__":
    main()
