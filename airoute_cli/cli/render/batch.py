"""Draws a batch: progress on a terminal, a heartbeat in a log, the estimate and the summary."""

from __future__ import annotations

import asyncio
import shlex
import textwrap
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from airoute_cli.cli.render.plain import harmless
from airoute_cli.core.outcome import RowState
from airoute_cli.engine.batch import STDIN
from airoute_cli.engine.job import Job
from airoute_cli.engine.summary import (
    flag_sentences,
    labels_sentence,
    money_sentence,
    privacy_sentences,
    sentence,
)
from airoute_cli.routing.wording import counted

REFRESH_S = 0.25
HEARTBEAT_S = 30.0
# Columns from which a long bar leaves room for every figure beside it.
ROOMY = 100


# Names and messages are shown as they stand: [brackets] and :colons: mean nothing to us.
AS_WRITTEN: dict[str, Any] = {"highlight": False, "markup": False, "emoji": False}


class Narrator:
    """Says things on stderr; quiet, it says nothing."""

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet
        self.console = Console(stderr=True, quiet=quiet, soft_wrap=True, **AS_WRITTEN)

    def say(self, text: str, *, wrapped: bool = True) -> None:
        """A sentence on a line of its own, which a terminal gets without a word cut in two.

        Not ``wrapped``: what is to be copied.
        """
        shown = harmless(text)
        if wrapped and self.console.is_terminal:
            shown = textwrap.fill(
                shown, self.console.width, break_long_words=False, break_on_hyphens=False
            )
        self.console.print(shown)


def watcher(
    narrator: Narrator, *, results_shown: bool = False
) -> Callable[[Job], Coroutine[Any, Any, None]]:
    """What shows a job's progress: a bar on a terminal, lines elsewhere, nothing when quiet.

    ``results_shown``: results go to the same terminal, and a bar would be written over.
    """
    if narrator.quiet:
        return nothing
    shows = _bar if narrator.console.is_terminal and not results_shown else _heartbeat
    return lambda job: shows(job, narrator)


async def nothing(_: Job) -> None:
    """Draw nothing until the job has ended."""
    await asyncio.Event().wait()


async def _bar(job: Job, narrator: Narrator) -> None:
    progress = Progress(
        SpinnerColumn(),
        BarColumn(bar_width=24 if narrator.console.width >= ROOMY else 12),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=narrator.console,
        transient=True,
    )
    started = time.monotonic()
    with progress:
        bar = progress.add_task("", total=None)
        while True:
            _advance(progress, bar, job, time.monotonic() - started)
            await asyncio.sleep(REFRESH_S)


def _advance(progress: Progress, bar: TaskID, job: Job, seconds: float) -> None:
    share = _share_done(job)
    progress.update(
        bar,
        total=1.0 if share is not None else None,
        completed=share or 0.0,
        description=status_line(job, seconds),
    )


async def _heartbeat(job: Job, narrator: Narrator) -> None:
    started = time.monotonic()
    while True:
        await asyncio.sleep(HEARTBEAT_S)
        narrator.say(f"airoute: {status_line(job, time.monotonic() - started)}")


def status_line(job: Job, seconds: float) -> str:
    """Rows done, rate, cost so far, what failed, and the time that is left."""
    done = job.counts.done
    fresh = done - job.counts.finished_before
    parts = [counted(done, "row"), f"{fresh / seconds if seconds else 0:,.1f} rows/s"]
    parts.append(f"${float(job.tally.usd):.4f}")
    parts += [
        f"{job.counts.states[state]:,} {state.replace('_', ' ')}"
        for state in (RowState.FAILED, RowState.REFUSED)
        if job.counts.states[state]
    ]
    share = _share_done(job)
    if share and fresh:
        left = done * (1 - share) / share
        parts.append(f"{duration(seconds * left / fresh)} left")
    parts += job.troubles  # last, as a narrow terminal cuts off what does not fit
    return " · ".join(parts)


def _share_done(job: Job) -> float | None:
    """The share of the input that has ended: what was read, less what is still under way."""
    if job.progress is None or not job.counts.rows_in:
        return None
    return job.progress * job.counts.done / job.counts.rows_in


def duration(seconds: float) -> str:
    """As in ``1h02m`` or ``3m04s``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{rest:02}s"


def draw_estimate(told: Mapping[str, Any]) -> None:
    """The dry run, on stdout."""
    console = Console(**AS_WRITTEN)
    table = Table(box=None, pad_edge=False)
    _columns(table, ("route", "model"), ("rows", "tokens in", "expected $", "worst $"))
    total = told["total"]
    for share in told["shares"]:
        table.add_row(
            share["route"],
            share["model"],
            f"{share['rows']:,}",
            f"{share['input_tokens']:,}",
            _usd(share, "expected_usd"),
            _usd(share, "worst_usd"),
        )
    table.add_section()
    table.add_row(
        "total",
        "",
        f"{told['rows']['routed']:,}",
        f"{total['input_tokens']:,}",
        _usd(total, "expected_usd"),
        _usd(total, "worst_usd"),
    )
    console.print(table)
    draw_failures(console, told["failures"])
    if labels := told.get("labels"):
        console.print(
            f"{labels['model']} would be asked for the task of {counted(labels['rows'], 'row')} "
            f"first, which is ${labels['worst_usd']:.6f} of the worst; until then they count under "
            "the default task."
        )
    console.print(
        "Nothing was called. Token counts are estimates; worst is every call of the plan."
    )


def _usd(share: Mapping[str, Any], key: str) -> str:
    return f"{share[key]:.6f}" + (f" + {share['unpriced']:,} unpriced" if share["unpriced"] else "")


def draw_summary(summary: Mapping[str, Any], narrator: Narrator) -> None:
    """The end of a run, on stderr."""
    console = narrator.console
    draw_shares(console, summary)
    draw_failures(console, summary["failures"])
    narrator.say(f"{sentence(summary)}  ({summary['run']['seconds']:.1f} s)")
    narrator.say(f"cost {money_sentence(summary['cost'])}")
    if "labels" in summary:
        narrator.say(f"tasks {labels_sentence(summary['labels'])}")
    for line in privacy_sentences(summary):
        narrator.say(line)
    for name, told in summary["health"].items():
        narrator.say(health_line(name, told))
    for flagged in flag_sentences(summary):
        narrator.say(f"flagged: {flagged}")
    _draw_files(summary, narrator)


def draw_shares(console: Console, summary: Mapping[str, Any]) -> None:
    """Who answered how many rows of which route, and at what cost."""
    table = Table(box=None, pad_edge=False)
    numbers = ("rows", "tokens in", "tokens out", "cost $", "p50 ms", "p95 ms")
    _columns(table, ("route", "model"), numbers)
    for share in summary["shares"]:
        table.add_row(
            share["route"],
            share["model"],
            f"{share['rows']:,}",
            f"{share['input_tokens']:,}",
            f"{share['output_tokens']:,}",
            "unpriced" if share["unpriced"] == share["rows"] else f"{share['usd']:.6f}",
            f"{share['p50_ms']:,.0f}",
            f"{share['p95_ms']:,.0f}",
        )
    if summary["shares"]:
        console.print(table)


def health_line(name: str, told: Mapping[str, Any]) -> str:
    """What became of a model that could not be asked for some time."""
    if "why" in told:
        return f"{name} was not asked any more: {told['why']}"
    times = "once" if told["opened"] == 1 else f"{told['opened']:,} times"
    still = ", and still is" if told["state"] != "closed" else ""
    last = next(move["why"] for move in reversed(told["history"]) if move["why"])
    return f"{name} was out {times}, {told['open_s']:,.0f} s in all{still} (last: {last})"


def draw_failures(console: Console, failures: list[Mapping[str, Any]]) -> None:
    """Why rows did not complete, with the lines where they stand."""
    for failure in failures:
        lines = ", ".join(map(str, failure["lines"]))
        more = ", …" if failure["rows"] > len(failure["lines"]) else ""
        word = "line" if failure["rows"] == 1 else "lines"
        text = (
            f"{failure['code']}: {failure['rows']:,} ({word} {lines}{more}): {failure['example']}"
        )
        console.print(harmless(text))


def _draw_files(summary: Mapping[str, Any], narrator: Narrator) -> None:
    folder = summary["run"]["folder"]
    views = [
        f"{folder}/{name} ({rows:,})" for name, rows in summary["run"]["views"].items() if rows
    ]
    names = [f"{folder}/results.jsonl", *views, f"{folder}/summary.md"]
    audit = summary["run"]["audit"]
    narrator.say(f"audit: head {audit['head']} ({audit['records']:,} records)", wrapped=False)
    narrator.say("files: " + ", ".join(names), wrapped=False)
    if others := summary["run"].get("of_another_input"):
        narrator.say(
            f"{folder}/results.jsonl also holds {counted(others, 'answer')} to what does not stand "
            f"in {summary['run']['input']}: the run began with another input"
        )
    if summary["rows"]["pending"]:
        narrator.say(_go_on(summary), wrapped=False)


def _go_on(summary: Mapping[str, Any]) -> str:
    """The command that goes on with a run, as it must be typed."""
    run = summary["run"]
    # Where a name has to be corrected or a budget raised, the profile that is stored will not do.
    wanted = [
        run.get("go_on_with", ""),
        *(one.get("resume", "") for one in summary["health"].values()),
    ]
    flags = (max(wanted) or "--resume").split()
    if "--accept-profile" in flags:
        flags += ["--profile", run["profile_path"]]
    piped = run["input"] == STDIN
    command = ["airoute", "batch", "-" if piped else run["input"], "-o", run["folder"], *flags]
    told = shlex.join(map(str, command))
    return f"go on with the same rows on stdin of: {told}" if piped else f"go on with: {told}"


def _columns(table: Table, words: tuple[str, ...], numbers: tuple[str, ...]) -> None:
    for word in words:
        table.add_column(word, overflow="fold")
    for number in numbers:
        table.add_column(number, justify="right")
