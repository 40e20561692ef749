"""``airoute audit``: what a run decided, whom it asked, and the proof."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from airoute_cli.cli.exit_codes import ExitCode
from airoute_cli.cli.options import JsonOption

app = typer.Typer(
    no_args_is_help=True, help="What a run decided, whom it asked, and the proof of it."
)

RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")]


@app.command()
def verify(
    run: RunArgument,
    *,
    head: Annotated[
        str | None,
        typer.Option(
            "--head",
            metavar="DIGEST",
            help="The head that was printed when the run ended.",
            show_default=False,
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Check the chain of audit.jsonl, and make every decision again; exit 6 if anything differs."""
    from airoute_cli.cli.render.audit import verdict_data, verdict_lines
    from airoute_cli.cli.render.machine import print_json
    from airoute_cli.engine.audit_verify import verify as check

    verdict = check(run, head.strip().casefold() if head else None)
    if json:
        print_json(verdict_data(verdict))
    else:
        for line in verdict_lines(verdict):
            typer.echo(line)
    if not verdict.holds:
        raise typer.Exit(ExitCode.CHECK_FAILED)
