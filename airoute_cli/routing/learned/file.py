"""The file that calibration writes and a route reads: JSON, one page of it for people.

Weights are whole numbers, to be multiplied by their ``unit``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from airoute_cli.routing.learned.head import Head, Standard
from airoute_cli.routing.learned.ngrams import BUCKETS
from airoute_cli.routing.learned.route import Decision, LearnedRoute, QualityPrice, Threshold
from airoute_cli.routing.learned.structure import NAMES

FORMAT: Final = "airoute learned route"
VERSION: Final = 1
AGAIN = "`airoute calibrate` writes it."
_FINEST = 9_999

Weights = Annotated[list[int], Field(min_length=BUCKETS, max_length=BUCKETS)]


class Part(BaseModel):
    """A part of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, allow_inf_nan=False)


class StandardPart(Part):
    """A mean and a spread."""

    mean: float
    spread: float = Field(gt=0)


class ShapePart(StandardPart):
    """A structural feature with its weight."""

    weight: float


class HeadPart(Part):
    """As ``Head``."""

    target: str
    intercept: float
    slope: float
    trust: float = Field(ge=0, le=1)
    learned: StandardPart
    length: StandardPart
    cut: float = Field(gt=0)
    structure: dict[str, ShapePart]
    unit: float
    words: Weights
    letters: Weights


class DecisionPart(Part):
    """One of the two."""

    threshold: float | None = None
    quality_per_usd: float | None = None


class DataPart(Part):
    """What it was trained on: how many prompts, and the digest over them and their scores."""

    rows: int
    digest: str


class LearnedFile(Part):
    """The whole file; ``about`` and ``evidence`` are for people."""

    format: Literal["airoute learned route"] = FORMAT
    version: Literal[1] = VERSION
    made_by: str
    route: str
    models: list[str] = Field(min_length=2)
    decision: DecisionPart
    data: DataPart
    settings: dict[str, Any]
    evidence: dict[str, Any]
    heads: dict[str, HeadPart]


def read_route(document: Any, name: str) -> LearnedRoute:
    """What stands in the file ``name``. Raises ValueError with a sentence."""
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"{name} is no learned route. {AGAIN}")
    if document.get("version") != VERSION:
        raise ValueError(f"{name} was written by another version of airoute. {AGAIN}")
    try:
        file = LearnedFile.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"{name} is damaged: {where}: {first['msg']}. {AGAIN}") from None
    _check(file, name)
    heads = {model: _head(part) for model, part in file.heads.items()}
    return LearnedRoute(tuple(file.models), heads, _decision(file.decision))


def _check(file: LearnedFile, name: str) -> None:
    given = (file.decision.threshold, file.decision.quality_per_usd)
    fits = (
        file.models[1:] == list(file.heads)
        and given.count(None) == 1
        and (given[0] is None or len(file.heads) == 1)
    )
    if not fits:
        raise ValueError(f"{name} is damaged: its heads do not fit its models. {AGAIN}")
    if any(tuple(head.structure) != NAMES for head in file.heads.values()):
        raise ValueError(f"{name} was written by another version of airoute. {AGAIN}")


def _decision(part: DecisionPart) -> Decision:
    if part.threshold is not None:
        return Threshold(part.threshold)
    return QualityPrice(part.quality_per_usd or 0.0)


def _head(part: HeadPart) -> Head:
    return Head(
        target=part.target,
        weights=[weight * part.unit for weight in (*part.words, *part.letters)],
        shape=[shape.weight for shape in part.structure.values()],
        shape_scales=[Standard(shape.mean, shape.spread) for shape in part.structure.values()],
        cut=part.cut,
        learned=Standard(part.learned.mean, part.learned.spread),
        length=Standard(part.length.mean, part.length.spread),
        trust=part.trust,
        intercept=part.intercept,
        slope=part.slope,
    )


def write_route(
    route: LearnedRoute,
    *,
    name: str,
    made_by: str,
    data: DataPart,
    settings: Mapping[str, Any],
    evidence: Mapping[str, Any],
) -> LearnedFile:
    """The file of a route called ``name``; the weights are rounded to a ten thousandth."""
    return LearnedFile(
        made_by=made_by,
        route=name,
        models=list(route.models),
        decision=_decision_part(route.decision),
        data=data,
        settings=dict(settings),
        evidence=dict(evidence),
        heads={model: _head_part(head) for model, head in route.heads.items()},
    )


def _decision_part(decision: Decision) -> DecisionPart:
    if isinstance(decision, Threshold):
        return DecisionPart(threshold=decision.score)
    return DecisionPart(quality_per_usd=decision.quality_per_usd)


def _head_part(head: Head) -> HeadPart:
    unit = max(map(abs, head.weights), default=0.0) / _FINEST or 1.0
    shapes = zip(NAMES, head.shape, head.shape_scales, strict=True)
    return HeadPart(
        target=head.target,
        intercept=head.intercept,
        slope=head.slope,
        trust=head.trust,
        learned=_standard_part(head.learned),
        length=_standard_part(head.length),
        cut=head.cut,
        structure={
            name: ShapePart(weight=weight, mean=scale.mean, spread=scale.spread)
            for name, weight, scale in shapes
        },
        unit=unit,
        words=_whole(head.weights[:BUCKETS], unit),
        letters=_whole(head.weights[BUCKETS:], unit),
    )


def _standard_part(standard: Standard) -> StandardPart:
    return StandardPart(mean=standard.mean, spread=standard.spread)


def _whole(weights: Sequence[float], unit: float) -> list[int]:
    return [round(weight / unit) for weight in weights]
