"""``airoute diff``: what another profile would do to the same rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from airoute_cli.cli.options import JsonOption, LimitOption, LinesOption


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD.toml", help="The profile as it is.")],
    new: Annotated[Path, typer.Argument(metavar="NEW.toml", help="The profile as it would be.")],
    source: Annotated[
        str,
        typer.Option(
            "--input-file",
            "-i",
            metavar="FILE",
            help="JSONL rows (.gz and .zst too); - is stdin.",
            show_default=False,
        ),
    ],
    limit: LimitOption = None,
    lines: LinesOption = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 6 when something changes.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Show which rows another profile would treat otherwise. Opens no socket.

    Who may answer, who is asked, what is sent, and what it costs.

    Exit codes: 0; with --exit-code 6 when something changes; 3 when a row cannot be read.
    """
    from airoute_cli.cli.diff_run import show

    raise typer.Exit(
        show(
            old,
            new,
            source=source,
            limit=limit,
            plain_lines=lines,
            exit_code=exit_code,
            json=json,
        )
    )
