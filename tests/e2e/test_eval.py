"""``airoute eval`` against a scripted provider: asked once, graded as often as wanted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from airoute_cli.cli.app import app
from tests.servers.scripted import ScriptedServer, ok, status

PROFILE = """
[profile]
name = "{name}"

[providers.p]
api = "openai"
base_url = "{url}"

[models.weak]
provider = "p"
name = "weak"
price = {{ input = 1, output = 1 }}

[models.strong]
provider = "p"
name = "strong"
price = {{ input = 10, output = 10 }}

[[routes]]
name = "all"
strategy = "cascade"
models = ["weak", "strong"]
accept = {{ regex = "\\\\d" }}
"""
CASES = [
    {"custom_id": "two", "prompt": "1 + 1?", "expect": {"number": 2}},
    {"custom_id": "four", "prompt": "2 + 2?", "expect": {"number": 4}},
    {"custom_id": "kind", "prompt": "Say hello.", "expect": {"judge": "It greets."}},
]
# What each model says to a prompt, and how the judge scores a greeting.
SAYS = {
    ("weak", "1 + 1?"): "2",
    ("weak", "2 + 2?"): "many",
    ("weak", "Say hello."): "Hello 1!",
    ("strong", "1 + 1?"): "2",
    ("strong", "2 + 2?"): "4",
    ("strong", "Say hello."): "Go away.",
}


def respond(request: Any, _n: int) -> Any:
    body = request.body
    said = body["messages"][-1]["content"]
    if "<answer>" in said:
        return ok(json.dumps({"score": 9 if "Hello" in said else 1}))
    return ok(SAYS[body["model"], said])


@pytest.fixture
def shop(
    tmp_path: Path, provider_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> ScriptedServer:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    provider_server.respond = respond
    for name in ("here", "there"):
        text = PROFILE.format(name=name, url=provider_server.base_url)
        (tmp_path / f"{name}.toml").write_text(text)
    write_cases(CASES)
    return provider_server


def write_cases(cases: list[dict[str, Any]]) -> None:
    Path("cases.jsonl").write_text("".join(json.dumps(case) + "\n" for case in cases))


def evaluate(*more: str, code: int = 0, folder: str = "out") -> dict[str, Any]:
    command = ["eval", "cases.jsonl", "-o", folder, "--profile", "here.toml", "-q", "--json"]
    ran = CliRunner().invoke(app, [*command, *more])
    assert ran.exit_code == code, ran.output
    return json.loads(ran.stdout)


def contender(told: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in told["contenders"] if one["contender"] == name)


def test_a_judge_sees_no_case_that_the_policy_keeps_from_it(shop: ScriptedServer):
    rule = '[[policy.rules]]\nname = "mail"\nwhen = { detects = ["pii.email"] }\n'
    with Path("here.toml").open("a") as file:
        file.write(f'{rule}forbid = {{ models = ["strong"] }}\n')
    greeting = {"prompt": "Say hello to a@example.com.", "expect": {"judge": "It greets."}}
    shop.respond = lambda request, _n: (
        ok("Hello 1!") if "Say" in request.messages[-1]["content"] else respond(request, 0)
    )
    write_cases([greeting])
    told = evaluate("--judge", "strong")
    assert contender(told, "here")["accepted"] == 0
    assert [request.body["model"] for request in shop.requests] == ["weak"]
    assert "- 1 answer was not judged and counted as not accepted (refused)" in (
        Path("out/eval.md").read_text()
    )


def test_contenders_are_asked_graded_and_compared(shop: ScriptedServer):
    told = evaluate("-m", "weak", "-m", "strong", "--judge", "strong")
    here, weak, strong = (contender(told, name) for name in ("here", "weak", "strong"))
    assert (here["accepted"], weak["accepted"], strong["accepted"]) == (3, 2, 2)
    assert here["quality"] == pytest.approx((1 + 1 + 0.9) / 3)
    assert here["escalation_rate"] == pytest.approx(1 / 3)
    assert (here["models"], weak["models"]) == ({"weak": 2, "strong": 1}, {"weak": 3})
    assert here["usd_per_accepted"] == pytest.approx(here["usd"] / 3)
    assert weak["usd"] < here["usd"] < strong["usd"]
    against_strong = next(one for one in told["differences"] if one["contender"] == "strong")
    assert (against_strong["better"], against_strong["worse"]) == ([], ["kind"])
    # Three prompts to each contender, one of them twice in the cascade; two greetings to judge.
    assert shop.count == 3 + 1 + 3 + 3 + 2
    assert told["judge_usd"] > 0
    assert not any("expect" in str(request.body) for request in shop.requests)
    for name in ("eval.md", "eval.json", "grades.jsonl", "cost-quality.svg"):
        assert (Path("out") / name).stat().st_size > 0
    assert "| here | 0.967 |" in Path("out/eval.md").read_text()

    # What was decided by hand can be decided again.
    runs = [manifest.parent for manifest in Path("out").rglob("run.json")]
    assert len(runs) == 4
    for run in runs:
        checked = CliRunner().invoke(app, ["audit", "verify", str(run)])
        assert checked.exit_code == 0, checked.output

    # The same again asks nobody; other graders see the answers of before.
    before = shop.count
    evaluate("-m", "weak", "-m", "strong", "--judge", "strong")
    changed = [{**case, "expect": {"regex": "^2$"}} for case in CASES]
    write_cases(changed)
    again = evaluate("-m", "weak", "-m", "strong", "--no-calls")
    assert contender(again, "here")["accepted"] == 1
    assert shop.count == before

    # What got worse beyond noise, and what is below a bound, ends with 6.
    evaluate("--no-calls", "--fail-under", "0.9", code=6)
    evaluate("--no-calls", "--fail-under", "0.3")


def test_drift_is_told_beyond_noise_and_within(shop: ScriptedServer):
    write_cases(
        [{"custom_id": str(n), "prompt": f"{n}?", "expect": {"contains": "yes"}} for n in range(40)]
    )
    shop.respond = lambda _request, _n: ok("yes 1")
    evaluate(folder="before")
    told = evaluate("--baseline", "before", folder="same")
    assert [one["beyond_noise"] for one in told["drift"]] == [False]
    shop.respond = lambda request, _n: ok("yes 1" if "'7?'" not in str(request.body) else "no 1")
    told = evaluate("--baseline", "before", folder="one-worse")
    assert (told["drift"][0]["worse"], told["drift"][0]["beyond_noise"]) == (["7"], False)
    shop.respond = lambda _request, n: ok("yes 1" if n % 2 else "no 1")
    told = evaluate("--baseline", "before", folder="worse", code=6)
    assert told["drift"][0]["beyond_noise"]


def test_failures_count_and_are_asked_again_the_next_time(shop: ScriptedServer):
    write_cases(CASES[:2])
    shop.respond = lambda _request, _n: status(400)
    told = evaluate()
    assert contender(told, "here")["failure_rate"] == 1.0
    shop.respond = respond
    assert contender(evaluate(), "here")["accepted"] == 2


@pytest.mark.parametrize(
    ("case", "more", "said"),
    [
        ({"prompt": "x"}, (), "cases.jsonl:1: the case has no expect"),
        ({"prompt": "x", "expect": {"nubmer": 1}}, (), 'did you mean "number"?'),
        ({"prompt": 3, "expect": "x"}, (), "cases.jsonl:1: prompt must be a string"),
        ({"prompt": "x", "expect": {"judge": "good"}}, (), "--judge MODEL"),
        ({"prompt": "x", "expect": "x"}, ("-m", "waek"), 'no profile has a model "waek"'),
        ({"prompt": "x", "expect": "x"}, ("--baseline", "nowhere"), "holds no grades.jsonl"),
    ],
)
def test_what_is_wrong_is_told_before_anybody_is_asked(shop, case, more, said):
    write_cases([case])
    command = ["eval", "cases.jsonl", "-o", "out", "--profile", "here.toml", *more]
    ran = CliRunner().invoke(app, command)
    assert ran.exception is not None
    assert said in str(ran.exception)
    assert shop.count == 0


def test_two_profiles_are_told_apart_and_one_that_changed_is_not_mixed_in(shop: ScriptedServer):
    write_cases(CASES[:2])
    told = evaluate("--profile", "there.toml", "--route", "all")
    names = [one["contender"] for one in told["contenders"]]
    assert names == ["here", "there", "here@all", "there@all"]
    changed = Path("here.toml").read_text().replace("output = 1 }", "output = 2 }")
    Path("here.toml").write_text(changed)
    ran = CliRunner().invoke(
        app, ["eval", "cases.jsonl", "-o", "out", "--profile", "here.toml", "-q"]
    )
    assert "has changed since here was asked" in str(ran.exception)
