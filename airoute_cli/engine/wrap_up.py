"""What a run leaves behind: the views, the summaries and the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from airoute_cli import __version__
from airoute_cli.core.profile import Profile
from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.edges.run_folder.order import put_in_order
from airoute_cli.edges.run_folder.views import write_views
from airoute_cli.engine.audit_trail import end_pass
from airoute_cli.engine.clock import Clock
from airoute_cli.engine.job import SYNC_EVERY_S, Job
from airoute_cli.engine.summary import summarise, summary_csv, summary_md

DURABILITY = (
    f"each row's end is one append; it survives a kill at once and a power cut after "
    f"{SYNC_EVERY_S * 1000:.0f} ms"
)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """The manifest of a run, run.json, while it is being written."""

    manifest: dict[str, Any]
    started: float
    clock: Clock

    @classmethod
    def open(cls, folder: RunFolder, profile: Profile, source: str, clock: Clock) -> RunRecord:
        """Begin a pass: a new manifest, or the old one with one more pass."""
        before = folder.read_manifest()
        manifest = {
            "airoute": __version__,
            "name": folder.path.name,
            "state": "running",
            "input": "stdin" if source == "-" else source,
            "profile": profile.name,
            "profile_path": profile.path,
            "profile_digest": profile.digest,
            "durability": DURABILITY,
            "started": before.get("started", _moment(clock)),
            "passes": before.get("passes", 0) + 1,
            "seconds": before.get("seconds", 0.0),
            "audit": before.get("audit"),
        }
        folder.write_manifest(manifest)
        return cls(manifest, clock.now(), clock)

    @property
    def pass_number(self) -> int:
        """1 for the first pass of the run; two passes never share one."""
        number: int = self.manifest["passes"]
        return number

    def close(
        self, state: str, counts: Mapping[str, int], audit: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The manifest at the end of the pass; ``audit`` is the end of its chain."""
        seconds = self.manifest["seconds"] + self.clock.now() - self.started
        return {
            **self.manifest,
            "state": state,
            "ended": _moment(self.clock),
            "seconds": round(seconds, 3),
            "rows": dict(counts),
            "audit": audit,
        }


def leave_files(folder: RunFolder, job: Job, record: RunRecord, *, ordered: bool) -> dict[str, Any]:
    """Write everything that is derived; the appended files hold the truth already."""
    state = "finished" if job.complete else job.stop_reason or "stopped"
    rows = job.counts.as_dict()
    audit = end_pass(folder.audit, record.pass_number, state, rows, record.clock.wall)
    folder.sync_all()
    if ordered:
        put_in_order(folder)
    views = write_views(folder)
    manifest = record.close(state, rows, audit)
    if job.stopped_because:
        manifest["stopped_because"] = job.stopped_because
    run = {key: manifest[key] for key in _IN_SUMMARY if key in manifest} | {
        "folder": str(folder.path),
        "views": views,
    }
    summary = summarise(run, job.counts, job.tally, job.health)
    folder.write_json("summary.json", summary)
    folder.write_text("summary.csv", summary_csv(summary))
    folder.write_text("summary.md", summary_md(summary))
    folder.write_manifest(manifest)
    return summary


_IN_SUMMARY = (
    "name",
    "state",
    "input",
    "profile",
    "started",
    "ended",
    "seconds",
    "passes",
    "audit",
    "stopped_because",
)


def _moment(clock: Clock) -> str:
    return datetime.fromtimestamp(clock.wall(), UTC).isoformat(timespec="seconds")
