"""The live figures of a profile's models: read at the start, kept between runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from airoute_cli.core.errors import ErrorKind
from airoute_cli.core.figures import NO_FIGURES, Figures, Snapshot
from airoute_cli.core.profile import Model
from airoute_cli.edges.figures_file import load_figures, save_figures

if TYPE_CHECKING:
    from airoute_cli.core.outcome import Attempt

# Failures that say nothing about how well a model serves: we asked wrongly, or left.
_OUR_FAULT = frozenset({ErrorKind.BAD_REQUEST, ErrorKind.CANCELLED, ErrorKind.AUTH})


class LiveFigures:
    """Figures by the model's name in the profile; ``snapshot`` is what planning may see.

    Unless they are ``kept``, they begin with nothing and end with the run.
    """

    def __init__(self, models: Iterable[Model], *, kept: bool = True) -> None:
        self._identities = {model.name: model.identity for model in models}
        self._kept = kept
        stored = load_figures() if kept else {}
        self._figures: dict[str, Figures] = {
            name: stored[key] for name, key in self._identities.items() if key in stored
        }
        self._touched: set[str] = set()

    def snapshot(self) -> Snapshot:
        """The figures as they stand; a live view, so take it and plan at once."""
        return self._figures

    def answered(self, attempt: Attempt, estimated_tokens: int) -> None:
        """Count an answer; ``estimated_tokens`` is the uncorrected estimate of its input."""
        usage = attempt.usage
        if usage is None:
            return
        reported = 0 if usage.estimated else usage.input_tokens
        self._put(
            attempt.model,
            self._get(attempt.model).answered(
                attempt.latency_ms, usage.output_tokens, reported, estimated_tokens
            ),
        )

    def failed(self, attempt: Attempt) -> None:
        """Count a failed attempt."""
        if attempt.error not in _OUR_FAULT:
            self._put(attempt.model, self._get(attempt.model).failed())

    def save(self) -> None:
        """Keep what this run has learned; other models' figures in the file stay as they are."""
        if self._kept:
            save_figures({self._identities[name]: self._figures[name] for name in self._touched})

    def _get(self, model: str) -> Figures:
        return self._figures.get(model, NO_FIGURES)

    def _put(self, model: str, figures: Figures) -> None:
        self._figures[model] = figures
        self._touched.add(model)
