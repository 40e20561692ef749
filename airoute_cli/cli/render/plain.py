"""Text from a model, made harmless for a terminal."""

from __future__ import annotations

import re

import typer

# C0 but tab and newline, DEL, C1: whatever could start a control sequence (ECMA-48). And what makes
# a terminal show a text in another order than it has: embeddings, overrides, isolates (UAX #9).
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    """``text`` without control characters, so that it cannot drive the terminal.

    Nor can it look like another text; marks of direction that right-to-left scripts need stay.
    """
    return _CONTROLS.sub("", text)


def harmless_json(text: str) -> str:
    """JSON text that means the same, with nothing in it that a terminal would act upon.

    What stands below a space is escaped in it already.
    """
    return _CONTROLS.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def say(text: str) -> None:
    """A line of plain text on stdout."""
    typer.echo(harmless(text))
