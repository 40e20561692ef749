"""Training: from texts and the quality of two models on each to a head with its honest scores."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from airoute_cli.routing.learned.curve import apgr, in_folds
from airoute_cli.routing.learned.head import Head, Standard
from airoute_cli.routing.learned.matrix import Design, Floats, Ints, Scale, Texts
from airoute_cli.routing.learned.ngrams import BUCKETS
from airoute_cli.routing.learned.ridge import ridge
from airoute_cli.routing.learned.settings import SETTINGS, Settings

GAP = "gap"
WEAK_FAILS = "weak_fails"


@dataclass(frozen=True, slots=True)
class Fitted:
    """A head, and what it would have said of each row without having seen it.

    ``scores`` are out of fold and comparable with ``head.score`` of a new prompt; ``ranks`` are
    the same inside their folds.
    """

    head: Head
    scores: Floats
    ranks: Floats
    folds: Ints


class _Target(NamedTuple):
    name: str
    weights: Floats
    raw: Floats
    scores: Floats
    ranks: Floats


def fit(texts: Texts, weak: Floats, strong: Floats, settings: Settings = SETTINGS) -> Fitted:
    """Train on the quality (0 to 1) of two models on the same texts, at least two rows.

    The target is the gap between them or the failure of the weak one: whichever ranks the rows
    better out of fold.
    """
    gaps = strong - weak
    folds = _folds(len(texts), settings)
    lengths = _standard(texts.lengths)
    by_length = (texts.lengths - lengths.mean) / lengths.spread
    trust = len(texts) / (len(texts) + settings.prior_rows)
    wanted: Mapping[str, Floats] = {GAP: gaps, WEAK_FAILS: 1 - weak}
    tried = []
    for name, target in wanted.items():
        weights, raw = _cross_fit(texts, target - target.mean(), folds, settings)
        learned = _standard(raw)
        scores = trust * (raw - learned.mean) / learned.spread + (1 - trust) * by_length
        tried.append(_Target(name, weights, raw, scores, in_folds(scores, folds)))
    best = max(tried, key=lambda target: _worth(target, gaps))
    slope, intercept = _line(best.scores, gaps)
    head = _head(texts, best, lengths, trust, (intercept, slope), settings)
    return Fitted(head, best.scores, best.ranks, folds)


def _worth(target: _Target, gaps: Floats) -> float:
    """The out-of-fold APGR; the first target stays where there is none."""
    found = apgr(target.ranks, gaps)
    return found if math.isfinite(found) and gaps.sum() > 0 else 0.0


def _folds(count: int, settings: Settings) -> Ints:
    random = np.random.default_rng(settings.seed)
    return random.permutation(count) % min(settings.folds, count)


def _cross_fit(
    texts: Texts, target: Floats, folds: Ints, settings: Settings
) -> tuple[Floats, Floats]:
    """The weights over all rows, and for each row the prediction of a fit without its fold."""
    scale = Scale.of(texts.shapes, settings)
    scaled = scale.apply(texts.shapes)
    weights = ridge(Design(texts, scaled), target, settings.penalty)
    raw = np.empty(len(texts))
    for fold in np.unique(folds):
        seen, unseen = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        design = Design(texts.take(seen), scaled[seen])
        # The fit over all rows is near: it halves the steps, and the end is the same.
        part = ridge(design, target[seen], settings.penalty, start=weights)
        raw[unseen] = Design(texts.take(unseen), scaled[unseen]).times(part)
    return weights, raw


def _standard(values: Floats) -> Standard:
    return Standard(float(values.mean()), float(values.std()) or 1.0)


def _line(scores: Floats, gaps: Floats) -> tuple[float, float]:
    """Slope and intercept of the least-squares line; never falling, as ranks would turn over."""
    centred = scores - scores.mean()
    squared = float(centred @ centred)
    slope = max(float(centred @ gaps) / squared, 0.0) if squared else 0.0
    return slope, float(gaps.mean() - slope * scores.mean())


def _head(
    texts: Texts,
    target: _Target,
    lengths: Standard,
    trust: float,
    line: tuple[float, float],
    settings: Settings,
) -> Head:
    scale = Scale.of(texts.shapes, settings)
    hashed = target.weights[: 2 * BUCKETS].copy()
    hashed[:BUCKETS] *= math.sqrt(settings.words)
    hashed[BUCKETS:] *= math.sqrt(settings.letters)
    pairs = zip(scale.means.tolist(), scale.spreads.tolist(), strict=True)
    return Head(
        target=target.name,
        weights=hashed.tolist(),
        shape=(target.weights[2 * BUCKETS :] * scale.weight).tolist(),
        shape_scales=tuple(Standard(mean, spread) for mean, spread in pairs),
        cut=settings.cut,
        learned=_standard(target.raw),
        length=lengths,
        trust=trust,
        intercept=line[0],
        slope=line[1],
    )
