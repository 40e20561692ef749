"""``airoute costs``: what was spent on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from airoute_cli.cli.options import JsonOption
from airoute_cli.core.budget import By


def costs(
    by: Annotated[By, typer.Option("--by", help="What to add up by.")] = By.MODEL,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE", help="From this day on (UTC).", show_default=False),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show what was spent. Estimated, charged by the price table, and reported by providers."""
    from airoute_cli.engine.costs import costs as read

    told = read(by, since)
    if json:
        from airoute_cli.cli.render.machine import print_json

        print_json(told)
    else:
        from airoute_cli.cli.render.costs import draw_costs

        draw_costs(told)
