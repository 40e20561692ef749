"""Options that several commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

ProfileOption = Annotated[
    Path | None,
    typer.Option(
        "--profile",
        metavar="FILE",
        help="The profile. [default: $AIROUTE_PROFILE, ./airoute.toml, the user's config folder]",
        show_default=False,
    ),
]
EnvFileOption = Annotated[
    Path | None,
    typer.Option(
        "--env-file", metavar="FILE", help="Read keys from a .env file.", show_default=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Say nothing on stderr but errors.")
]


def environment(env_file: Path | None) -> Mapping[str, str]:
    """The environment, with the keys of ``env_file`` under it: what is exported wins."""
    if env_file is None:
        return os.environ
    from airoute_cli.edges.secrets import load_env_file

    return {**load_env_file(env_file), **os.environ}


def read_prompt(argument: str | None) -> str:
    """The prompt: stdin where it is piped, then the argument. Raises UsageError without either."""
    from airoute_cli.core.errors import UsageError

    explicit = argument == "-"
    given = sys.stdin if explicit or (sys.stdin and not sys.stdin.isatty()) else None
    piped = given.read() if given else ""  # none at all where the shell has closed it (<&-)
    parts = [part for part in (piped.strip(), "" if explicit else argument) if part]
    if not parts:
        raise UsageError('nothing to ask: give a prompt, as in: airoute ask "What is a spoke?"')
    return "\n\n".join(parts)
