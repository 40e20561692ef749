"""Calibration: from graded prompts to a learned route, and to whether routing pays at all."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from airoute_cli import __version__
from airoute_cli.core.errors import UsageError
from airoute_cli.core.figures import NO_FIGURES
from airoute_cli.core.profile import Profile, Route
from airoute_cli.edges.profile.problems import nearest
from airoute_cli.edges.run_folder.atomic import replaced
from airoute_cli.engine.calibrate_rows import Graded, GradedPrompt
from airoute_cli.routing.choice import Chooser, kind_of
from airoute_cli.routing.features import find_features
from airoute_cli.routing.learned.file import DataPart, LearnedFile, write_route
from airoute_cli.routing.learned.matrix import Floats
from airoute_cli.routing.learned.route import LearnedRoute
from airoute_cli.routing.learned.settings import SETTINGS
from airoute_cli.routing.learned.verdict import Conclusion, Evidence, Interval
from airoute_cli.routing.strategies.learned import NAME

SUFFIX = ".learned.json"
LEARNED = "learned"
CONFIDENCE = "confidence"


@dataclass(frozen=True, slots=True)
class Goal:
    """What is asked for, at most one: a share of strong calls (0 to 1), US dollars per request."""

    share: float | None = None
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """One model alone on the graded prompts; ``cost`` is US dollars per request, None: unknown."""

    name: str
    quality: Interval
    cost: float | None


@dataclass(frozen=True, slots=True)
class Point:
    """What a routing comes to: quality and cost per request, and what chance makes of as much.

    ``shares`` are how many requests each model gets, 0 to 1.
    """

    shares: dict[str, float]
    quality: Interval
    by_chance: float
    cost: float | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """The report.

    ``ranked_by`` is what chooses among the models; ``figures`` are the rankings of two of them,
    None for more. ``file`` is what a learned route reads, ``setting`` what a cascade's table takes.
    """

    route: str
    prompts: int
    lines: int
    unusable: Sequence[str]
    models: Sequence[ModelFigures]
    ranked_by: str
    figures: Evidence | None
    curve: Sequence[Point]
    chosen: Point
    conclusion: Conclusion
    file: LearnedFile | None = None
    setting: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """The graded prompts as arrays, by model; ``costs`` None where one model's are not known."""

    prompts: Sequence[GradedPrompt]
    scores: dict[str, Floats]
    costs: dict[str, Floats] | None

    def mean_cost(self, model: str) -> float | None:
        """US dollars a prompt; None where it is not known."""
        return None if self.costs is None else float(self.costs[model].mean())


def find_route(profile: Profile, name: str) -> Route:
    """The route of this name, with at least two models. Raises UsageError."""
    for route in profile.routes:
        if route.name == name:
            if len(route.models) > 1:
                return route
            raise UsageError(f'The route "{name}" has one model; there is nothing to choose.')
    hint = nearest(name, [route.name for route in profile.routes])
    raise UsageError(f'{profile.path} has no route "{name}". {hint}')


def tabulate(profile: Profile, route: Route, graded: Graded) -> Table:
    """Scores and costs of the models that every prompt has a score for.

    A cost that a prompt does not state is estimated from the model's price.
    """
    chooser = Chooser(route)
    costs: dict[str, Floats] = {}
    for model in route.models:
        found = [_cost(profile, chooser, model, prompt) for prompt in graded.prompts]
        known = [cost for cost in found if cost is not None]
        if len(known) == len(found):
            costs[model] = np.array(known)
    scores = {
        model: np.array([prompt.scores[model] for prompt in graded.prompts])
        for model in route.models
        if all(model in prompt.scores for prompt in graded.prompts)
    }
    return Table(graded.prompts, scores, costs if len(costs) == len(route.models) else None)


def _cost(profile: Profile, chooser: Chooser, model: str, prompt: GradedPrompt) -> float | None:
    stated = prompt.costs.get(model)
    if stated is not None:
        return stated
    features = find_features(prompt.request, {}, b"", with_task=False)
    kind = kind_of(prompt.request, features)
    chosen = chooser.choose(profile.models[model], NO_FIGURES, kind, features.input_tokens)
    expected: Decimal | None = chosen.expected_usd
    return None if expected is None else float(expected)


def needs_costs(table: Table) -> dict[str, Floats]:
    """The costs. Raises UsageError where one is not known."""
    if table.costs is None:
        raise UsageError(
            "--target-cost needs to know what each model costs. Give it a price in the profile, or "
            'give the graded prompts "costs" such as {"small": 0.0001, "large": 0.002}.'
        )
    return table.costs


@contextmanager
def target_cost() -> Iterator[None]:
    """A target that the costs do not allow, as an error of the flag that set it."""
    try:
        yield
    except ValueError as error:
        raise UsageError(f"--target-cost: {error}") from None


def as_file(
    route: LearnedRoute, name: str, graded: Graded, evidence: dict[str, Any]
) -> LearnedFile:
    """What is written."""
    return write_route(
        route,
        name=name,
        made_by=f"airoute {__version__}",
        data=DataPart(rows=len(graded.prompts), digest=graded.digest),
        settings=asdict(SETTINGS),
        evidence=finite(evidence),
    )


def finite(value: Any) -> Any:
    """The same for JSON, with null for what is no number: where two models are equally good."""
    if isinstance(value, dict):
        return {key: finite(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def place(profile: Profile, route: Route, given: Path | None) -> Path:
    """Where the file goes: as asked for, as the route says, else beside the profile."""
    if given is not None:
        return given
    folder = Path(profile.path).parent
    if route.strategy == NAME:
        return folder / Path(str(route.options["learned"])).expanduser()
    kept = "".join(char if char.isalnum() or char in "-_." else "-" for char in route.name)
    return folder / f"{kept}{SUFFIX}"


def save(file: LearnedFile, path: Path) -> None:
    """Write the file whole or not at all. Raises UsageError where it cannot be."""
    if not path.parent.is_dir():
        raise UsageError(f"{path} cannot be written: there is no folder {path.parent}.")
    with replaced(path) as opened:
        opened.write(as_text(file).encode())


def as_text(file: LearnedFile) -> str:
    """JSON with one line per key down to the weights, which take one line each."""
    return f"{_laid_out(file.model_dump(exclude_none=True), '')}\n"


def _laid_out(value: Any, indent: str) -> str:
    inner = f"{indent}  "
    if isinstance(value, dict) and any(isinstance(one, (dict, list)) for one in value.values()):
        lines = (f"{inner}{json.dumps(key)}: {_laid_out(one, inner)}" for key, one in value.items())
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    return json.dumps(value, ensure_ascii=False)
