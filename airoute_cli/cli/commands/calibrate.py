"""``airoute calibrate``: whether routing pays on graded prompts, and the file that does it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from airoute_cli.cli.exit_codes import ExitCode
from airoute_cli.cli.options import JsonOption, ProfileOption

if TYPE_CHECKING:
    from airoute_cli.engine.calibrate import Goal

_WHOLE = 100


def calibrate(
    scores: Annotated[
        Path,
        typer.Argument(
            metavar="SCORES",
            help='Lines such as {"prompt": "…", "scores": {"small": 0, "large": 1}}, or the folder '
            "of an eval.",
            show_default=False,
        ),
    ],
    *,
    route: Annotated[
        str,
        typer.Option(metavar="NAME", help="The route whose models they are.", show_default=False),
    ],
    target_share: Annotated[
        float | None,
        typer.Option(
            metavar="PERCENT",
            help="Of the prompts that the second model gets. [default: what recovers 80% of the "
            "gap]",
            show_default=False,
        ),
    ] = None,
    target_cost: Annotated[
        float | None,
        typer.Option(
            metavar="USD", help="Per request, on average, instead of a share.", show_default=False
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to. [default: what the route names, else NAME.learned.json]",
            show_default=False,
        ),
    ] = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Write the file though the verdict is not to route.")
    ] = False,
    profile: ProfileOption = None,
    json: JsonOption = False,
) -> None:
    """Say whether routing pays on graded prompts. Exit 6 if not.

    It writes what was learned beside the profile, for a route to read.

    For a cascade, lines have "confidence" and "correct" as well, and min_confidence is printed.
    """
    import os

    from airoute_cli.cli.render.calibrate import as_data, as_text
    from airoute_cli.engine.calibrate import find_route, place, save
    from airoute_cli.engine.calibrate_run import calibrate as run
    from airoute_cli.engine.open_profile import open_untrained
    from airoute_cli.routing.learned.verdict import Verdict

    goal = _goal(target_share, target_cost)
    opened = open_untrained(profile, os.environ)
    wanted = find_route(opened, route)
    found = run(opened, wanted, scores, goal)
    for sentence in found.unusable:
        typer.echo(f"airoute: {sentence}", err=True)
    routes = found.conclusion.verdict is Verdict.ROUTE
    path = place(opened, wanted, output) if found.file and (routes or anyway) else None
    if path is not None and found.file is not None:
        save(found.file, path)
    if json:
        from airoute_cli.cli.render.machine import print_json

        print_json(as_data(found, path))
    else:
        typer.echo(as_text(found, path))
    if not routes:
        raise typer.Exit(ExitCode.CHECK_FAILED)


def _goal(share: float | None, cost: float | None) -> Goal:
    from airoute_cli.core.errors import UsageError
    from airoute_cli.engine.calibrate import Goal

    if share is not None and cost is not None:
        raise UsageError("--target-share and --target-cost are both given. Keep one of them.")
    if share is not None and not 0 < share < _WHOLE:
        raise UsageError(f"--target-share {share:g} is no percentage between 0 and 100.")
    if cost is not None and not 0 <= cost < float("inf"):
        raise UsageError(f"--target-cost {cost:g} is no amount of US dollars.")
    return Goal(None if share is None else share / _WHOLE, cost)
