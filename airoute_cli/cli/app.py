"""The command line: which commands there are. Each stands in a file of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from airoute_cli import __version__
from airoute_cli.cli.commands import audit, models, profile, providers
from airoute_cli.cli.commands.ask import ask
from airoute_cli.cli.commands.batch import batch
from airoute_cli.cli.commands.calibrate import calibrate
from airoute_cli.cli.commands.completion import completion
from airoute_cli.cli.commands.costs import costs
from airoute_cli.cli.commands.diff import diff
from airoute_cli.cli.commands.eval import evaluate
from airoute_cli.cli.commands.rehearse import rehearse
from airoute_cli.cli.commands.try_ import try_

app = typer.Typer(
    name="airoute",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"airoute {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", "-V", callback=_version, is_eager=True, help="Print it."),
    ] = False,
) -> None:
    """Route every prompt to the right model: a plan you can read, a batch that survives."""


app.command()(ask)
app.command()(batch)
app.command("try")(try_)
app.command()(rehearse)
app.add_typer(audit.app, name="audit")
app.command()(costs)
app.command()(diff)
app.command("eval")(evaluate)
app.command()(calibrate)
app.add_typer(profile.app, name="profile")
app.add_typer(models.app, name="models")
app.add_typer(providers.app, name="providers")
app.command()(completion)
