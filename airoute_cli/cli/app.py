"""The command line: which commands there are. Each stands in a file of its own."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from airoute_cli import __version__

# By name, in the order of the help: the file in `commands/`, and what stands in it.
_COMMANDS = {
    "ask": ("ask", "ask"),
    "batch": ("batch", "batch"),
    "try": ("try_", "try_"),
    "rehearse": ("rehearse", "rehearse"),
    "costs": ("costs", "costs"),
    "diff": ("diff", "diff"),
    "eval": ("eval", "evaluate"),
    "calibrate": ("calibrate", "calibrate"),
    "completion": ("completion", "completion"),
    "audit": ("audit", "app"),
    "profile": ("profile", "app"),
    "models": ("models", "app"),
    "providers": ("providers", "app"),
}
_MANNER: dict[str, Any] = {
    "add_completion": False,
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
}


class _Commands(MutableMapping[str, Any]):
    """Typer's commands by name: a file is read, and its flags worked out, when it is asked for.

    To do it for all of them takes as long as the plan of a prompt with its profile.
    """

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = _command(name, *_COMMANDS[name])
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_COMMANDS)

    def __len__(self) -> int:
        return len(_COMMANDS)


class _Group(TyperGroup):
    def __init__(self, **given: Any) -> None:
        super().__init__(**{**given, "commands": _Commands()})


def _command(name: str, file: str, what: str) -> Any:
    found = getattr(import_module(f"airoute_cli.cli.commands.{file}"), what)
    alone = typer.Typer(**_MANNER)
    if isinstance(found, typer.Typer):
        alone.add_typer(found, name=name)
    else:
        alone.command(name)(found)
    return typer.main.get_group(alone).commands[name]


app = typer.Typer(
    name="airoute",
    cls=_Group,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    **_MANNER,
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
