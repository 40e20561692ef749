"""``airoute ask``: one prompt, the answer on stdout."""

from __future__ import annotations

from typing import Annotated

import typer

from airoute_cli.cli.options import (
    AttachmentOption,
    DebugOption,
    EnvFileOption,
    ExtractOption,
    JsonOption,
    ProfileOption,
    QuietOption,
    debug_if,
    environment,
    read_attachments,
    read_prompt,
)


def ask(
    prompt: Annotated[
        str | None, typer.Argument(help="The prompt; stdin comes before it.", show_default=False)
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model", "-m", metavar="NAME", help="This model, past the routes.", show_default=False
        ),
    ] = None,
    system: Annotated[
        str | None,
        typer.Option(
            "--system", "-s", metavar="TEXT", help="The system prompt.", show_default=False
        ),
    ] = None,
    usage: Annotated[
        bool, typer.Option("--usage", "-u", help="Tokens and cost on stderr.")
    ] = False,
    no_stream: Annotated[
        bool, typer.Option("--no-stream", help="Wait for the whole answer.")
    ] = False,
    attachment: AttachmentOption = None,
    extract: ExtractOption = None,
    profile: ProfileOption = None,
    env_file: EnvFileOption = None,
    json: JsonOption = False,
    debug: DebugOption = False,
    quiet: QuietOption = False,
) -> None:
    """Ask one prompt; the answer goes to stdout as it comes.

    With stdin piped and an argument too, stdin comes first: git diff | airoute ask "Describe it".
    """
    from airoute_cli.cli.ask_run import answer

    debug_if(wanted=debug)
    raise typer.Exit(
        answer(
            read_prompt(prompt, attached=attachment),
            attachments=read_attachments(attachment),
            model=model,
            system=system,
            usage=usage,
            stream=not (no_stream or json or extract),
            extract=extract,
            profile=profile,
            environ=environment(env_file),
            json=json,
            quiet=quiet,
        )
    )
