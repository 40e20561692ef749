"""What ``airoute batch`` does once its flags are read."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from airoute_cli.cli.exit_codes import ExitCode, gravest
from airoute_cli.cli.options import environment
from airoute_cli.cli.render.batch import (
    Narrator,
    draw_estimate,
    draw_summary,
    health_line,
    watcher,
)
from airoute_cli.cli.render.machine import json_text, print_json
from airoute_cli.cli.render.plain import harmless
from airoute_cli.core.errors import UsageError
from airoute_cli.edges.paths import state_folder
from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.engine import loop
from airoute_cli.engine.batch import BatchOptions, BatchReport, require_prices, run_batch
from airoute_cli.engine.dry_run import estimate
from airoute_cli.engine.open_profile import open_profile
from airoute_cli.engine.stop import StopReason
from airoute_cli.engine.stored_profile import (
    ProfileChain,
    accept_profile,
    keep_profile,
    stored_profile,
)
from airoute_cli.engine.world import World

STDOUT = "-"


@dataclass(frozen=True, slots=True)
class BatchFlags:
    """The flags of ``airoute batch``, as given."""

    source: str
    output: str | None
    concurrency: int
    requests_per_minute: int | None
    tokens_per_minute: int | None
    profile: Path | None
    resume: bool
    retry_errors: bool
    accept_profile: bool
    limit: int | None
    extract: str | None
    ordered: bool
    plain_lines: bool
    env_file: Path | None
    json: bool
    quiet: bool

    @property
    def options(self) -> BatchOptions:
        """What concerns the engine."""
        return BatchOptions(
            source=self.source,
            concurrency=self.concurrency,
            requests_per_minute=self.requests_per_minute,
            tokens_per_minute=self.tokens_per_minute,
            retry_errors=self.retry_errors,
            limit=self.limit,
            extract=self.extract,
            ordered=self.ordered,
            plain_lines=self.plain_lines,
        )


def one_source(argument: str | None, option: str | None, example: str) -> str:
    """The input, given as an argument or with ``-i``. Raises UsageError."""
    if argument and option:
        raise UsageError("the input is given twice, as an argument and with -i; give it once")
    if given := argument or option:
        return given
    raise UsageError(f"no input: give a JSONL file, as in: {example}")


def dry(flags: BatchFlags) -> ExitCode:
    """Route everything, call nothing, write nothing."""
    profile = open_profile(flags.profile, environment(flags.env_file))
    told = estimate(flags.options, profile)
    if flags.json:
        print_json(told)
    else:
        draw_estimate(told)
    return _rows_code(told["rows"])


def live(flags: BatchFlags) -> ExitCode:
    """Run it."""
    environ = environment(flags.env_file)
    narrator = Narrator(quiet=flags.quiet)
    _check(flags)
    with _open_folder(flags) as folder:
        flags = _as_begun(flags, folder.read_manifest()) if flags.resume else flags
        chain = _profiles(flags, environ, folder, narrator)
        report = loop.run(_run(flags, chain, environ, folder, narrator))
    _tell(flags, report, narrator)
    return exit_code(report)


async def _run(
    flags: BatchFlags,
    chain: ProfileChain,
    environ: Mapping[str, str],
    folder: RunFolder,
    narrator: Narrator,
) -> BatchReport:
    return await run_batch(
        flags.options,
        chain,
        World.real(environ),
        folder,
        watch=watcher(narrator, results_shown=flags.output == STDOUT and sys.stdout.isatty()),
        note=narrator.say,
        write=_to_stdout if flags.output == STDOUT else None,
    )


def _check(flags: BatchFlags) -> None:
    if not flags.output:
        raise UsageError(
            "no run folder: add -o DIR, as in: airoute batch rows.jsonl -o runs/night "
            "(or -o - for results on stdout, or --dry-run for an estimate)"
        )
    if flags.resume and flags.output == STDOUT:
        raise UsageError("--resume needs the run's folder: give it with -o DIR")
    for name, given in (
        ("--retry-errors", flags.retry_errors),
        ("--accept-profile", flags.accept_profile),
    ):
        if given and not flags.resume:
            raise UsageError(f"{name} goes with --resume")


def _open_folder(flags: BatchFlags) -> RunFolder:
    if flags.output == STDOUT:
        return RunFolder.create(_run_under_state())
    path = Path(flags.output or "")
    return RunFolder.resume(path) if flags.resume else RunFolder.create(path)


def _as_begun(flags: BatchFlags, begun: Mapping[str, Any]) -> BatchFlags:
    """A run's rows are read, and its answers searched, as they were when it began."""
    if flags.plain_lines and not begun.get("lines", True):
        raise UsageError(
            "the run began without --lines, and its rows would be others with it; leave it out, "
            "or begin a run in another folder"
        )
    lines = begun.get("lines", flags.plain_lines)
    return replace(flags, plain_lines=lines, extract=flags.extract or begun.get("extract"))


def _run_under_state() -> Path:
    from datetime import UTC, datetime
    from secrets import token_hex

    runs = state_folder() / "runs"
    for folder in (runs.parent, runs):  # a mode given for the last one does not hold above it
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return runs / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{token_hex(3)}"


def _profiles(
    flags: BatchFlags, environ: Mapping[str, str], folder: RunFolder, narrator: Narrator
) -> ProfileChain:
    """The stored profile on resume, unless another one is accepted."""
    if flags.resume and not flags.accept_profile:
        kept = stored_profile(folder)
        if flags.profile is not None and _differs(flags.profile, environ, kept):
            raise UsageError(
                f"{flags.profile} is not the profile that this run began with; leave --profile "
                "out to go on with the stored one, or add --accept-profile to change it"
            )
        return kept
    profile = open_profile(flags.profile, environ)
    require_prices(profile)  # before it is stored: a profile that cannot run must not be in force
    if not flags.resume:
        return keep_profile(folder, profile)
    narrator.say(
        f"going on with the profile {profile.path}, as accepted; rows that were tried before go "
        "only to models that the earlier profiles allow them too"
    )
    return accept_profile(folder, profile)


def _differs(path: Path, environ: Mapping[str, str], kept: ProfileChain) -> bool:
    return open_profile(path, environ).digest != kept.profile.digest


def _to_stdout(line: bytes) -> None:
    sys.stdout.buffer.write(json_text(line).encode() if sys.stdout.isatty() else line)
    sys.stdout.buffer.flush()


def _tell(flags: BatchFlags, report: BatchReport, narrator: Narrator) -> None:
    if flags.json and flags.output != STDOUT:
        print_json(report.summary)
    if not flags.quiet:
        draw_summary(report.summary, narrator)
    elif report.stop_reason is StopReason.UNAVAILABLE:  # an error, which quiet does not keep quiet
        for name, told in report.summary["health"].items():
            sys.stderr.write(f"airoute: {harmless(health_line(name, told))}" + "\n")
    if because := report.summary["run"].get("stopped_because"):
        sys.stderr.write(f"airoute: stopped: {because}" + "\n")


def exit_code(report: BatchReport) -> ExitCode:
    """What the shell is told of a run."""
    codes = [_rows_code(report.summary["rows"])]
    if report.stop_reason is not None:
        codes.append(STOP_CODES[report.stop_reason])
    if not report.summary["conserved"]:
        codes.append(ExitCode.FATAL)
    return gravest(codes)


def _rows_code(rows: Mapping[str, Any]) -> ExitCode:
    if rows["failed"] or rows["deferred"] or rows["handed_off"] or rows["pending"]:
        return ExitCode.INCOMPLETE
    return ExitCode.REFUSED if rows["refused"] else ExitCode.OK


STOP_CODES = {
    StopReason.INTERRUPTED: ExitCode.INTERRUPTED,
    StopReason.TERMINATED: ExitCode.TERMINATED,
    StopReason.UNAVAILABLE: ExitCode.STOPPED,
    StopReason.CANARY: ExitCode.STOPPED,
    StopReason.BUDGET: ExitCode.STOPPED,
}
