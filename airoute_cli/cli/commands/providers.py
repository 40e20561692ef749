"""``airoute providers``: the services that a profile can name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from airoute_cli.cli.options import JsonOption

if TYPE_CHECKING:
    from airoute_cli.edges.catalogue import Service

app = typer.Typer(invoke_without_command=True, help="Show the services that a profile can name.")


@app.callback()
def providers(context: typer.Context, *, json: JsonOption = False) -> None:
    """Show the services that `api = "NAME"` knows: where they are and where their keys stand."""
    if context.invoked_subcommand is not None:
        return
    from airoute_cli.engine.open_profile import apis
    from airoute_cli.providers.registry import format_names

    known = apis()
    names = dict.fromkeys((*known.services, *format_names()))
    found = [service for name in names if (service := known.service(name))]
    if json:
        import json as json_text

        typer.echo(json_text.dumps([_as_data(service) for service in found]))
        return
    for service in found:
        typer.echo(_as_text(service))


def _as_data(service: Service) -> dict[str, Any]:
    return {
        "api": service.name,
        "about": service.about,
        "format": service.wire_format,
        "base_url": service.base_url,
        "hosts": list(service.hosts),
        "api_key_env": list(service.api_key_env),
        "capabilities": sorted(service.capabilities),
        "cannot": sorted(service.cannot),
        "options": dict(service.options),
        "families": [
            {"match": family.match, "cannot": sorted(family.cannot)} for family in service.families
        ],
    }


def _as_text(service: Service) -> str:
    speaks = "" if service.wire_format == service.name else f", speaks {service.wire_format}"
    key = " or ".join(service.api_key_env) or "no key"
    where = service.base_url or "give its base_url"
    if service.wire_format == "llama-cpp":
        where = "inside this process"
    return f"{service.name}: {service.about}{speaks}\n    {where}; {key}"
