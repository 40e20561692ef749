"""``airoute profile``: write, check, show and find the profile."""

from __future__ import annotations

import json as json_text
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from airoute_cli.cli.exit_codes import ExitCode
from airoute_cli.cli.options import EnvFileOption, JsonOption, ProfileOption, environment

app = typer.Typer(no_args_is_help=True, help="Write, check, show and find the profile.")

PathOption = Annotated[
    Path | None,
    typer.Option(
        "--path", metavar="FILE", help="Where to. [default: ./airoute.toml]", show_default=False
    ),
]
UserOption = Annotated[bool, typer.Option("--user", help="Write it into your config folder.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace a file that is there.")]


@app.command()
def init(*, path: PathOption = None, user: UserOption = False, force: ForceOption = False) -> None:
    """Write a commented starter. It has the embedded model and the keys of the environment."""
    from airoute_cli.edges.profile.load import FILE_NAME, user_profile
    from airoute_cli.edges.profile.starter import starter
    from airoute_cli.edges.profile.write import write_new

    target = path or (user_profile() if user else Path(FILE_NAME))
    write_new(target, starter(os.environ), force=force)
    typer.echo(target)
    named = f" --profile {path}" if path else ""
    typer.echo(
        "Next: airoute models pull smollm2\n"
        f"      airoute profile check{named}\n"
        f'      airoute ask "What is a spoke?"{named}',
        err=True,
    )


@app.command()
def check(
    *, profile: ProfileOption = None, env_file: EnvFileOption = None, json: JsonOption = False
) -> None:
    """Say what is wrong with the profile, without a call. Exit 6 if anything is an error."""
    from airoute_cli.engine.check import check_profile
    from airoute_cli.engine.finding import Level
    from airoute_cli.engine.open_profile import open_profile

    environ = environment(env_file)
    opened = open_profile(profile, environ)
    findings = check_profile(opened, environ)
    if json:
        typer.echo(json_text.dumps([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            typer.echo(str(finding))
    errors = sum(finding.level is Level.ERROR for finding in findings)
    others = len(findings) - errors
    typer.echo(f"{opened.path}: {_count(errors, 'error')}, {_count(others, 'remark')}.", err=True)
    if errors:
        raise typer.Exit(ExitCode.CHECK_FAILED)


@app.command()
def show(*, profile: ProfileOption = None, json: JsonOption = False) -> None:
    """Print the profile as airoute reads it. Names resolved, prices found, defaults filled in."""
    from airoute_cli.cli.render.profile import as_data, as_text
    from airoute_cli.engine.open_profile import open_profile

    opened = open_profile(profile, os.environ)
    typer.echo(json_text.dumps(as_data(opened)) if json else as_text(opened))


@app.command()
def path(*, profile: ProfileOption = None) -> None:
    """Print which file is read."""
    from airoute_cli.edges.profile.load import find_profile

    typer.echo(find_profile(profile, os.environ, Path.cwd()))


@app.command()
def keys() -> None:
    """Print the page that lists every key. With its type, default and meaning."""
    from airoute_cli.engine.open_profile import profile_reference

    typer.echo(profile_reference(), nl=False)


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
