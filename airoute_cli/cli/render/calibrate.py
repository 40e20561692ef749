"""Draws a calibration: plain lines that also read well in a log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from airoute_cli.cli.render.plain import harmless
from airoute_cli.engine.calibrate import LEARNED, Calibration, ModelFigures, Point, finite
from airoute_cli.routing.learned.verdict import Evidence, Interval, Ranking

_WIDTH = 24


def as_data(found: Calibration, path: Path | None) -> dict[str, Any]:
    """The report for machines, without the weights."""
    told: dict[str, Any] = asdict(replace(found, file=None))
    del told["file"]
    return {**finite(told), "written": None if path is None else str(path)}


def as_text(found: Calibration, path: Path | None) -> str:
    """The report for people."""
    return harmless("\n".join(_lines(found, path)))


def _lines(found: Calibration, path: Path | None) -> Iterator[str]:
    names = [model.name for model in found.models]
    left_out = f", {len(found.unusable):,} left out" if found.unusable else ""
    yield (
        f"{found.route}: {found.prompts:,} graded prompts for {' and '.join(names)} "
        f"({found.lines:,} lines{left_out})"
    )
    yield ""
    yield f"{'one model alone':{_WIDTH}}  {'quality':28}cost"
    yield from map(_model, found.models)
    if found.figures is not None:
        yield ""
        yield from _rankings(found.figures, names[1], found.ranked_by)
    yield ""
    yield from _curve(found, names)
    yield ""
    yield f"verdict: {found.conclusion.verdict}. {_sentence(found.conclusion.reason)}"
    yield from _outcome(found, names, path)


def _model(model: ModelFigures) -> str:
    return f"{model.name:{_WIDTH}}  {_percent(model.quality):28}{_usd(model.cost)}"


def _rankings(figures: Evidence, strong: str, ranked_by: str) -> Iterator[str]:
    yield f"{f'what goes to {strong}':{_WIDTH}}  {'APGR':24}{'CPT50':8}CPT80"
    by = f"{ranked_by} (out of fold)" if ranked_by == LEARNED else f"least {ranked_by}"
    yield f"{'by lot':{_WIDTH}}  {_ranking(figures.random)}"
    yield f"{'longest first':{_WIDTH}}  {_ranking(figures.length)}"
    yield f"{by:{_WIDTH}}  {_ranking(figures.learned)}"


def _ranking(ranking: Ranking) -> str:
    area = ranking.apgr
    shown = f"{area.value:.3f}"
    if area.low != area.high:
        shown += f" ({area.low:.3f} to {area.high:.3f})"
    return f"{shown:24}{f'{ranking.cpt50:.0%}':8}{ranking.cpt80:.0%}"


def _curve(found: Calibration, names: Sequence[str]) -> Iterator[str]:
    pair = found.figures is not None
    head = f"to {names[1]}" if pair else " / ".join(names)
    yield f"{head:{_WIDTH}}  {'quality':28}{'by lot':10}cost"
    yield from (_point(point, pair=pair) for point in found.curve)


def _point(point: Point, *, pair: bool) -> str:
    shares = [f"{share:.0%}" for share in point.shares.values()]
    shown = shares[-1] if pair else " / ".join(shares)
    quality, lot = _percent(point.quality), f"{point.by_chance:.1%}"
    return f"{shown:{_WIDTH}}  {quality:28}{lot:10}{_usd(point.cost)}"


def _outcome(found: Calibration, names: Sequence[str], path: Path | None) -> Iterator[str]:
    """What was chosen, and what to do with it."""
    shares = ", ".join(f"{share:.1%} to {name}" for name, share in found.chosen.shares.items())
    cost = "" if found.chosen.cost is None else f" at {_usd(found.chosen.cost)}"
    yield f"chosen: {shares}: quality {_percent(found.chosen.quality)}{cost}"
    if found.setting is not None:
        yield f'put it under [routes.accept] of "{found.route}": {found.setting}'
    elif path is None:
        yield "not written; --anyway writes the learned route all the same"
    else:
        yield f"written: {path}"
        models = ", ".join(f'"{name}"' for name in names)
        yield f'the route takes: strategy = "learned", learned = "{path.name}", models = [{models}]'


def _percent(figure: Interval) -> str:
    return f"{figure.value:.1%} ({figure.low:.1%} to {figure.high:.1%})"


def _usd(cost: float | None) -> str:
    return "unknown" if cost is None else f"${cost:.6f}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
