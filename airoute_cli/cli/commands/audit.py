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
def show(
    run: RunArgument,
    row: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]",
            help="A row: its custom_id, or its line in the input where it has none.",
            show_default=False,
        ),
    ] = None,
    *,
    json: JsonOption = False,
) -> None:
    """Tell the story of a row. What the policy said, who could answer, each call, the end.

    Without ID it is the story of the run, with some ids.
    """
    from airoute_cli.cli.render import audit_story as render
    from airoute_cli.cli.render.machine import print_json
    from airoute_cli.core.errors import RunError
    from airoute_cli.engine.audit_replay import UNREADABLE
    from airoute_cli.engine.audit_show import show_row, show_run

    try:
        if row is None:
            told = show_run(run)
            print_json(render.run_data(told)) if json else render.draw_run(told, run)
            return
        story = show_row(run, row)
        print_json(render.story_data(story)) if json else render.draw_story(story)
    except UNREADABLE:
        raise RunError(
            f"a record of {run} is none that a run has written, so that its story cannot be told; "
            f"airoute audit verify {run} names it"
        ) from None


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
    """Check the chain of a run, and make its decisions again. Exit 6 if anything differs."""
    from airoute_cli.cli.render.audit import draw_verdict, verdict_data
    from airoute_cli.cli.render.machine import print_json
    from airoute_cli.engine.audit_verify import verify as check

    verdict = check(run, head.strip().casefold() if head else None)
    print_json(verdict_data(verdict)) if json else draw_verdict(verdict)
    if not verdict.holds:
        raise typer.Exit(ExitCode.CHECK_FAILED)


@app.command()
def prove(
    run: RunArgument,
    *,
    rule: Annotated[str, typer.Option("--rule", metavar="NAME", help="A rule of the policy.")],
    json: JsonOption = False,
) -> None:
    """Prove where the calls for a rule's rows went. Exit 6 if one went where it may not."""
    from airoute_cli.cli.render.audit import draw_proof, proof_data
    from airoute_cli.cli.render.machine import print_json
    from airoute_cli.engine.audit_prove import prove as follow

    proof = follow(run, rule)
    print_json(proof_data(proof)) if json else draw_proof(proof)
    if not proof.holds:
        raise typer.Exit(ExitCode.CHECK_FAILED)
