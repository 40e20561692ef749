"""Writes a profile's text."""

from __future__ import annotations

from pathlib import Path

from airoute_cli.core.errors import UsageError


def write_new(path: Path, text: str, *, force: bool) -> None:
    """Write ``text``, with the folders that it needs.

    Raises UsageError if something is there and ``force`` is not given, or if it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w" if force else "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(
            f"{path} is there already and stays as it is. Replace it with --force, or write "
            "elsewhere with --path FILE."
        ) from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from None
