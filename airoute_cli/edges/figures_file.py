"""The file of live figures in the user's state folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from airoute_cli.core.figures import Figures
from airoute_cli.edges.habits import load_habits, save_habits
from airoute_cli.edges.paths import state_folder

NAME = "figures.json"


def load_figures() -> dict[str, Figures]:
    """The figures by model identity. A missing or damaged file gives none: they are only habits."""
    stored = load_habits(state_folder() / NAME)
    try:
        return {key: _figures(**value) for key, value in stored.items()}
    except (TypeError, AttributeError):
        return {}


def _figures(*, recent: Iterable[float] = (), **others: Any) -> Figures:
    return Figures(recent=tuple(recent), **others)


def save_figures(learned: Mapping[str, Figures]) -> None:
    """Merge what was learned into the file."""
    if learned:
        merged = {**load_figures(), **learned}
        told = {key: value._asdict() for key, value in merged.items()}
        save_habits(state_folder() / NAME, told)
