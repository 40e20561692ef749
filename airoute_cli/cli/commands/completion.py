"""``airoute completion``: the completion script of a shell."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Shell(StrEnum):
    """The shells that there is a script for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(shell: Annotated[Shell, typer.Argument(help="The shell.")]) -> None:
    """Print the completion script of a shell. Source it, or put it where the shell looks."""
    from typer._completion_shared import get_completion_script  # no public name gives the text

    script = get_completion_script(
        prog_name="airoute", complete_var="_AIROUTE_COMPLETE", shell=shell.value
    )
    typer.echo(script)
