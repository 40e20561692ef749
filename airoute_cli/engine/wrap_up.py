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
    def open(
        cls, folder: RunFolder, profile: Profile, given: Mapping[str, Any], clock: Clock
    ) -> RunRecord:
        """Begin a pass: a new manifest, or the old one with one more pass.

        ``given`` is how the input is read: its name, and what else a resume has to know.
        """
        before = folder.read_manifest()
        manifest = {
            "airoute": __version__,
            "name": folder.path.name,
            "state": "running",
            **given,
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


def leave_files(
    folder: RunFolder, job: Job, record: RunRecord, *, ordered: bool, answered_before: int
) -> dict[str, Any]:
    """Write everything that is derived; the appended files hold the truth already.

    ``answered_before`` is how many results earlier passes have left.
    """
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
    if job.go_on_with:
        run["go_on_with"] = job.go_on_with
    others = answered_before - job.counts.finished_before
    if job.read_all and others > 0:
        run["of_another_input"] = others
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
    "profile_path",
)


def _moment(clock: Clock) -> str:
    return datetime.fromtimestamp(clock.wall(), UTC).isoformat(timespec="seconds")
