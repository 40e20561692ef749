from __future__ import annotations

import csv
import json
from collections import Counter
from decimal import Decimal

import pytest

from tests.e2e.conftest import read_lines
from tests.servers.scripted import ok, status


def test_a_batch_answers_every_row_and_accounts_for_it(
    airoute, profile, rows, provider_server, tmp_path
):
    given = [
        {"custom_id": "a", "prompt": "a refund, please", "metadata": {"tier": "pro"}, "label": 7},
        {"custom_id": "b", "prompt": "hello"},
        {"prompt": "without an id"},
    ]
    ran = airoute("batch", str(rows(given)), "-o", "run")
    assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr
    assert "3 rows in = 3 completed" in ran.stderr
    run = tmp_path / "run"
    results = {line["custom_id"]: line for line in read_lines(run / "results.jsonl")}
    assert len(results) == 3
    first = results["a"]
    assert first["response"]["status_code"] == 200
    body = first["response"]["body"]
    assert body["choices"][0]["message"]["content"] == "You said: a refund, please"
    assert (first["label"], first["metadata"]) == (7, {"tier": "pro"})
    told = first["airoute"]
    assert (told["route"], told["model"]) == ("refunds", "large")
    assert "refund" in told["reason"]
    usage = told["usage"]
    expected = Decimal(usage["input_tokens"] * 5 + usage["output_tokens"] * 20) / 1_000_000
    assert Decimal(str(told["cost"]["usd"])) == expected
    assert told["cost"]["price"] == "profile"
    summary = json.loads((run / "summary.json").read_text())
    assert summary["rows"]["in"] == summary["rows"]["completed"] == 3
    assert summary["conserved"]
    total = sum(Decimal(str(line["airoute"]["cost"]["usd"])) for line in results.values())
    assert Decimal(str(summary["cost"]["usd"])) == total
    shares = list(csv.DictReader((run / "summary.csv").read_text().splitlines()))
    assert {(share["route"], share["model"]) for share in shares} == {
        ("refunds", "large"),
        ("rest", "small"),
    }
    assert "3 rows in = 3 completed" in (run / "summary.md").read_text()
    assert json.loads((run / "run.json").read_text())["state"] == "finished"
    assert provider_server.count == 3
    assert not any(b"tier" in request.raw for request in provider_server.requests)


def test_files_are_the_owners_alone(airoute, profile, rows, tmp_path):
    airoute("batch", str(rows(2)), "-o", "run")
    run = tmp_path / "run"
    assert run.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o077 for path in run.iterdir()} == {0}


def test_a_messy_file_costs_only_its_bad_lines(airoute, profile, provider_server, tmp_path):
    large = "x" * 5_000_000
    lines = [
        '\ufeff{"custom_id": "first", "prompt": "with a BOM"}\r\n',
        "\n",
        '{"custom_id": "sep", "prompt": "line\u2028separator"}\r\n',
        json.dumps({"custom_id": "large", "prompt": large}) + "\n",
        '{"custom_id": "torn", "prompt": \n',
        "   \r\n",
        '{"custom_id": "first", "prompt": "the same id again"}\n',
        '{"custom_id": "last", "prompt": "no newline at the end"}',
    ]
    source = tmp_path / "messy.jsonl"
    source.write_bytes("".join(lines).encode())
    ran = airoute("batch", str(source), "-o", "run")
    assert ran.returncode == 3, ran.stderr
    assert "6 rows in = 4 completed + 2 failed" in ran.stderr
    assert "(line 5)" in ran.stderr
    assert "stands on line 1 and again on line 7" in ran.stderr
    results = {line["custom_id"] for line in read_lines(tmp_path / "run" / "results.jsonl")}
    assert results == {"first", "sep", "large", "last"}
    errors = read_lines(tmp_path / "run" / "errors.jsonl")
    assert [error["airoute"]["line"] for error in errors] == [5, 7]
    assert errors[1]["prompt"] == "the same id again"
    assert provider_server.by_prompt["line\u2028separator"] == 1
    assert provider_server.by_prompt[large] == 1


def test_failed_rows_can_be_fed_in_again(airoute, profile, rows, provider_server, tmp_path):
    provider_server.respond = lambda request, _: (
        status(400) if request.prompt == "question 1" else ok()
    )
    first = airoute("batch", str(rows(3)), "-o", "run")
    assert first.returncode == 3
    assert "2 completed + 1 failed" in first.stderr
    provider_server.respond = lambda *_: ok()
    again = airoute("batch", "run/errors.jsonl", "-o", "again")
    assert again.returncode == 0, again.stderr
    assert [line["custom_id"] for line in read_lines(tmp_path / "again" / "results.jsonl")] == [
        "row-1"
    ]
    resumed = airoute("batch", "rows.jsonl", "-o", "run", "--resume", "--retry-errors")
    assert resumed.returncode == 0, resumed.stderr
    assert not (tmp_path / "run" / "errors.jsonl").exists()
    assert provider_server.by_prompt == {"question 0": 1, "question 1": 3, "question 2": 1}


def test_a_failing_model_is_retried_and_then_another_one_answers(
    airoute, profile, rows, provider_server, tmp_path
):
    provider_server.respond = lambda request, _: (
        status(500) if request.body["model"] == "small-1" else ok()
    )
    ran = airoute("batch", str(rows(1)), "-o", "run")
    assert ran.returncode == 0, ran.stderr
    assert Counter(r.body["model"] for r in provider_server.requests) == {
        "small-1": 3,
        "large-1": 1,
    }
    told = read_lines(tmp_path / "run" / "results.jsonl")[0]["airoute"]
    assert told["model"] == "large"
    assert [attempt.get("error") for attempt in told["attempts"]] == ["server"] * 3 + [None]


def test_what_cannot_heal_is_not_retried(airoute, profile, rows, provider_server, tmp_path):
    provider_server.respond = lambda *_: status(400)
    ran = airoute("batch", str(rows(1)), "-o", "run")
    assert ran.returncode == 3
    assert provider_server.count == 1
    errors = read_lines(tmp_path / "run" / "errors.jsonl")
    assert errors[0]["airoute"]["error"]["code"] == "bad_request"


@pytest.mark.parametrize(
    ("reply", "told", "calls"),
    [
        (status(400), "all failed (the last one: the provider", 1),
        (ok("no JSON"), "all do not fit their schema (the last one: the answer is not what", 2),
    ],
)
def test_the_canary_stops_a_run_that_only_fails(
    airoute, profile, rows, provider_server, tmp_path, reply, told, calls
):
    schema = '[[routes]]\nschema = { type = "object" }'
    profile.write_text(profile.read_text().replace("[[routes]]", schema))
    provider_server.respond = lambda *_: reply
    ran = airoute("batch", str(rows(500)), "-o", "run")
    assert ran.returncode == 4, ran.stderr
    assert f"stopping: the first 20 rows of small {told}" in ran.stderr
    told = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert told["run"]["state"] == "canary"
    failed = told["rows"]["failed"]
    # Rows that were under way then end their call, and make no second one.
    assert calls * 20 <= calls * failed <= provider_server.count < calls * 40
    assert told["rows"]["pending"] == 500 - told["rows"]["failed"]
    assert "go on with: airoute batch" in ran.stderr


def test_a_key_revoked_meanwhile_leaves_the_rest_to_a_resume(
    airoute, profile, rows, provider_server, tmp_path, monkeypatch
):
    """And the run ends where nobody is left to ask."""
    mended = profile.read_text().replace("[providers.here]", '[providers.here]\napi_key_env = "MY"')
    profile.write_text(mended)
    monkeypatch.setenv("MY", "sk-test-revoked-000000000000")
    provider_server.respond = lambda _, n: ok() if n <= 100 else status(401)
    source = str(rows(3_000))
    ran = airoute("batch", source, "-o", "run")
    assert ran.returncode == 4, ran.stderr
    assert ran.stderr.count("here refuses the key in MY") == 3  # the message, and each model's
    assert "put a valid key into MY, then go on with --resume" in ran.stderr
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["rows"]["completed"] + summary["rows"]["pending"] == 3_000
    assert summary["rows"]["completed"] == 100
    assert summary["run"]["state"] == "unavailable"
    assert {name: told["state"] for name, told in summary["health"].items()} == {
        "small": "shut",
        "large": "shut",
    }
    assert provider_server.count < 300
    assert not (tmp_path / "run" / "errors.jsonl").exists()
    quiet = airoute("batch", source, "-o", "run", "--resume", "--quiet")
    assert quiet.returncode == 4
    assert quiet.stderr.count("here refuses the key in MY") == len(quiet.stderr.splitlines()) == 2
    provider_server.respond = lambda *_: ok()
    again = airoute("batch", source, "-o", "run", "--resume")
    assert again.returncode == 0, again.stderr
    assert len(read_lines(tmp_path / "run" / "results.jsonl")) == 3_000


def test_retry_after_is_waited_for(airoute, profile, rows, provider_server):
    provider_server.script([status(429, headers={"retry-after": "1"})])
    ran = airoute("batch", str(rows(1)), "-o", "run")
    assert ran.returncode == 0, ran.stderr
    first, second = provider_server.requests
    assert second.time - first.time >= 1.0


def test_a_dry_run_calls_nothing_and_writes_nothing(
    airoute, profile, rows, provider_server, tmp_path
):
    source = str(rows([{"prompt": "refund"}, {"prompt": "hello"}, {"nothing": 1}]))
    ran = airoute("batch", source, "--dry-run", "--json")
    assert ran.returncode == 3, ran.stderr
    told = json.loads(ran.stdout)
    assert {share["route"]: share["rows"] for share in told["shares"]} == {"refunds": 1, "rest": 1}
    assert 0 < told["total"]["expected_usd"] <= told["total"]["worst_usd"]
    assert provider_server.count == 0
    assert not (tmp_path / "run").exists()
    drawn = airoute("batch", source, "--dry-run")
    assert "refunds" in drawn.stdout
    assert "Nothing was called" in drawn.stdout


def test_results_on_stdout_in_the_order_of_the_input(airoute, profile, rows, provider_server):
    ran = airoute("batch", "-", "-o", "-", "--ordered", input=rows(20).read_text())
    assert ran.returncode == 0, ran.stderr
    ids = [json.loads(line)["custom_id"] for line in ran.stdout.splitlines()]
    assert ids == [f"row-{n}" for n in range(20)]


def test_an_ordered_run_leaves_its_file_in_order(airoute, profile, rows, tmp_path):
    ran = airoute("batch", str(rows(40)), "-o", "run", "--ordered", "-j", "8")
    assert ran.returncode == 0, ran.stderr
    ids = [line["custom_id"] for line in read_lines(tmp_path / "run" / "results.jsonl")]
    assert ids == [f"row-{n}" for n in range(40)]


def test_a_limit_takes_the_first_rows_and_resume_the_rest(airoute, profile, rows, provider_server):
    source = str(rows(5))
    assert airoute("batch", source, "-o", "run", "--limit", "2").returncode == 0
    assert provider_server.count == 2
    ran = airoute("batch", source, "-o", "run", "--resume")
    assert ran.returncode == 0, ran.stderr
    assert "5 rows in = 5 completed" in ran.stderr
    assert set(provider_server.by_prompt.values()) == {1}


def test_a_row_that_changed_says_so_and_is_not_paid(
    airoute, profile, rows, provider_server, tmp_path
):
    airoute("batch", str(rows([{"custom_id": "a", "prompt": "one"}])), "-o", "run")
    source = rows([{"custom_id": "b", "prompt": "new"}, {"custom_id": "a", "prompt": "two"}])
    ran = airoute("batch", str(source), "-o", "run", "--resume")
    assert ran.returncode == 3
    assert "was answered for other content" in ran.stderr
    assert provider_server.by_prompt == {"one": 1, "new": 1}


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["rows.jsonl"], "no run folder: add -o DIR"),
        (["rows.jsonl", "-o", ""], "no run folder: add -o DIR"),
        (["absent.jsonl", "-o", "run"], "absent.jsonl"),
        (["rows.jsonl", "-o", "full"], "--resume"),
        (["rows.jsonl", "-o", "run", "--retry-errors"], "goes with --resume"),
        (["rows.jsonl", "-o", "absent", "--resume"], "absent"),
    ],
)
def test_a_wrong_use_is_a_sentence(airoute, profile, rows, provider_server, tmp_path, args, says):
    rows(1)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").touch()
    ran = airoute("batch", *args)
    assert ran.returncode == 2
    assert says in ran.stderr
    assert "Traceback" not in ran.stderr
    assert provider_server.count == 0


def test_an_unknown_price_refuses_the_run(airoute, profile, rows, provider_server):
    text = profile.read_text().replace("price = { input = 0.5, output = 2.0 }\n", "")
    profile.write_text(text)
    ran = airoute("batch", str(rows(1)), "-o", "run")
    assert ran.returncode == 2
    assert "'small' is unknown" in ran.stderr
    assert provider_server.count == 0
    profile.write_text(text + '[policy]\nunknown_price = "allow"\n')
    ran = airoute("batch", str(rows(1)), "-o", "run2")
    assert ran.returncode == 0, ran.stderr
    assert "without a price, which are not in it: 1" in ran.stderr


def test_the_stored_profile_holds_on_resume(airoute, profile, rows, provider_server):
    source = str(rows(2))
    airoute("batch", source, "-o", "run", "--limit", "1")
    profile.write_text(profile.read_text().replace("small-1", "other-1"))
    refused = airoute("batch", source, "-o", "run", "--resume", "--profile", str(profile))
    assert refused.returncode == 2
    assert "--accept-profile" in refused.stderr
    assert airoute("batch", source, "-o", "run", "--resume").returncode == 0
    assert {r.body["model"] for r in provider_server.requests} == {"small-1"}


def test_rows_that_were_tried_stay_within_every_profile_since_then(
    airoute, profile, rows, provider_server, tmp_path
):
    """Rows 0 and 1 are tried under the first profile, rows 2 and 3 under the second."""
    source = str(rows(4))
    again = ("batch", source, "-o", "run", "--resume", "--retry-errors", "--accept-profile")
    provider_server.respond = lambda *_: status(400)
    assert airoute("batch", source, "-o", "run", "--limit", "2").returncode == 3

    asked = provider_server.count
    profile.write_text(profile.read_text().replace("small-1", "small-2"))
    ran = airoute(*again)
    assert "as accepted; rows that were tried before go only to" in ran.stderr
    models = {
        r.body["messages"][-1]["content"]: r.body["model"] for r in _since(provider_server, asked)
    }
    assert [models[f"question {n}"] for n in range(4)] == [
        "large-1",
        "large-1",
        "small-2",
        "small-2",
    ]

    asked = provider_server.count
    provider_server.respond = lambda *_: ok("yes")
    profile.write_text(profile.read_text().replace("large-1", "large-3"))
    ran = airoute(*again)
    assert ran.returncode == 5, ran.stderr
    assert "4 rows in = 2 completed + 2 refused" in ran.stderr
    assert [r.body["model"] for r in _since(provider_server, asked)] == ["small-2", "small-2"]
    refused = read_lines(tmp_path / "run" / "refused.jsonl")
    assert {line["custom_id"] for line in refused} == {"row-0", "row-1"}
    message = refused[0]["airoute"]["error"]["message"]
    assert 'not by profile "test", under which the row was tried: it has no such model' in message


def test_a_model_that_is_not_there_is_mended_as_the_sentence_says(
    airoute, profile, rows, provider_server, tmp_path
):
    source = str(rows(4))
    missing = {"error": {"message": "no such model", "code": "model_not_found"}}
    provider_server.respond = lambda *_: status(404, missing)
    ran = airoute("batch", source, "-o", "a run")
    assert ran.returncode == 4, ran.stderr
    again = f"go on with: airoute batch {source} -o 'a run' --resume --accept-profile"
    assert again in ran.stderr
    provider_server.respond = lambda *_: ok("yes")
    for wrong, right in (("small-1", "small-2"), ("large-1", "large-2")):
        profile.write_text(profile.read_text().replace(wrong, right))
    ran = airoute("batch", source, "-o", "a run", "--resume", "--accept-profile")
    assert ran.returncode == 0, ran.stderr
    told = (tmp_path / "a run" / "summary.md").read_text()
    assert "of them failed (not_found " in told


def _since(server, count):
    return server.requests[count:]


def test_a_profile_that_cannot_run_is_not_accepted(airoute, profile, rows, provider_server):
    source = str(rows(2))
    airoute("batch", source, "-o", "run", "--limit", "1")
    profile.write_text(profile.read_text().replace("price = { input = 0.5, output = 2.0 }\n", ""))
    assert airoute("batch", source, "-o", "run", "--resume", "--accept-profile").returncode == 2
    assert airoute("batch", source, "-o", "run", "--resume").returncode == 0


def test_plain_lines_are_prompts(airoute, profile, provider_server, tmp_path):
    (tmp_path / "notes.txt").write_text("one\n\ntwo\n")
    ran = airoute("batch", "notes.txt", "-o", "run", "--lines")
    assert ran.returncode == 0, ran.stderr
    assert provider_server.by_prompt == {"one": 1, "two": 1}
    # A run goes on as it began.
    (tmp_path / "more.txt").write_text("one\ntwo\nthree\n")
    ran = airoute("batch", "more.txt", "-o", "run", "--resume")
    assert ran.returncode == 0, ran.stderr
    assert provider_server.by_prompt == {"one": 1, "two": 1, "three": 1}
    assert "another input" not in ran.stderr
    (tmp_path / "other.txt").write_text("two\n")
    ran = airoute("batch", "other.txt", "-o", "run", "--resume")
    assert "1 row in = 1 completed" in ran.stderr
    assert "also holds 2 answers to what does not stand in other.txt" in ran.stderr
