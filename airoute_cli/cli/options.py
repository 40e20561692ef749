"""Options that several commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from airoute_cli.core.profile import Profile
    from airoute_cli.core.request import Document, Image

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
AttachmentOption = Annotated[
    list[str] | None,
    typer.Option(
        "--attachment",
        "-a",
        metavar="FILE|URL",
        help="An image or a PDF beside the prompt; repeatable, - for stdin.",
        show_default=False,
    ),
]
ExtractOption = Annotated[
    str | None,
    typer.Option(
        "--extract",
        "-x",
        metavar="code|json|FIELD",
        help="Take this out of the answer: its first code block, its JSON, or a field of that.",
        show_default=False,
    ),
]
ConcurrencyOption = Annotated[
    int, typer.Option("--max-concurrency", "-j", min=1, help="Calls at once, over all models.")
]
InputFileOption = Annotated[
    str | None,
    typer.Option(
        "--input-file", "-i", metavar="FILE", help="The same as INPUT.", show_default=False
    ),
]
LimitOption = Annotated[
    int | None, typer.Option("--limit", min=1, help="Only the first N rows.", show_default=False)
]
LinesOption = Annotated[bool, typer.Option("--lines", help="Each line of the input is a prompt.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Say nothing on stderr but errors.")
]


DebugOption = Annotated[
    bool,
    typer.Option("--debug", help="Log decisions and attempts on stderr, without keys and prompts."),
]


def debug_if(*, wanted: bool) -> None:
    """Log decisions and attempts on stderr from now on, if that is wanted."""
    if wanted:
        from airoute_cli.cli.debugging import start_debug

        start_debug()


def environment(env_file: Path | None) -> Mapping[str, str]:
    """The environment, with the keys of ``env_file`` under it: what is exported wins."""
    if env_file is None:
        return os.environ
    from airoute_cli.edges.secrets import load_env_file

    return {**load_env_file(env_file), **os.environ}


def note_no_audit(profile: Profile, command: str) -> None:
    """Say so where the profile wants every call written down and a command does not do that."""
    if profile.audit_content:
        sys.stderr.write(
            f"airoute: [policy] audit asks for prompts and answers in the audit file; {command} "
            "leaves none, batch does\n"
        )


def read_attachments(given: Sequence[str] | None) -> list[Image | Document]:
    """What ``-a`` names. Raises UsageError where one of them cannot be attached."""
    if not given:
        return []
    from airoute_cli.core.errors import UsageError
    from airoute_cli.edges.attachments import STDIN, read_attachment

    if given.count(STDIN) > 1:
        raise UsageError("--attachment - stands twice, and there is one stdin.")
    return [read_attachment(one, sys.stdin.buffer if sys.stdin else None) for one in given]


def read_prompt(argument: str | None, *, attached: Sequence[str] | None = None) -> str:
    """The prompt: stdin where it is piped, then the argument. Raises UsageError without either.

    Where one of the attachments is stdin, the prompt is the argument alone.
    """
    from airoute_cli.core.errors import UsageError

    explicit = argument == "-"
    taken = "-" in (attached or ())
    if explicit and taken:
        raise UsageError("stdin cannot be both the prompt and an attachment; keep one of the two -")
    piped_in = not taken and sys.stdin and not sys.stdin.isatty()
    given = sys.stdin if explicit or piped_in else None
    try:
        piped = given.read() if given else ""  # none at all where the shell has closed it (<&-)
        parts = [part for part in (piped.strip(), "" if explicit else argument) if part]
        "".join(parts).encode()  # what is no text comes with surrogates in it
    except UnicodeError:
        raise UsageError(
            "the prompt is not UTF-8 text; an image or a PDF goes in with -a FILE (-a - from stdin)"
        ) from None
    if not parts:
        raise UsageError('nothing to ask: give a prompt, as in: airoute ask "What is a spoke?"')
    return "\n\n".join(parts)
