"""``airoute batch``: answer a file of rows, overnight if need be."""

from __future__ import annotations

from typing import Annotated

import typer

from airoute_cli.cli.options import (
    ConcurrencyOption,
    DebugOption,
    EnvFileOption,
    ExtractOption,
    InputFileOption,
    JsonOption,
    LimitOption,
    LinesOption,
    ProfileOption,
    QuietOption,
    debug_if,
)


def batch(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="[INPUT]", help="JSONL rows (.gz and .zst too); - is stdin.", show_default=False
        ),
    ] = None,
    input_file: InputFileOption = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="The run folder; - writes results to stdout.",
            show_default=False,
        ),
    ] = None,
    concurrency: ConcurrencyOption = 64,
    requests_per_minute: Annotated[
        int | None,
        typer.Option(
            "--max-requests-per-minute", min=1, help="For the whole run.", show_default=False
        ),
    ] = None,
    tokens_per_minute: Annotated[
        int | None,
        typer.Option(
            "--max-tokens-per-minute", min=1, help="For the whole run.", show_default=False
        ),
    ] = None,
    profile: ProfileOption = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in this folder.")
    ] = False,
    retry_errors: Annotated[
        bool,
        typer.Option("--retry-errors", help="With --resume: try the rows that did not complete."),
    ] = False,
    accept_profile: Annotated[
        bool, typer.Option("--accept-profile", help="With --resume: go on with another profile.")
    ] = False,
    limit: LimitOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Route every row, call nothing, print the estimate.")
    ] = False,
    extract: ExtractOption = None,
    ordered: Annotated[
        bool, typer.Option("--ordered", help="Results in the order of the input.")
    ] = False,
    lines: LinesOption = False,
    env_file: EnvFileOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
    quiet: QuietOption = False,
) -> None:
    """Answer a file of rows: routed, rate limited, resumable.

    Exit codes: 0 all rows completed; 3 some did not; 4 stopped early; 5 some were refused;
    130 interrupted.
    """
    from airoute_cli.cli.batch_run import BatchFlags, dry, live, one_source

    debug_if(wanted=debug)
    flags = BatchFlags(
        source=one_source(source, input_file, "airoute batch rows.jsonl -o runs/night"),
        output=output,
        concurrency=concurrency,
        requests_per_minute=requests_per_minute,
        tokens_per_minute=tokens_per_minute,
        profile=profile,
        resume=resume,
        retry_errors=retry_errors,
        accept_profile=accept_profile,
        limit=limit,
        extract=extract,
        ordered=ordered,
        plain_lines=lines,
        env_file=env_file,
        json=json,
        quiet=quiet,
    )
    raise typer.Exit(dry(flags) if dry_run else live(flags))
