"""Text from a model, made harmless for a terminal."""

from __future__ import annotations

import re

import typer

# C0 but tab and newline, DEL, C1: whatever could start a control sequence (ECMA-48).
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def harmless(text: str) -> str:
    """``text`` without control characters, so that it cannot drive the terminal."""
    return _CONTROLS.sub("", text)


def harmless_json(text: str) -> str:
    """JSON text that means the same, with nothing in it that a terminal would act upon.

    What stands below a space is escaped in it already.
    """
    return _CONTROLS.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def say(text: str) -> None:
    """A line of plain text on stdout."""
    typer.echo(harmless(text))
