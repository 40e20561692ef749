"""CPU time for each request, of the whole product and of others, over one static server."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import ground
from benchmarks.table import Line

PEERS = Path(__file__).with_name("peers")
FLOOR = "floor"
OWN = "airoute"
WITH_BUDGETS = "airoute, with budgets"
# The packages of each peer's own environment.
NEEDS = {
    FLOOR: ("aiohttp", "uvloop", "orjson"),
    "async_openai": ("openai",),
    "litellm_router": ("litellm",),
    "langchain_abatch": ("langchain-openai",),
}
AT_ONCE = 64
FEW = 500
MANY = {FLOOR: 20_500, OWN: 10_500, WITH_BUDGETS: 10_500}
MANY_OF_PEERS = 2_500


def python_of(peer: str, cache: Path) -> Path:
    """The interpreter of a peer's environment, made in ``cache`` where it is missing."""
    folder = cache / peer
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *NEEDS[peer]], check=True)
    return python


def command_of(peer: str, cache: Path, base_url: str, rows: Path, in_flight: int) -> ground.Command:
    """How a peer is run in the folder of its rows."""
    program = PEERS / f"{peer}.py"
    results = rows.with_name("results.jsonl")
    return [python_of(peer, cache), program, base_url, rows, results, str(in_flight)]


def product(base_url: str, rows: Path, in_flight: int, *, budgets: bool = False) -> ground.Command:
    """How the product is run, with budgets for a row, the run and the day or without any."""
    name = "budgets.toml" if budgets else "airoute.toml"
    profile = ground.write_profile(rows.with_name(name), base_url, budgets=budgets)
    run = tempfile.mkdtemp(dir=rows.parent)
    return ground.airoute(
        "batch", rows, "-o", run, "-q", "--profile", profile, "--max-concurrency", str(in_flight)
    )


def measure(cache: Path, in_flight: int, peers: tuple[str, ...]) -> list[Line]:
    """One line for each, with its ratio to the floor."""
    with tempfile.TemporaryDirectory() as name, ground.server(Path(name)) as url:
        folder, base_url = Path(name), f"{url}/at-once"

        def of(peer: str) -> Callable[[Path], ground.Command]:
            if peer in {OWN, WITH_BUDGETS}:
                budgets = peer == WITH_BUDGETS
                return lambda rows: product(base_url, rows, in_flight, budgets=budgets)
            return lambda rows: command_of(peer, cache, base_url, rows, in_flight)

        each = {peer: _each(peer, of(peer), folder) for peer in (FLOOR, OWN, WITH_BUDGETS, *peers)}
    floor, own = each[FLOOR], each[OWN]
    return [
        Line(
            f"CPU a request, {in_flight:,} in flight: {peer}",
            f"{ms:.3f} ms",
            f"{ms / floor:.2f} x floor, {ms / own:.1f} x airoute",
            "at most 2.5 x floor" if peer == OWN else "",
        )
        for peer, ms in each.items()
    ]


def _each(peer: str, command: Callable[[Path], ground.Command], folder: Path) -> float:
    """Milliseconds of CPU time for one row more."""
    counts = (FEW, MANY.get(peer, MANY_OF_PEERS))
    files = [ground.write_rows(folder / f"{count}.jsonl", count) for count in counts]
    return ground.each([command(rows) for rows in files], counts, folder)
