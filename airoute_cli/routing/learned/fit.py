"""Training: from texts and the quality of two models on each to a head with its honest scores."""

from __future__ import annotations

import math
from collections.abc import Sequence
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


class _Crossed(NamedTuple):
    """A target, the weights of a fit over all rows, and what each row gets from one without it."""

    target: str
    weights: Floats
    raw: Floats


class _Try(NamedTuple):
    """One target and one trust in what was learned, with what they make of each row unseen."""

    learned: _Crossed
    trust: float
    scores: Floats
    ranks: Floats


def fit(texts: Texts, weak: Floats, strong: Floats, settings: Settings = SETTINGS) -> Fitted:
    """Train on the quality (0 to 1) of two models on the same texts, at least two rows.

    The target is the gap between them or the failure of the weak one, and the plain length of the
    prompt counts for more or for less: whatever ranks the rows better out of fold.
    """
    gaps = strong - weak
    folds = _folds(len(texts), settings)
    lengths = _standard(texts.lengths)
    wanted = {GAP: gaps, WEAK_FAILS: 1 - weak}
    crossed = [
        _Crossed(name, *_cross_fit(texts, target - target.mean(), folds, settings))
        for name, target in wanted.items()
    ]
    tries = [
        _try(one, prior, texts, lengths, folds) for prior in settings.prior_rows for one in crossed
    ]
    best = _best(tries, gaps, settings.margin)
    slope, intercept = _line(best.scores, gaps)
    head = _head(texts, best, lengths, (intercept, slope), settings)
    return Fitted(head, best.scores, best.ranks, folds)


def _try(crossed: _Crossed, prior: int, texts: Texts, lengths: Standard, folds: Ints) -> _Try:
    learned = _standard(crossed.raw)
    trust = len(texts) / (len(texts) + prior)
    by_length = (texts.lengths - lengths.mean) / lengths.spread
    scores = trust * (crossed.raw - learned.mean) / learned.spread + (1 - trust) * by_length
    return _Try(crossed, trust, scores, in_folds(scores, folds))


def _best(tries: Sequence[_Try], gaps: Floats, margin: float) -> _Try:
    """The first one, unless a later one is better by more than ``margin``."""
    best, most = tries[0], _worth(tries[0], gaps)
    for other in tries[1:]:
        worth = _worth(other, gaps)
        if worth > most + margin:
            best, most = other, worth
    return best


def _worth(one: _Try, gaps: Floats) -> float:
    """The out-of-fold APGR; nothing is worth anything where there is no gap to recover."""
    found = apgr(one.ranks, gaps)
    return found if math.isfinite(found) and gaps.sum() > 0 else 0.0


def _folds(count: int, settings: Settings) -> Ints:
    random = np.random.default_rng(settings.seed)
    return random.permutation(count) % min(settings.folds, count)


def _cross_fit(
    texts: Texts, target: Floats, folds: Ints, settings: Settings
) -> tuple[Floats, Floats]:
    """The weights over all rows, and for each row the prediction of a fit without its fold.

    The predictions are brought to the size of those that the weights give for new prompts.
    """
    scale = Scale.of(texts.shapes, settings)
    scaled = scale.apply(texts.shapes)
    weights = ridge(Design(texts, scaled), target, settings.penalty)
    raw = np.empty(len(texts))
    norms = []
    for fold in np.unique(folds):
        seen, unseen = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        design = Design(texts.take(seen), scaled[seen])
        # The fit over all rows is near: it halves the steps, and the end is the same.
        part = ridge(design, target[seen], settings.penalty, start=weights)
        norms.append(float(np.linalg.norm(part)))
        raw[unseen] = Design(texts.take(unseen), scaled[unseen]).times(part)
    # A fit over all rows dares more than one without a fold, and spreads new prompts wider; a
    # threshold of the narrower scores would let too many of them over it.
    grown = float(np.linalg.norm(weights)) / (sum(norms) / len(norms) or 1.0)
    return weights, raw * grown


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
    best: _Try,
    lengths: Standard,
    line: tuple[float, float],
    settings: Settings,
) -> Head:
    scale = Scale.of(texts.shapes, settings)
    hashed = best.learned.weights[: 2 * BUCKETS].copy()
    hashed[:BUCKETS] *= math.sqrt(settings.words)
    hashed[BUCKETS:] *= math.sqrt(settings.letters)
    pairs = zip(scale.means.tolist(), scale.spreads.tolist(), strict=True)
    return Head(
        target=best.learned.target,
        weights=hashed.tolist(),
        shape=(best.learned.weights[2 * BUCKETS :] * scale.weight).tolist(),
        shape_scales=tuple(Standard(mean, spread) for mean, spread in pairs),
        cut=settings.cut,
        learned=_standard(best.learned.raw),
        length=lengths,
        trust=best.trust,
        intercept=line[0],
        slope=line[1],
    )
