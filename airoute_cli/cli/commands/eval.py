"""``airoute eval``: contenders answer the same cases, and are graded and compared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from airoute_cli.cli.options import EnvFileOption, JsonOption, QuietOption


def evaluate(
    cases: Annotated[
        str, typer.Argument(metavar="CASES", help="A JSONL file of rows, each with an expect.")
    ],
    *,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="DIR", help="Where answers and grades are kept."),
    ],
    profile: Annotated[
        list[Path] | None,
        typer.Option(
            "--profile", metavar="FILE", help="A contender; repeatable.", show_default=False
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME",
            help="One model for every case; repeatable.",
            show_default=False,
        ),
    ] = None,
    route: Annotated[
        list[str] | None,
        typer.Option(
            "--route",
            metavar="NAME",
            help="One route for every case; repeatable.",
            show_default=False,
        ),
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(
            "--judge", metavar="NAME", help="The model for expect.judge.", show_default=False
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--baseline",
            metavar="DIR",
            help="An earlier evaluation; exit 6 where one got worse beyond noise.",
            show_default=False,
        ),
    ] = None,
    fail_under: Annotated[
        float | None,
        typer.Option(
            "--fail-under",
            min=0,
            max=1,
            help="Exit 6 where a contender's quality is lower.",
            show_default=False,
        ),
    ] = None,
    no_calls: Annotated[
        bool, typer.Option("--no-calls", help="Grade the answers that are there; ask nobody.")
    ] = False,
    concurrency: Annotated[
        int, typer.Option("--max-concurrency", "-j", min=1, help="Calls at once.")
    ] = 64,
    env_file: EnvFileOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Grade profiles, routes and models on your own cases.

    For each: quality with its interval, cost, cost per accepted answer, latency.

    Run it again with the same folder to grade again: only what has no answer yet is asked.
    """
    from airoute_cli.cli.eval_run import EvalFlags, run

    flags = EvalFlags(
        source=cases,
        output=output,
        profiles=tuple(profile or ()),
        models=tuple(model or ()),
        routes=tuple(route or ()),
        judge=judge,
        baseline=baseline,
        fail_under=fail_under,
        no_calls=no_calls,
        concurrency=concurrency,
        env_file=env_file,
        json=json,
        quiet=quiet,
    )
    raise typer.Exit(run(flags))
