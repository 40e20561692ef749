"""``airoute profile``: write, check, show and find the profile."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Write, check, show and find the profile.")
