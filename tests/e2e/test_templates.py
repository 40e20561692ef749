"""A run whose route words its prompts: what goes over the wire, and what is told of it."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from airoute_cli.cli.app import app
from airoute_cli.engine.audit_verify import verify
from tests.conftest import Airoute
from tests.e2e.conftest import WriteRows, read_lines
from tests.engine.audited import forge
from tests.servers.scripted import ScriptedServer

PROFILE = """
[providers.here]
api = "openai"
base_url = "{url}"
[models.small]
provider = "here"
name = "small-1"
price = "free"
[[policy.rules]]
name = "masked"
when = {{ detects = ["pii.email"] }}
redact = ["pii.email"]
[templates."review@2"]
file = "review.md"
[[routes]]
name = "rest"
models = ["small"]
template = "review@2"
"""
ROWS = [
    {
        "custom_id": "whole",
        "prompt": "be strict",
        "diff": "+1",
        "metadata": {"by": "a@example.com"},
    },
    {"custom_id": "bare", "prompt": "be strict", "metadata": {"by": "Ada"}},
]


def test_prompts_are_worded_masked_and_told(
    airoute: Airoute, provider_server: ScriptedServer, rows: WriteRows, tmp_path: Path
):
    (tmp_path / "airoute.toml").write_text(PROFILE.format(url=provider_server.base_url))
    (tmp_path / "review.md").write_text(
        "Review {{ row.diff }} by {{ metadata.by }}: {{ prompt }}\n"
    )
    ran = airoute("batch", str(rows(ROWS)), "-o", "run")
    assert ran.returncode == 3, ran.stderr
    assert [one.prompt for one in provider_server.requests] == ["Review +1 by <EMAIL_1>: be strict"]

    [done] = read_lines(tmp_path / "run" / "results.jsonl")
    told = done["airoute"]["template"]
    assert (told["name"], told["version"], told["variant"]) == ("review", "2", "text")
    assert len(told["digest"]) == 32
    assert done["diff"] == "+1"
    [failed] = read_lines(tmp_path / "run" / "errors.jsonl")
    assert failed["custom_id"] == "bare"
    assert 'template "review@2": it needs row.diff' in json.dumps(failed).replace("\\", "")
    assert verify(tmp_path / "run").holds
    audit = (tmp_path / "run" / "audit.jsonl").read_text()
    assert "a@example.com" not in audit
    assert told["digest"] in audit
    # Another template under a chain that was written anew.
    run = tmp_path / "run"
    lines = {n: one for n, one in enumerate(audit.splitlines(), 1) if told["digest"] in one}
    forge(run, {n: one.replace(told["digest"], "0" * 32).encode() for n, one in lines.items()})
    assert "differs in template" in verify(run).faults[0].message


def test_try_renders_without_a_call(provider_server: ScriptedServer, tmp_path: Path):
    path = tmp_path / "airoute.toml"
    path.write_text(PROFILE.format(url=provider_server.base_url))
    (tmp_path / "review.md").write_text("Review {{ row.diff }}: {{ prompt }}\n")
    words = ["try", "be strict", "--profile", str(path), "-t", "review@2"]
    ran = CliRunner().invoke(app, [*words, "--field", "diff=+1"])
    assert ran.exit_code == 0, ran.output
    assert "template    review@2 (" in ran.output
    assert ran.output.endswith("prompt      to small:\nReview +1: be strict\n")
    told = json.loads(CliRunner().invoke(app, [*words, "--field", "diff=+1", "--json"]).output)
    assert told["prompts"] == {"small": "Review +1: be strict"}
    assert told["plan"]["template"]["variants"] == {"small": "text"}
    without = CliRunner().invoke(app, words)
    assert without.exit_code == 3
    assert 'failed      template "review@2": it needs row.diff' in without.output
    unknown = CliRunner().invoke(app, [*words[:-1], "revew@2"])
    assert "has no template 'revew@2'. Did you mean \"review@2\"?" in str(unknown.exception)
    assert provider_server.count == 0
