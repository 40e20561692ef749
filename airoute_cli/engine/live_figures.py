"""The live figures of a profile's models: read at the start, kept between runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from airoute_cli.core.errors import ErrorKind
from airoute_cli.core.figures import NO_FIGURES, Answered, Figures, Snapshot
from airoute_cli.core.profile import Model
from airoute_cli.edges.figures_file import load_figures, save_figures

if TYPE_CHECKING:
    from airoute_cli.core.outcome import Attempt

# What is planned for rows of one kind stands while the figures do, and need not be found anew for
# each answer of hundreds a second. One that comes after as long is taken in at once.
TAKEN_IN_EVERY_S = 0.1

# Failures that say nothing about how well a model serves: we asked wrongly, or left.
_OUR_FAULT = frozenset({ErrorKind.BAD_REQUEST, ErrorKind.CANCELLED, ErrorKind.AUTH})


class LiveFigures:
    """Figures by the model's name in the profile; ``snapshot`` is what planning may see.

    Unless they are ``kept``, they begin with nothing and end with the run. ``now`` is the run's
    clock, by which answers are taken in a few times a second; None: each at once.
    """

    def __init__(
        self,
        models: Iterable[Model],
        *,
        kept: bool = True,
        now: Callable[[], float] | None = None,
    ) -> None:
        self._identities = {model.name: model.identity for model in models}
        self._kept = kept
        stored = load_figures() if kept else {}
        self._figures: dict[str, Figures] = {
            name: stored[key] for name, key in self._identities.items() if key in stored
        }
        self._touched: set[str] = set()
        self._now = now
        self._taken_in_at = -math.inf
        self._waiting: dict[str, list[Answered]] = {}

    def snapshot(self) -> Snapshot:
        """The figures as they stand; a live view, so take it and plan at once."""
        if self._waiting and self._are_due():
            self._take_in()
        return self._figures

    def answered(self, attempt: Attempt, estimated_tokens: int) -> None:
        """Count an answer; ``estimated_tokens`` is the uncorrected estimate of its input."""
        usage = attempt.usage
        if usage is None:
            return
        reported = 0 if usage.estimated else usage.input_tokens
        told = Answered(attempt.latency_ms, usage.output_tokens, reported, estimated_tokens)
        waiting = self._waiting.get(attempt.model)
        if waiting is None:
            self._waiting[attempt.model] = [told]
        else:
            waiting.append(told)

    def failed(self, attempt: Attempt) -> None:
        """Count a failed attempt."""
        if attempt.error not in _OUR_FAULT:
            self._put(attempt.model, self._get(attempt.model).failed())

    def save(self) -> None:
        """Keep what this run has learned; other models' figures in the file stay as they are."""
        self._take_in()
        if self._kept:
            save_figures({self._identities[name]: self._figures[name] for name in self._touched})

    def _are_due(self) -> bool:
        if self._now is None:
            return True
        now = self._now()
        if now < self._taken_in_at + TAKEN_IN_EVERY_S:
            return False
        self._taken_in_at = now
        return True

    def _take_in(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for model, answers in waiting.items():
            self._put(model, self._get(model).after(answers))

    def _get(self, model: str) -> Figures:
        return self._figures.get(model, NO_FIGURES)

    def _put(self, model: str, figures: Figures) -> None:
        self._figures[model] = figures
        self._touched.add(model)
