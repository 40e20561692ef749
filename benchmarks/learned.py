"""Learned routing on graded prompts: APGR, CPT50 and CPT80 against chance and length alone.

    python benchmarks/learned.py DATA_FOLDER

DATA_FOLDER holds routellm_mmlu.jsonl.gz and routellm_gsm8k.jsonl.gz: lines with prompt, weak and
strong (0 or 1) and contaminated (such rows are dropped), made from lm-sys/RouteLLM.

Protocol: five folds for each seed; a head is trained on the other four (or on so many rows of
them, drawn by the seed), the fold is ranked by it, ranks are pooled. The seeds and the settings
(routing/learned/settings.py) were fixed before the figures were taken, on other draws.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from airoute_cli.routing.learned.curve import HALF, MOST, apgr, cpt, in_folds
from airoute_cli.routing.learned.evidence import threshold_for
from airoute_cli.routing.learned.fit import fit
from airoute_cli.routing.learned.head import Reading
from airoute_cli.routing.learned.matrix import Floats, Ints, Texts, read_texts

SEEDS = (0, 1, 2, 3, 4)
FOLDS = 5
SHARE = 0.2


class Case(NamedTuple):
    """One line of the table: a data set, the labels to train on (None: all), and the targets."""

    name: str
    file: str
    labels: int | None
    seeds: tuple[int, ...]
    least_apgr: float
    most_cpt80: float | None


CASES = (
    Case("GSM8K, all labels", "routellm_gsm8k", None, SEEDS, 0.655, 57),
    Case("MMLU, 1,500 labels", "routellm_mmlu", 1_500, SEEDS, 0.63, 66),
    Case("MMLU, all labels", "routellm_mmlu", None, SEEDS[:2], 0.655, None),
)


@dataclass(frozen=True, slots=True)
class Graded:
    """A data set, read."""

    prompts: list[str]
    texts: Texts
    weak: Floats
    strong: Floats


class Ranks(NamedTuple):
    """One seed: the pooled ranks of both methods, and the shares realised where 20% was asked."""

    learned: Floats
    length: Floats
    shares: list[float]


def read(folder: Path, name: str) -> Graded:
    """The clean rows."""
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if not row["contaminated"]]
    prompts = [row["prompt"] for row in rows]
    weak, strong = (np.array([float(row[key]) for row in rows]) for key in ("weak", "strong"))
    return Graded(prompts, read_texts(prompts), weak, strong)


def ranks(data: Graded, labels: int | None, seed: int) -> Ranks:
    """Every fold ranked by a head that has not seen it."""
    random = np.random.default_rng(seed)
    folds = random.permutation(len(data.texts)) % FOLDS
    scores = np.empty(len(data.texts))
    shares = []
    for fold in range(FOLDS):
        unseen = np.flatnonzero(folds == fold)
        seen = random.permutation(np.flatnonzero(folds != fold))[:labels]
        scores[unseen], share = _one_fold(data, seen, unseen)
        shares.append(share)
    return Ranks(in_folds(scores, folds), in_folds(data.texts.lengths, folds), shares)


def _one_fold(data: Graded, seen: Ints, unseen: Ints) -> tuple[list[float], float]:
    fitted = fit(data.texts.take(seen), data.weak[seen], data.strong[seen])
    scores = [fitted.head.score(Reading.of(data.prompts[row])) for row in unseen]
    threshold = threshold_for(fitted.scores, SHARE)
    return scores, float(np.mean([score >= threshold for score in scores]))


def table(folder: Path) -> Iterator[str]:
    """The lines of the report."""
    yield "| data | method | APGR (min, max of seeds) | CPT50 | CPT80 | asked for 20%, realised |"
    yield "|---|---|---|---|---|---|"
    files: dict[str, Graded] = {}
    for case in CASES:
        data = files.setdefault(case.file, read(folder, case.file))
        found = [ranks(data, case.labels, seed) for seed in case.seeds]
        gaps = data.strong - data.weak
        yield f"| {case.name} | random | .500 | 50.0 | 80.0 | |"
        yield f"| | length alone | {_figures([one.length for one in found], gaps)} | |"
        shares = [share for one in found for share in one.shares]
        yield (
            f"| | learned | {_figures([one.learned for one in found], gaps)} "
            f"| {np.mean(shares):.1%} ({min(shares):.1%} to {max(shares):.1%} by fold) |"
        )
        wanted = f"APGR >= {case.least_apgr}"
        bound = "" if case.most_cpt80 is None else f"<= {case.most_cpt80}"
        yield f"| | *to reach* | *{wanted}* | | {bound and f'*{bound}*'} | *17% to 23%* |"


def _figures(rankings: list[Floats], gaps: Floats) -> str:
    areas = [apgr(scores, gaps) for scores in rankings]
    half, most = (
        np.mean([cpt(scores, gaps, share) for scores in rankings]) for share in (HALF, MOST)
    )
    low, high = min(areas), max(areas)
    return f"{np.mean(areas):.4f} ({low:.3f}, {high:.3f}) | {half:.1%} | {most:.1%}"


def timings(folder: Path) -> Iterator[str]:
    """CPU seconds to train on 1,500 rows, reading their texts included, and to score a prompt."""
    data = read(folder, "routellm_mmlu")
    chosen = np.random.default_rng(SEEDS[0]).permutation(len(data.texts))[:1_500]
    prompts = [data.prompts[row] for row in chosen]
    start, wall = time.process_time(), time.perf_counter()
    fitted = fit(read_texts(prompts), data.weak[chosen], data.strong[chosen])
    spent, waited = time.process_time() - start, time.perf_counter() - wall
    yield f"training on 1,500 rows: {spent:.2f} s of CPU time, {waited:.2f} s in all"
    start = time.process_time()
    for prompt in data.prompts[:2_000]:
        fitted.head.score(Reading.of(prompt))
    yield f"scoring a prompt: {(time.process_time() - start) / 2_000 * 1e3:.3f} ms of CPU time"


def main() -> None:
    """Print the table and the timings."""
    match sys.argv[1:]:
        case [argument]:
            folder = Path(argument)
        case _:
            sys.exit(__doc__)
    for line in (*timings(folder), ""):
        print(line)
    for line in table(folder):
        print(line, flush=True)


if __name__ == "__main__":
    main()
