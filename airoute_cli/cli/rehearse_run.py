"""What ``airoute rehearse`` does once its flags are read."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airoute_cli.cli.batch_run import exit_code
from airoute_cli.cli.exit_codes import ExitCode
from airoute_cli.cli.render.batch import Narrator, nothing
from airoute_cli.cli.render.machine import print_json
from airoute_cli.cli.render.rehearsal import draw_rehearsal
from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.engine.batch import BatchOptions, BatchReport, require_prices
from airoute_cli.engine.faults import parse_faults
from airoute_cli.engine.open_profile import open_profile
from airoute_cli.engine.rehearsal import lost_rows, rehearse
from airoute_cli.engine.stored_profile import keep_profile


@dataclass(frozen=True, slots=True)
class RehearseFlags:
    """The flags of ``airoute rehearse``, as given."""

    source: str
    faults: str
    output: str | None
    seed: int
    concurrency: int
    limit: int | None
    plain_lines: bool
    profile: Path | None
    json: bool
    quiet: bool

    @property
    def options(self) -> BatchOptions:
        """What concerns the engine."""
        return BatchOptions(
            source=self.source,
            concurrency=self.concurrency,
            limit=self.limit,
            plain_lines=self.plain_lines,
        )


def run(flags: RehearseFlags) -> ExitCode:
    """Rehearse, and tell what would have happened."""
    profile = open_profile(flags.profile, os.environ)
    faults = parse_faults(flags.faults, profile.models)
    require_prices(profile)
    narrator = Narrator(quiet=flags.quiet or flags.json)
    began = time.monotonic()
    with _folder(flags.output) as folder:
        report = rehearse(
            flags.options,
            keep_profile(folder, profile),
            folder,
            faults,
            seed=flags.seed,
            watch=nothing,
            note=narrator.say,
        )
        lost = lost_rows(folder, report.summary)
    told = _told(flags, report, lost, time.monotonic() - began)
    if flags.json:
        print_json(told)
    else:
        draw_rehearsal(told)
    return ExitCode.CHECK_FAILED if lost else ExitCode.OK


@contextmanager
def _folder(kept: str | None) -> Iterator[RunFolder]:
    if kept is not None:
        with RunFolder.create(Path(kept)) as folder:
            yield folder
        return
    with (
        tempfile.TemporaryDirectory(prefix="airoute-rehearsal-") as temporary,
        RunFolder.create(Path(temporary) / "run") as folder,
    ):
        yield folder


def _told(flags: RehearseFlags, report: BatchReport, lost: int, seconds: float) -> dict[str, Any]:
    run = report.summary["run"]
    if flags.output is None:
        run = {key: value for key, value in run.items() if key not in {"folder", "views"}}
    return {
        "faults": flags.faults,
        "seed": flags.seed,
        "virtual_seconds": run["seconds"],
        "seconds": round(seconds, 3),
        "exit_code": int(exit_code(report)),
        "stopped": None if report.stop_reason is None else str(report.stop_reason),
        "lost_rows": lost,
        "summary": report.summary | {"run": run},
    }
