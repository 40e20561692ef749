"""A route with a schema over the wire: what is sent, what comes, and what is told."""

from __future__ import annotations

import json
from pathlib import Path

from airoute_cli.engine.audit_verify import verify
from tests.conftest import Airoute
from tests.e2e.conftest import WriteRows, read_lines
from tests.servers.scripted import Recorded, Reply, ScriptedServer, ok

PROFILE = """
[providers.here]
api = "openai"
base_url = "{url}"
[models.small]
provider = "here"
name = "small-1"
price = {{ input = 1, output = 1 }}
[models.plain]
provider = "here"
name = "plain-1"
price = "free"
capabilities = []
[[routes]]
name = "words"
when = {{ contains_any = ["words"] }}
models = ["plain"]
schema = {{ type = "object", required = ["n"], properties = {{ n = {{ type = "integer" }} }} }}
[[routes]]
name = "cards"
models = ["small"]
schema = "card.json"
"""
SCHEMA = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
SAID = {
    "good": '{"n": 1}',
    "fenced": 'Sure:\n```json\n{"n": 2}\n```',
    "loose": "{n: 3,}",
    "wrong": '{"n": "four"}',
    "lost": "I do not know",
    "words": '{"n": 6}',
}
ROWS = [{"custom_id": name, "prompt": name} for name in SAID]


def respond(request: Recorded, _: int) -> Reply:
    prompt = request.prompt
    if prompt.startswith("The text below"):
        return ok('{"n": 4}' if "four" in prompt else "I still do not know")
    return ok(SAID[prompt])


def test_answers_are_put_right_or_fail_with_what_came(
    airoute: Airoute, provider_server: ScriptedServer, rows: WriteRows, tmp_path: Path
):
    provider_server.respond = respond
    (tmp_path / "airoute.toml").write_text(PROFILE.format(url=provider_server.base_url))
    (tmp_path / "card.json").write_text(json.dumps(SCHEMA))
    ran = airoute("batch", str(rows(ROWS)), "-o", "run", "--extract", "n")
    assert ran.returncode == 3, ran.stderr
    done = {line["custom_id"]: line for line in read_lines(tmp_path / "run" / "results.jsonl")}
    states = {name: line["airoute"]["output"]["state"] for name, line in done.items()}
    assert states == {
        "good": "valid",
        "fenced": "stripped",
        "loose": "repaired",
        "wrong": "repair_call",
        "words": "valid",
    }
    texts = {
        name: line["response"]["body"]["choices"][0]["message"]["content"]
        for name, line in done.items()
    }
    assert {name: json.loads(text)["n"] for name, text in texts.items()} == {
        "good": 1, "fenced": 2, "loose": 3, "wrong": 4, "words": 6,
    }  # fmt: skip
    assert sorted(line["airoute"]["extracted"] for line in done.values()) == [1, 2, 3, 4, 6]
    [failed] = read_lines(tmp_path / "run" / "errors.jsonl")
    assert failed["custom_id"] == "lost"
    assert failed["airoute"]["output"]["answer"] == "I do not know"
    assert "schema_invalid" in ran.stderr

    sent = {one.prompt: one.body for one in provider_server.requests}
    assert sent["good"]["response_format"]["json_schema"]["schema"] == SCHEMA
    assert "response_format" not in sent["words"]
    assert json.dumps(SCHEMA["required"]) in sent["words"]["messages"][0]["content"]
    assert done["words"]["airoute"]["output"]["schema"] == "prompted"
    # One repair for each of two answers, and no more calls than that.
    assert provider_server.count == len(ROWS) + 2
    assert len(done["wrong"]["airoute"]["attempts"]) == 2
    assert verify(tmp_path / "run").holds

    asked = airoute("ask", "lost")
    assert (asked.returncode, asked.stdout) == (3, "")
    assert "the answer is not what the schema asks for: it is no JSON" in asked.stderr
    assert airoute("ask", "fenced").stdout == '{"n": 2}\n'
    assert airoute("ask", "fenced", "--extract", "n").stdout == "2\n"
    nothing = airoute("ask", "fenced", "-x", "code")
    assert (nothing.returncode, nothing.stdout) == (3, "")
    assert "the answer was not used: there is no code block in it" in nothing.stderr
