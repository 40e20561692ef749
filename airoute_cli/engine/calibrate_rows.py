"""Graded prompts: what calibration is made from, wherever it stands."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airoute_cli.core.errors import UsageError
from airoute_cli.core.outcome import RowState
from airoute_cli.core.request import BadRow, Request, Row
from airoute_cli.core.settings import NOTHING
from airoute_cli.edges.rows.source import open_rows
from airoute_cli.routing.features import user_text

if TYPE_CHECKING:
    from airoute_cli.engine.evaluation.grades import Grade

FEWEST = 20
_FIRST = ""  # stands for the route's first model, where a line does not name it


@dataclass(frozen=True, slots=True)
class GradedPrompt:
    """One prompt with what is known of each model's answer to it, by the model's name.

    ``scores`` are its quality from 0 to 1, ``costs`` US dollars, ``confidences`` what a cascade
    would have seen of it, from 0 to 1.
    """

    text: str
    request: Request
    scores: Mapping[str, float]
    costs: Mapping[str, float] = field(default_factory=lambda: NOTHING)
    confidences: Mapping[str, float] = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True)
class Graded:
    """All usable prompts, each once, and the sentences about lines that are not usable."""

    prompts: tuple[GradedPrompt, ...]
    lines: int
    unusable: tuple[str, ...]

    @property
    def digest(self) -> str:
        """32 hex digits over the prompts and their scores."""
        hashed = hashlib.blake2b(digest_size=16)
        for prompt in self.prompts:
            told = json.dumps([prompt.text, sorted(prompt.scores.items())])
            hashed.update(told.encode("utf-8", "surrogatepass"))
        return hashed.hexdigest()


# Reads what stands at a path, as (line number, prompt or what is wrong with it).
Read = Callable[[Path], Iterator[tuple[int, GradedPrompt | str]]]


def read_graded(path: Path, models: Sequence[str], confidence: str | None = None) -> Graded:
    """The graded prompts at ``path`` that have a score for each of ``models``.

    ``confidence`` names the model, the first one, whose confidence each must have as well.

    The same text several times counts as one prompt with the mean of its figures: otherwise an
    answer would be known before it is predicted. Raises UsageError where fewer than ``FEWEST``
    are left.
    """
    usable: list[GradedPrompt] = []
    unusable: list[str] = []
    lines = 0
    for number, found in _reader(path)(path):
        lines += 1
        prompt = found if isinstance(found, str) else _named(found, models[0])
        wrong = prompt if isinstance(prompt, str) else _lacking(prompt, models, confidence)
        if wrong is not None:
            unusable.append(f"{path}:{number}: {wrong}")
        elif isinstance(prompt, GradedPrompt):
            usable.append(prompt)
    prompts = _merged(usable)
    if len(prompts) < FEWEST:
        first = f" The first line that cannot be used: {unusable[0]}" if unusable else ""
        raise UsageError(
            f"{path} holds {len(prompts):,} different prompts with a score for each of "
            f"{', '.join(models)}; at least {FEWEST} are needed.{first}"
        )
    return Graded(prompts, lines, tuple(unusable))


def _reader(path: Path) -> Read:
    for fits, read in READERS:
        if fits(path):
            return read
    raise UsageError(
        f'{path} is no file of graded prompts. Give JSON lines such as {{"prompt": "…", "scores": '
        '{"small": 0, "large": 1}}, or the folder of an `airoute eval` with --model for each.'
    )


def _from_lines(path: Path) -> Iterator[tuple[int, GradedPrompt | str]]:
    """Rows as `batch` takes them, with ``scores``, perhaps ``costs`` and ``confidence``.

    ``correct`` and a bare ``confidence`` are those of the route's first model.
    """
    with open_rows(str(path)) as source:
        while rows := source.read_batch():
            for row in rows:
                yield row.line, _graded(row)


def _from_evaluation(folder: Path) -> Iterator[tuple[int, GradedPrompt | str]]:
    """The folder of an `eval`: the grades of its models, whatever profile they were asked by.

    An answer that did not come (an outage, a budget) is no score of the model.
    """
    from airoute_cli.engine.evaluation.run import ROWS, read_grades

    by_case: dict[str, dict[str, Grade]] = {}
    for contender, grades in read_grades(folder).items():
        model = contender.rpartition(":")[2]
        for grade in grades:
            if grade.state == RowState.COMPLETED:
                by_case.setdefault(grade.custom_id, {})[model] = grade
    with open_rows(str(folder / ROWS)) as source:
        while rows := source.read_batch():
            for row in rows:
                yield row.line, _evaluated(row, by_case.get(row.custom_id, {}))


def _evaluated(row: Row | BadRow, grades: Mapping[str, Grade]) -> GradedPrompt | str:
    if isinstance(row, BadRow):
        return row.message
    sure = {name: one.confidence for name, one in grades.items() if one.confidence is not None}
    return GradedPrompt(
        user_text(row.request),
        row.request,
        {name: one.score for name, one in grades.items()},
        {name: float(one.usd) for name, one in grades.items() if one.usd is not None},
        sure,
    )


# What can be read, the first that fits; a new source is one line here.
READERS: Sequence[tuple[Callable[[Path], bool], Read]] = (
    (lambda path: not path.is_dir(), _from_lines),
    (lambda path: (path / "grades.jsonl").is_file(), _from_evaluation),
)


def _graded(row: Row | BadRow) -> GradedPrompt | str:
    if isinstance(row, BadRow):
        return row.message
    try:
        scores = _figures(row.extra.get("scores", row.extra.get("correct")), "scores", most=1.0)
        costs = _figures(row.extra.get("costs", {}), "costs", most=math.inf)
        confidences = _figures(row.extra.get("confidence", {}), "confidence", most=1.0)
    except ValueError as error:
        return str(error)
    return GradedPrompt(user_text(row.request), row.request, scores, costs, confidences)


def _figures(given: Any, key: str, *, most: float) -> dict[str, float]:
    """A figure per model from 0 to ``most``; true counts as 1."""
    if isinstance(given, (int, float)):
        given = {_FIRST: given}
    if not isinstance(given, dict):
        raise ValueError(f'it has no "{key}" such as {{"small": 0, "large": 1}}.')
    for model, value in given.items():
        if not isinstance(value, (int, float)) or not 0 <= value <= most:
            up_to = "" if math.isinf(most) else f" to {most:g}"
            raise ValueError(f"{key}{model and '.'}{model} is no number from 0{up_to}.")
    return {model: float(value) for model, value in given.items()}


def _named(prompt: GradedPrompt, first: str) -> GradedPrompt:
    scores, costs, confidences = (
        {model or first: value for model, value in figures.items()}
        for figures in (prompt.scores, prompt.costs, prompt.confidences)
    )
    return GradedPrompt(prompt.text, prompt.request, scores, costs, confidences)


def _lacking(prompt: GradedPrompt, models: Sequence[str], confidence: str | None) -> str | None:
    missing = [model for model in models if model not in prompt.scores]
    if missing:
        return f"it has no score for {', '.join(missing)}."
    if confidence is not None and confidence not in prompt.confidences:
        return f"it has no confidence for {confidence}."
    return None


def _merged(prompts: Sequence[GradedPrompt]) -> tuple[GradedPrompt, ...]:
    by_text: dict[str, list[GradedPrompt]] = {}
    for prompt in prompts:
        by_text.setdefault(prompt.text, []).append(prompt)
    return tuple(_mean(same) for same in by_text.values())


def _mean(same: Sequence[GradedPrompt]) -> GradedPrompt:
    if len(same) == 1:
        return same[0]
    first = same[0]
    return GradedPrompt(
        first.text,
        first.request,
        _means([prompt.scores for prompt in same]),
        _means([prompt.costs for prompt in same]),
        _means([prompt.confidences for prompt in same]),
    )


def _means(figures: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each model that all of them know."""
    shared = set(figures[0]).intersection(*figures[1:])
    return {
        model: sum(one[model] for one in figures) / len(figures)
        for model in figures[0]
        if model in shared
    }
