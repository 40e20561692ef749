"""The file of live figures in the user's state folder."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import orjson

from airoute_cli.core.figures import Figures
from airoute_cli.edges.paths import state_folder

NAME = "figures.json"


def load_figures() -> dict[str, Figures]:
    """The figures by model identity. A missing or damaged file gives none: they are only habits."""
    try:
        stored = orjson.loads((state_folder() / NAME).read_bytes())
        return {key: _figures(**value) for key, value in stored.items()}
    except (OSError, orjson.JSONDecodeError, TypeError, AttributeError):
        return {}


def _figures(*, recent: Iterable[float] = (), **others: Any) -> Figures:
    return Figures(recent=tuple(recent), **others)


def save_figures(learned: Mapping[str, Figures]) -> None:
    """Merge what was learned into the file, atomically.

    Failing to keep habits never fails a run, so a read-only state folder is passed over.
    """
    if not learned:
        return
    with contextlib.suppress(OSError):
        folder = state_folder()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        merged = {**load_figures(), **learned}
        text = orjson.dumps({key: asdict(value) for key, value in merged.items()})
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=NAME)
        with os.fdopen(handle, "wb") as file:
            file.write(text)
        os.replace(temporary, folder / NAME)  # noqa: PTH105 - a name beside a name
