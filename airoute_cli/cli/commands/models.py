"""``airoute models``: the weights of embedded models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from airoute_cli.edges.weights import Weights

app = typer.Typer(no_args_is_help=True, help="Fetch and list the weights of embedded models.")

Name = Annotated[str, typer.Argument(help="Known weights, such as smollm2.", metavar="NAME")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON to stdout.")]


@app.command()
def pull(name: Name, *, as_json: AsJson = False) -> None:
    """Fetch weights into your data folder, and verify their sha256."""
    from airoute_cli.edges.weights import known_weights
    from airoute_cli.edges.weights_pull import pull as pull_weights

    path = pull_weights(name, report=_remark)
    typer.echo(json.dumps(_entry(known_weights(name))) if as_json else path)


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """List the weights that airoute knows, and which of them are here."""
    from airoute_cli.edges.weights import CATALOGUE

    entries = [_entry(weights) for weights in CATALOGUE]
    if as_json:
        typer.echo(json.dumps(entries))
        return
    for entry in entries:
        typer.echo(_line(entry))


@app.command()
def path(name: Name) -> None:
    """Print where the weights of a model are."""
    from airoute_cli.edges.weights import known_weights, present

    typer.echo(present(known_weights(name)))


def _entry(weights: Weights) -> dict[str, Any]:
    from airoute_cli.edges.weights import locate

    place = locate(weights)
    return {
        "name": weights.name,
        "aliases": list(weights.aliases),
        "present": place is not None,
        "path": str(place) if place else None,
        "bytes": weights.size,
        "licence": weights.licence,
        "context": weights.context,
        "sha256": weights.sha256,
    }


def _line(entry: dict[str, Any]) -> str:
    size = f"{entry['bytes'] / 1e6:.0f} MB"
    short = entry["aliases"][0]
    where = entry["path"] or f"not here: airoute models pull {short}"
    return f"{entry['name']} ({short})  {size}  {entry['licence']}  {where}"


def _remark(sentence: str) -> None:
    typer.echo(sentence, err=True)
