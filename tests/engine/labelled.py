"""Runs whose rows a model labels: two scripted servers, a profile, and a batch in process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from airoute_cli.core.profile import Profile
from airoute_cli.edges.run_folder.folder import MANIFEST, RunFolder
from airoute_cli.engine.batch import BatchOptions, BatchReport, Watch, run_batch
from airoute_cli.engine.job import Job
from airoute_cli.engine.open_profile import open_profile
from airoute_cli.engine.stored_profile import keep_profile, stored_profile
from airoute_cli.engine.world import World
from tests.servers.scripted import Recorded, Reply, ScriptedServer, ok

PROFILE = """
[profile]
classifier = "intent"
[providers.sorter]
api = "openai"
base_url = "{sorter}"
timeout = 5
[providers.worker]
api = "openai"
base_url = "{worker}"
[models.cheap]
provider = "sorter"
name = "cheap-1"
price = {{ input = 1.0, output = 1.0 }}
[models.strong]
provider = "worker"
name = "strong-1"
price = {{ input = 10.0, output = 10.0 }}
private = true
[models.plain]
provider = "worker"
name = "plain-1"
price = {{ input = 2.0, output = 2.0 }}
private = true
[classifiers.intent]
kind = "model"
model = "cheap"
labels = {{ refund = "wants money back", delivery = "asks where it is" }}
min_confidence = 0.5
{more}
[[routes]]
name = "refunds"
models = ["strong"]
when = {{ task = "refund" }}
[[routes]]
name = "rest"
models = ["plain"]
"""


def label(request: Recorded, _: int = 0) -> Reply:
    """What a good classifier says."""
    found = "refund" if "money" in request.prompt else "delivery"
    return ok(json.dumps({"label": found, "confidence": 0.9}))


def a_profile(folder: Path, sorter: ScriptedServer, worker: ScriptedServer, more: str = "") -> Path:
    path = folder / "airoute.toml"
    path.write_text(PROFILE.format(sorter=sorter.base_url, worker=worker.base_url, more=more))
    return path


def write_rows(folder: Path, prompts: Iterable[str | Mapping[str, Any]]) -> Path:
    path = folder / "rows.jsonl"
    rows = [
        {"custom_id": f"r{n}", **({"prompt": one} if isinstance(one, str) else one)}
        for n, one in enumerate(prompts, 1)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


async def nobody(_: Job) -> None:
    """Nobody watches."""


def run(
    profile: Path | Profile,
    rows: Path,
    folder: Path,
    *,
    retry_errors: bool = False,
    watch: Watch = nobody,
) -> tuple[BatchReport, list[str]]:
    """A run, or on from where it stopped; with what it noted."""
    opened = open_profile(profile, {}) if isinstance(profile, Path) else profile
    options = BatchOptions(str(rows), retry_errors=retry_errors)
    notes: list[str] = []

    async def go() -> BatchReport:
        begun = (folder / MANIFEST).is_file()
        with RunFolder.resume(folder) if begun else RunFolder.create(folder) as opened_folder:
            chain = stored_profile(opened_folder) if begun else keep_profile(opened_folder, opened)
            world = World.real({})
            return await run_batch(
                options, chain, world, opened_folder, watch=watch, note=notes.append
            )

    return asyncio.run(go()), notes


def results(folder: Path) -> dict[str, dict[str, Any]]:
    """The ``airoute`` objects by id."""
    lines = (folder / "results.jsonl").read_text().splitlines()
    return {told["custom_id"]: told["airoute"] for told in map(json.loads, lines)}
