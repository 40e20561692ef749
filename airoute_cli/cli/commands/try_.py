"""``airoute try``: the plan for a prompt, and if wanted its answer."""

from __future__ import annotations

from typing import Annotated

import typer

from airoute_cli.cli.options import (
    AttachmentOption,
    DebugOption,
    EnvFileOption,
    JsonOption,
    ProfileOption,
    debug_if,
    environment,
    read_attachments,
    read_prompt,
)


def try_(
    prompt: Annotated[str | None, typer.Argument(help="The prompt.", show_default=False)] = None,
    system: Annotated[
        str | None,
        typer.Option(
            "--system", "-s", metavar="TEXT", help="The system prompt.", show_default=False
        ),
    ] = None,
    metadata: Annotated[
        list[str] | None,
        typer.Option(
            "--metadata",
            metavar="KEY=VALUE",
            help="As a row's metadata; repeatable.",
            show_default=False,
        ),
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(
            "--field",
            metavar="KEY=VALUE",
            help="Another field of the row, row.KEY in a template; repeatable.",
            show_default=False,
        ),
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(
            "--template",
            "-t",
            metavar="NAME",
            help="Word the prompt by this template of the profile, and show it.",
            show_default=False,
        ),
    ] = None,
    run: Annotated[bool, typer.Option("--run", help="Call the plan as well.")] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Call every eligible model, side by side.")
    ] = False,
    attachment: AttachmentOption = None,
    profile: ProfileOption = None,
    env_file: EnvFileOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show which route a prompt takes, why, and at what cost. Without --run it opens no socket."""
    from airoute_cli.cli.try_run import show

    debug_if(wanted=debug)
    raise typer.Exit(
        show(
            read_prompt(prompt, attached=attachment),
            attachments=read_attachments(attachment),
            system=system,
            metadata=metadata or [],
            fields=field or [],
            template=template,
            run=run,
            every=every,
            profile=profile,
            environ=environment(env_file),
            json=json,
        )
    )
