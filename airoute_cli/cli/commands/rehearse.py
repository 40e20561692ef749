"""``airoute rehearse``: the run as it would be, against providers that fail as they are told."""

from __future__ import annotations

from typing import Annotated

import typer

from airoute_cli.cli.options import (
    ConcurrencyOption,
    InputFileOption,
    JsonOption,
    LimitOption,
    LinesOption,
    ProfileOption,
    QuietOption,
)


def rehearse(
    source: Annotated[
        str | None,
        typer.Argument(metavar="[INPUT]", help="Rows, as for batch.", show_default=False),
    ] = None,
    input_file: InputFileOption = None,
    faults: Annotated[
        str,
        typer.Option(
            "--faults",
            metavar="FAULTS",
            help="As in 429:5%,hang:0.5%,fast=401@1000: a status or hang, cut, close, refused, "
            "malformed, empty, truncated, slow; a share of the calls, or from which one on.",
        ),
    ] = "429:2%,500:1%,hang:0.2%,cut:0.5%",
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="DIR", help="Keep the run folder here.", show_default=False
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Another one draws other faults.")] = 0,
    concurrency: ConcurrencyOption = 64,
    limit: LimitOption = None,
    lines: LinesOption = False,
    profile: ProfileOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run a batch against made-up providers that fail as told.

    No key, no call, no wait.

    Everything else is real: routes, policy, limits, retries, breakers, prices. Time is virtual, so
    that a night takes minutes. Exit codes: 0; 6 if a row was lost, which would be a bug.
    """
    from airoute_cli.cli.batch_run import one_source
    from airoute_cli.cli.rehearse_run import RehearseFlags, run

    flags = RehearseFlags(
        source=one_source(source, input_file, "airoute rehearse -i rows.jsonl"),
        faults=faults,
        output=output,
        seed=seed,
        concurrency=concurrency,
        limit=limit,
        plain_lines=lines,
        profile=profile,
        json=json,
        quiet=quiet,
    )
    raise typer.Exit(run(flags))
