"""``airoute models``: the weights of embedded models."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Fetch and list the weights of embedded models.")
