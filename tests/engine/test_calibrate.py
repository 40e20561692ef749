from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path

import pytest

from airoute_cli.core.errors import ProfileError, UsageError
from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.engine.calibrate import Goal, find_route, place, save
from airoute_cli.engine.calibrate_rows import read_graded
from airoute_cli.engine.calibrate_run import calibrate
from airoute_cli.engine.evaluation.grades import Grade
from airoute_cli.engine.one import OnePrompt, prompt_row
from airoute_cli.engine.open_profile import open_profile, open_untrained
from airoute_cli.engine.stored_profile import accept_profile, keep_profile, stored_profile
from airoute_cli.routing.learned.verdict import Verdict
from tests.routing.learned.made_up import graded

PROFILE = """
[policy]
unknown_price = "allow"
[providers.cloud]
api = "openai"
base_url = "http://127.0.0.1:9/v1"
{models}
[[routes]]
name = "support"
{route}
"""
MODEL = '[models.{name}]\nprovider = "cloud"\nname = "{name}"\n{price}\n'
PRICES = {
    "small": "price = { input = 0.1, output = 0.4 }",
    "middle": "price = { input = 1, output = 4 }",
    "large": "price = { input = 2.5, output = 10 }",
    "bare": "",
}
LEARNED = 'strategy = "learned"\nlearned = "support.learned.json"\nmodels = ["small", "large"]'


def a_profile(folder: Path, route: str = LEARNED) -> Path:
    models = "".join(MODEL.format(name=name, price=price) for name, price in PRICES.items())
    path = folder / "p.toml"
    path.write_text(PROFILE.format(models=models, route=route))
    return path


def a_file(folder: Path, count: int = 300, **more) -> Path:
    prompts, weak, strong = graded(count)
    rows = [
        {"prompt": prompt, "scores": {"small": w, "middle": max(w, s * 0.8), "large": s}} | more
        for prompt, w, s in zip(prompts, weak, strong, strict=True)
    ]
    path = folder / "graded.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def untrained(tmp_path):
    return open_untrained(a_profile(tmp_path), {})


def run(profile, source: Path, goal: Goal = Goal(), name: str = "support"):
    return calibrate(profile, find_route(profile, name), source, goal)


def test_a_route_is_trained_and_then_routes(tmp_path, untrained):
    found = run(untrained, a_file(tmp_path), Goal(share=0.5))
    assert found.conclusion.verdict is Verdict.ROUTE
    assert found.chosen.shares == {"small": 0.5, "large": 0.5}
    assert found.figures.learned.apgr.low > found.figures.length.apgr.value
    assert found.chosen.by_chance < found.chosen.quality.value
    route = find_route(untrained, "support")
    path = place(untrained, route, None)
    assert path == tmp_path / "support.learned.json"
    save(found.file, path)
    assert json.loads(path.read_text())["data"] == {"rows": 300, "digest": found.file.data.digest}
    assert path.stat().st_mode & 0o777 == 0o600
    assert max(map(len, path.read_text().splitlines()[:60])) < 400, "one page is for people"
    profile = open_profile(tmp_path / "p.toml", {})
    hard = OnePrompt(
        profile, prompt_row("prove the lemma about the eigenvalue", None, {}, ())
    ).plan()
    assert [call.model for call in hard.calls] == ["large", "small"]
    assert "learned: score " in hard.reason


def test_a_stored_profile_routes_by_what_was_learned_back_then(tmp_path, untrained):
    save(run(untrained, a_file(tmp_path)).file, tmp_path / "support.learned.json")
    profile = open_profile(tmp_path / "p.toml", {})
    with RunFolder.create(tmp_path / "run") as folder:
        keep_profile(folder, profile)
        save(run(untrained, a_file(tmp_path, 200)).file, tmp_path / "support.learned.json")
        assert stored_profile(folder).profile == profile
        anew = open_profile(tmp_path / "p.toml", {})
        assert anew.document == profile.document
        assert anew.digest != profile.digest
        assert accept_profile(folder, anew).profile == anew


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "there is no file "),
        ("{}", "support.learned.json is no learned route."),
        ('{"a": 1,\n]', "support.learned.json:2 is not JSON: "),
        ("[" * 100_000, "is not JSON: it is nested too deeply."),
    ],
)
def test_a_file_that_cannot_be_used_is_a_problem_of_the_profile(tmp_path, text, said):
    if text is not None:
        (tmp_path / "support.learned.json").write_text(text)
    with pytest.raises(ProfileError) as told:
        open_profile(a_profile(tmp_path), {})
    (problem,) = told.value.problems
    assert (problem.line, problem.key) == (27, "routes[support].learned")
    assert said in str(problem)
    assert str(problem).endswith("`airoute calibrate` writes it.")


def test_a_cost_is_kept_to_by_prices_or_by_what_the_prompts_say(tmp_path, untrained):
    by_price = run(untrained, a_file(tmp_path), Goal(cost=0.001))
    assert by_price.chosen.cost == pytest.approx(0.001, rel=1e-6)
    stated = a_file(tmp_path, costs={"small": 1, "middle": 2, "large": 5})
    by_rows = run(untrained, stated, Goal(cost=2.0))
    assert by_rows.chosen.shares["large"] == pytest.approx(0.25)
    with pytest.raises(UsageError, match=r"--target-cost: .* is not between what"):
        run(untrained, stated, Goal(cost=9.0))


def test_a_cost_needs_prices(tmp_path):
    route = 'models = ["small", "bare"]\nstrategy = "fallback"'
    profile = open_untrained(a_profile(tmp_path, route), {})
    prompts, weak, strong = graded(60)
    source = tmp_path / "g.jsonl"
    lines = zip(prompts, weak, strong, strict=True)
    rows = [{"prompt": p, "scores": {"small": w, "bare": s}} for p, w, s in lines]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert run(profile, source).chosen.cost is None
    with pytest.raises(UsageError, match="--target-cost needs to know what each model costs"):
        run(profile, source, Goal(cost=0.001))


def test_several_models_are_weighed_against_their_cost(tmp_path):
    route = 'models = ["small", "middle", "large"]'
    profile = open_untrained(a_profile(tmp_path, route), {})
    source = a_file(tmp_path)
    with pytest.raises(UsageError, match="has 3 models, so --target-cost is needed"):
        run(profile, source, Goal(share=0.2))
    found = run(profile, source, Goal(cost=0.0008))
    assert found.figures is None
    assert found.chosen.cost <= 0.0008
    assert found.conclusion.verdict is Verdict.ROUTE
    assert found.chosen.quality.value > found.chosen.by_chance
    costs = [point.cost for point in found.curve]
    assert costs == sorted(costs)
    with pytest.raises(UsageError, match="is less than the cheapest models cost"):
        run(profile, source, Goal(cost=1e-9))
    path = place(profile, find_route(profile, "support"), None)
    assert path == tmp_path / "support.learned.json"
    save(found.file, path)
    learned = f'{route}\nstrategy = "learned"\nlearned = "support.learned.json"'
    plan = OnePrompt(
        open_profile(a_profile(tmp_path, learned), {}), prompt_row("hello cat", None, {}, ())
    ).plan()
    assert plan.calls[0].model == "small"


def test_the_same_prompt_twice_is_one_prompt_with_the_mean(tmp_path):
    source = tmp_path / "g.jsonl.gz"
    lines = [f'{{"prompt": "p{n % 30}", "scores": {{"a": {n % 2}, "b": true}}}}' for n in range(31)]
    lines += ['{"prompt": "x"}', "no json", '{"prompt": "y", "scores": {"a": 7, "b": 1}}']
    lines += ['{"prompt": "z", "scores": {"a": 0}}']
    source.write_bytes(gzip.compress("\n".join(lines).encode()))
    found = read_graded(source, ("a", "b"))
    assert (len(found.prompts), found.lines) == (30, 35)
    assert found.prompts[0].scores == {"a": 0.0, "b": 1.0}
    assert [told.partition(": ")[2] for told in found.unusable] == [
        'it has no "scores" such as {"small": 0, "large": 1}.',
        found.unusable[1].partition(": ")[2],
        "scores.a is no number from 0 to 1.",
        "it has no score for b.",
    ]
    assert found.unusable[0].startswith(f"{source}:32: ")


def test_too_few_prompts_are_refused_with_the_first_reason(tmp_path):
    source = tmp_path / "g.jsonl"
    source.write_text('{"prompt": "x"}\n')
    with pytest.raises(UsageError) as told:
        read_graded(source, ("a", "b"))
    assert "holds 0 different prompts with a score for each of a, b; at least 20" in str(told.value)
    assert str(told.value).endswith('it has no "scores" such as {"small": 0, "large": 1}.')
    with pytest.raises(UsageError, match="is no file of graded prompts"):
        read_graded(tmp_path, ("a", "b"))


def test_a_route_must_be_there_and_have_a_choice(tmp_path):
    profile = open_untrained(a_profile(tmp_path, 'models = "small"'), {})
    with pytest.raises(UsageError, match="has one model; there is nothing to choose"):
        find_route(profile, "support")
    with pytest.raises(UsageError, match=r"has no route .suport.\. Did you mean .support."):
        find_route(profile, "suport")


def test_labels_without_a_pattern_are_not_routed_by(tmp_path, untrained):
    source = tmp_path / "g.jsonl"
    prompts, *_ = graded(400)
    rows = [
        {"prompt": prompt, "scores": {"small": n * 7 % 5 > 1, "large": True}}
        for n, prompt in enumerate(prompts)
    ]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert run(untrained, source).conclusion.verdict is Verdict.ONE_MODEL


CASCADE = 'strategy = "cascade"\nmodels = ["small", "large"]'


def confident(folder: Path, *, named: bool) -> Path:
    """Ten in a hundred answers are unsure; two thirds of those are wrong, and few of the others."""
    rows = []
    for number in range(300):
        unsure = number % 10 == 0
        correct = number % 3 == 0 if unsure else number % 29 != 0
        confidence = (0.2 if unsure else 0.8) + number / 3_000
        row = {"prompt": f"prompt {number}"}
        if named:
            row |= {"scores": {"small": int(correct), "large": 1}}
            row |= {"confidence": {"small": confidence}}
        else:
            row |= {"correct": correct, "confidence": confidence}
        rows.append(row)
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("named", [True, False])
def test_a_cascade_gets_the_confidence_from_which_answers_are_accepted(tmp_path, *, named: bool):
    profile = open_untrained(a_profile(tmp_path, CASCADE), {})
    found = run(profile, confident(tmp_path, named=named), Goal(share=0.1))
    assert found.file is None
    assert found.setting is not None
    key, _, bound = found.setting.partition(" = ")
    assert key == "min_confidence"
    assert 0.3 < float(bound) <= 0.81
    assert found.chosen.quality.value > found.chosen.by_chance + 0.04
    assert found.conclusion.verdict is Verdict.ROUTE
    # Without scores of the second model nothing is known of its price on them, only by its rates.
    cheap, dear = (model.cost for model in found.models)
    if named:
        assert found.chosen.cost == pytest.approx(cheap + 0.1 * dear, rel=0.05)


def test_a_cascade_keeps_to_a_cost_that_holds_both_calls(tmp_path):
    profile = open_untrained(a_profile(tmp_path, CASCADE), {})
    source = confident(tmp_path, named=True)
    rows = [json.loads(line) | {"costs": {"small": 1, "large": 10}} for line in source.open()]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = run(profile, source, Goal(cost=3.0))
    assert found.chosen.shares["large"] == pytest.approx(0.2)
    with pytest.raises(UsageError, match="--target-cost: "):
        run(profile, source, Goal(cost=0.5))


def test_a_cascade_needs_the_confidence_of_its_first_model(tmp_path):
    profile = open_untrained(a_profile(tmp_path, CASCADE), {})
    with pytest.raises(UsageError, match="it has no confidence for small"):
        run(profile, a_file(tmp_path))


def test_the_grades_of_an_evaluation_are_scores_of_its_models(tmp_path, untrained):
    folder = tmp_path / "eval"
    folder.mkdir()
    prompts, weak, strong = graded(200)
    rows = [{"custom_id": f"c-{n}", "prompt": prompt} for n, prompt in enumerate(prompts)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    grades = [
        grade(contender, row["custom_id"], score)
        for contender, scores in (("p:small", weak), ("p:large", strong), ("p", weak))
        for row, score in zip(rows, scores.tolist(), strict=True)
    ]
    grades[3] |= {"state": "failed", "score": 0.0}
    (folder / "grades.jsonl").write_text("".join(json.dumps(one) + "\n" for one in grades))
    found = run(untrained, folder)
    assert (found.prompts, found.lines) == (199, 200)
    assert found.unusable == (f"{folder}:4: it has no score for small.",)
    assert [model.cost for model in found.models] == pytest.approx([0.001, 0.001])
    assert found.conclusion.verdict is Verdict.ROUTE


def grade(contender: str, custom_id: str, score: float) -> dict:
    made = Grade(
        contender=contender,
        custom_id=custom_id,
        score=score,
        accepted=score > 0.5,
        miss=None,
        state="completed",
        model=None,
        route=None,
        usd=Decimal("0.001"),
        latency_ms=1.0,
        escalated=False,
        confidence=None,
    )
    return made.as_dict()
