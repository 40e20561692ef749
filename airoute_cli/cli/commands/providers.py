"""``airoute providers``: the services that a profile can name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from airoute_cli.cli.exit_codes import ExitCode
from airoute_cli.cli.options import EnvFileOption, JsonOption, ProfileOption, environment

if TYPE_CHECKING:
    from airoute_cli.core.profile import Profile
    from airoute_cli.edges.catalogue import Service

app = typer.Typer(
    invoke_without_command=True,
    help="Show the services there are, and check those of a profile.",
)


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


@app.command()
def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Only these. [default: all]", show_default=False),
    ] = None,
    *,
    call: Annotated[
        bool, typer.Option("--call", help="Ask each model for a few tokens; it may cost money.")
    ] = False,
    models: Annotated[
        bool, typer.Option("--models", help="Print the names that each provider lists.")
    ] = False,
    profile: ProfileOption = None,
    env_file: EnvFileOption = None,
    json: JsonOption = False,
) -> None:
    """Ask the profile's providers whether they can be used. Exit 6 if one cannot.

    Reachable, key accepted, models known.

    Without --call nothing is generated: it asks for their lists of models.
    """
    import asyncio

    from airoute_cli.cli.render.providers import as_data, as_text
    from airoute_cli.engine.open_profile import open_profile
    from airoute_cli.engine.provider_check import check_providers

    environ = environment(env_file)
    opened = open_profile(profile, environ)
    wanted = _wanted(opened, names)
    reports = asyncio.run(check_providers(opened, environ, wanted, call=call))
    if json:
        import json as json_text

        typer.echo(json_text.dumps([as_data(report) for report in reports]))
    else:
        for report in reports:
            embedded = opened.providers[report.name].embedded
            typer.echo(as_text(report, embedded=embedded, models=models))
    if not all(report.ok for report in reports):
        raise typer.Exit(ExitCode.CHECK_FAILED)


def _wanted(profile: Profile, names: list[str] | None) -> list[str]:
    from airoute_cli.core.errors import UsageError
    from airoute_cli.edges.profile.problems import nearest

    for name in names or ():
        if name not in profile.providers:
            hint = nearest(name, profile.providers)
            raise UsageError(f'{profile.path} has no provider "{name}". {hint}')
    return list(dict.fromkeys(names or profile.providers))


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
