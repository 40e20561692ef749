from __future__ import annotations

import numpy as np
import pytest

from airoute_cli.routing.learned.curve import apgr
from airoute_cli.routing.learned.evidence import find_evidence, share_at_cost, threshold_for
from airoute_cli.routing.learned.fit import GAP, _best, _Crossed, _Try, fit
from airoute_cli.routing.learned.head import Reading
from airoute_cli.routing.learned.matrix import Design, Scale, read_texts
from airoute_cli.routing.learned.ridge import ridge
from airoute_cli.routing.learned.verdict import Verdict, conclude
from tests.routing.learned.made_up import graded


@pytest.fixture(scope="module")
def rows():
    return graded(400)


@pytest.fixture(scope="module")
def fitted(rows):
    prompts, weak, strong = rows
    return fit(read_texts(prompts), weak, strong)


def test_what_was_learned_ranks_prompts_that_it_has_not_seen(fitted):
    prompts, weak, strong = graded(300, seed=1)
    scores = np.array([fitted.head.score(Reading.of(prompt)) for prompt in prompts])
    assert apgr(scores, strong - weak) > 0.68
    hard = fitted.head.gain(
        fitted.head.score(Reading.of("prove the lemma about the eigenvalue bound"))
    )
    easy = fitted.head.gain(fitted.head.score(Reading.of("hello thanks for the music and the cat")))
    assert hard > 0.5 > easy


def test_out_of_fold_scores_are_as_good_as_those_of_new_prompts(rows, fitted):
    _, weak, strong = rows
    assert 0.66 < apgr(fitted.ranks, strong - weak) < 0.8


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5, 0.8])
def test_the_share_that_is_asked_for_is_realised_on_new_prompts(fitted, share: float):
    threshold = threshold_for(fitted.scores, share)
    prompts, *_ = graded(1_000, seed=2)
    scores = [fitted.head.score(Reading.of(prompt)) for prompt in prompts]
    assert np.mean([score >= threshold for score in scores]) == pytest.approx(share, abs=0.04)


def test_training_and_scoring_read_a_text_in_the_same_way(rows):
    prompts, weak, strong = rows
    texts = read_texts(prompts)
    head = fit(texts, weak, strong).head
    scaled = Scale.of(texts.shapes).apply(texts.shapes)
    target = strong - weak if head.target == GAP else 1 - weak
    weights = ridge(Design(texts, scaled), target - target.mean(), 8.0)
    by_matrix = Design(texts, scaled).times(weights)
    by_head = [head._raw(Reading.of(prompt)) for prompt in prompts]
    assert by_head == pytest.approx(by_matrix, abs=1e-9)


def test_the_ridge_is_the_one_of_the_normal_equations(rows, monkeypatch):
    monkeypatch.setattr("airoute_cli.routing.learned.ridge.TOLERANCE", 1e-10)
    prompts, weak, _ = rows
    texts = read_texts(prompts[:60])
    design = Design(texts, Scale.of(texts.shapes).apply(texts.shapes))
    target = weak[:60] - weak[:60].mean()
    eye = np.eye(60)
    kernel = np.array([design.times(design.transposed_times(row)) for row in eye])
    expected = design.transposed_times(np.linalg.solve(kernel + 8.0 * eye, target))
    assert ridge(design, target, 8.0) == pytest.approx(expected, abs=1e-8)


def test_the_target_that_ranks_better_is_taken(rows):
    prompts, weak, strong = rows
    # Where nobody can answer hard prompts, the failures of the weak one say nothing of the gap.
    hopeless = np.array([0.0 if "prove" in prompt else 1.0 for prompt in prompts])
    assert fit(read_texts(prompts), weak * hopeless, strong * hopeless).head.target == GAP


def test_a_later_try_is_taken_where_it_is_better_by_more_than_the_margin():
    gaps = np.array([1.0, 0, 0, 0, 0])
    crossed = _Crossed("gap", np.empty(0), np.empty(0))
    good, better, best = (
        _Try(crossed, 1.0, np.empty(0), np.array([place, 1.0, 2, 3, 4])) for place in (0.5, 1.5, 5)
    )
    assert _best([good, better, best], gaps, 0.01) is best
    assert _best([better, good], gaps, 0.01) is better
    assert _best([good, better], gaps, 0.3) is good


@pytest.mark.parametrize("useful", [True, False])
def test_the_length_counts_for_as_much_as_it_tells(*, useful: bool):
    prompts, weak, strong = graded(100)
    if useful:
        lengths = np.array([len(prompt) for prompt in prompts])
        weak = (lengths < np.median(lengths)).astype(float)
    assert (fit(read_texts(prompts), weak, strong).head.trust < 0.3) is useful


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_labels_that_are_all_the_same_teach_nothing_and_do_no_harm(value: float):
    texts = read_texts([f"prompt number {n}" for n in range(30)])
    same = np.full(30, value)
    fitted = fit(texts, same, same)
    found = find_evidence(texts, same, same, fitted)
    assert conclude(found, "weak", "strong").verdict is Verdict.ONE_MODEL
    assert fitted.head.gain(fitted.head.score(Reading.of("anything"))) == pytest.approx(0)


def test_the_evidence_of_a_pair_that_can_be_routed(rows, fitted):
    prompts, weak, strong = rows
    found = find_evidence(read_texts(prompts), weak, strong, fitted)
    assert found.rows == 400
    assert found.weak.value == weak.mean()
    assert found.gap.low < (strong - weak).mean() < found.gap.high
    assert found.learned.apgr.low > 0.6
    assert found.length.apgr.value == pytest.approx(0.5, abs=0.08)
    assert found.lead.low > 0
    assert found.learned.cpt80 < 0.6
    told = conclude(found, "small", "large")
    assert told.verdict is Verdict.ROUTE
    assert told.reason == (
        f'{found.learned.cpt80:.0%} of the calls to "large" recover 80% of the gap, where chance '
        "takes 80%."
    )


def test_labels_that_have_nothing_to_do_with_the_prompts_do_not_route():
    prompts, *_ = graded(500)
    random = np.random.default_rng(3)
    weak, strong = (random.random(500) < 0.5).astype(float), np.ones(500)
    texts = read_texts(prompts)
    found = find_evidence(texts, weak, strong, fit(texts, weak, strong))
    assert conclude(found, "small", "large").verdict is Verdict.ONE_MODEL
    texts, weak, strong = texts.take(np.arange(100)), weak[:100], strong[:100]
    few = find_evidence(texts, weak, strong, fit(texts, weak, strong))
    assert conclude(few, "small", "large").verdict is Verdict.LABEL_MORE


def test_a_dominated_pair_is_told_apart_from_an_open_one():
    prompts, weak, _ = graded(300)
    texts = read_texts(prompts)
    worse = weak * (np.arange(300) % 2)
    dominated = find_evidence(texts, weak, worse, fit(texts, weak, worse))
    told = conclude(dominated, "small", "large")
    assert told.verdict is Verdict.ONE_MODEL
    assert told.reason.startswith('"small" is at least as good as "large" on these rows (')
    other = np.roll(weak, 7)
    open_ = find_evidence(texts, weak, other, fit(texts, weak, other))
    assert conclude(open_, "small", "large").verdict is Verdict.LABEL_MORE


def test_a_cost_asked_for_becomes_a_share():
    scores = np.arange(10.0)
    weak, strong = np.full(10, 0.001), np.full(10, 0.011)
    assert share_at_cost(scores, weak, strong, 0.004) == pytest.approx(0.3)
    # Where the prompts that need the strong model are the dear ones, less of them can be paid.
    dear = 0.001 + 0.002 * np.arange(1.0, 11.0)
    assert share_at_cost(scores, weak, dear, 0.0048) == pytest.approx(0.2)
    for target in (0.001, 0.011, 0.5):
        with pytest.raises(ValueError, match="is not between what the two models cost"):
            share_at_cost(scores, weak, strong, target)


def test_a_dearer_weak_model_is_no_trap():
    scores = np.arange(10.0)
    dear, cheap = np.full(10, 0.011), np.full(10, 0.001)
    assert share_at_cost(scores, dear, cheap, 0.004) == pytest.approx(0.7)
