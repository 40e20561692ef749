"""Every kind of call, one scripted server a model: personal data reaches the private one alone.

Rows with personal data go through each route by their metadata, the same rows without them by the
label that a model gives them. So each kind of call is made beside the private ones, and what the
sockets saw is held against what the audit file proves.
"""

from __future__ import annotations

import json
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from airoute_cli.core.plan import CallRole
from airoute_cli.engine.audit_prove import prove
from airoute_cli.engine.audit_verify import verify
from tests.e2e.conftest import read_lines
from tests.servers.scripted import Recorded, Reply, ScriptedServer, ok, status

MAIL, CARD = "anna.keller@example.com", "4111 1111 1111 1111"
OTHERS = ("sorter", "weak", "strong", "judge", "backup")
PROFILE = """
[profile]
classifier = "intent"
[classifiers.intent]
kind = "model"
model = "sorter"
labels = { grade = "wants something graded", form = "wants a form filled in" }
[run]
canary = 0
[[policy.rules]]
name = "personal-data-stays-private"
when = { detects = ["pii"] }
require = { private = true }
[[routes]]
name = "grades"
when = { any = [{ metadata.kind = "grade" }, { task = "grade" }] }
strategy = "cascade"
models = ["weak", "strong"]
fallback = ["home"]
accept = { min_confidence = 0.8, confidence = "judge", judge = "judge" }
[[routes]]
name = "forms"
when = { any = [{ metadata.kind = "form" }, { task = "form" }] }
models = ["weak"]
fallback = ["home"]
schema = { type = "object", properties = { card = { type = "string" } }, required = ["card"] }
[[routes]]
name = "rest"
strategy = "fallback"
models = ["weak", "backup"]
fallback = ["home"]
"""
KINDS = ("grade", "form", "rest")
PLAIN = [{"custom_id": f"plain-{kind}", "prompt": f"please {kind} this"} for kind in KINDS]
PERSONAL = [
    {"custom_id": f"mail-{kind}", "prompt": f"please {kind} this: {MAIL}", "metadata": {
        "kind": kind}} for kind in KINDS
] + [
    # No metadata: its route is decided by the label, for which the sorter may not be asked.
    {"custom_id": "card-grade", "prompt": f"please grade this: {CARD}"},
]  # fmt: skip
RULE = "personal-data-stays-private"
Servers = dict[str, ScriptedServer]


def answers(request: Recorded, _: int) -> Reply:
    """Whatever it is asked for: a score, JSON that was put right, or a text that is no JSON."""
    if "meant to be JSON" in request.prompt:
        return ok('{"card": "none"}')
    return ok("just a text")


def sorts(request: Recorded, _: int) -> Reply:
    found = next((kind for kind in ("grade", "form") if kind in request.prompt), "other")
    return ok(json.dumps({"label": found, "confidence": 0.9}))


def fails_at_the_rest(request: Recorded, number: int) -> Reply:
    """As a model that has trouble with one kind of prompt, so that the fallback is asked."""
    if "rest" in request.prompt:
        return status(500, None, {"retry-after": "0"})
    return answers(request, number)


@pytest.fixture
def servers() -> Iterator[Servers]:
    with ExitStack() as stack:
        made = {name: stack.enter_context(ScriptedServer()) for name in (*OTHERS, "home")}
        for server in made.values():
            server.respond = answers
        made["sorter"].respond = sorts
        made["weak"].respond = fails_at_the_rest
        made["judge"].respond = lambda _request, _n: ok('{"score": 2}')
        yield made


@pytest.fixture
def write_profile(servers: Servers, tmp_path: Path) -> Callable[..., Path]:
    def write(url: str | None = None) -> Path:
        """All models on their servers; with ``url`` all but the private one there."""
        tables = [
            f'[providers.{name}]\napi = "openai"\n'
            f'base_url = "{server.base_url if name == "home" or url is None else url}"\n'
            f'[models.{name}]\nprovider = "{name}"\nname = "{name}-1"\nprice = "free"\n'
            f"private = {str(name == 'home').lower()}\n"
            for name, server in servers.items()
        ]
        path = tmp_path / "airoute.toml"
        path.write_text("".join(tables) + PROFILE)
        return path

    return write


def nobodys_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{found.getsockname()[1]}/v1"


def assert_closed(folder: Path, servers: Servers) -> None:
    """No socket but the private one's saw anything personal, and the audit file proves it."""
    for name in OTHERS:
        seen = b"".join(request.raw for request in servers[name].requests).decode()
        assert MAIL not in seen
        assert CARD not in seen
        assert all(request.prompt for request in servers[name].requests)
    personal = [one for one in servers["home"].requests if MAIL in one.prompt or CARD in one.prompt]
    assert len(personal) >= len(PERSONAL)
    proof = prove(folder, RULE)
    assert proof.verdict.faults == []
    assert (proof.rows, proof.leaves) == (len(PERSONAL), [frozenset({"home"})])
    assert {model for model, _ in proof.calls} == {"home"}
    assert proof.calls.total() >= len(PERSONAL)
    assert verify(folder).holds


def roles(folder: Path, rows: str) -> Counter[str]:
    """What calls were made for, of the rows whose ids begin so."""
    intents = [one for one in read_lines(folder / "audit.jsonl") if one["event"] == "intent"]
    own = (one for one in intents if one["custom_id"].startswith(rows))
    return Counter(one.get("role", "answer") for one in own)


def test_personal_data_reaches_the_private_model_alone_whatever_a_call_is_for(
    airoute, servers, write_profile, rows, tmp_path
):
    write_profile()
    given, folder = str(rows([*PLAIN, *PERSONAL])), tmp_path / "run"
    ran = airoute("batch", given, "-o", "run")
    assert ran.returncode == 0, ran.stderr
    assert_closed(folder, servers)
    assert set(roles(folder, "plain")) == {
        CallRole.ANSWER, CallRole.FALLBACK, CallRole.ESCALATION, CallRole.JUDGE,
        CallRole.CLASSIFIER, CallRole.REPAIR,
    }  # fmt: skip
    # A form from the private model is put right by the private model.
    assert roles(folder, "mail") == {"answer": 3, "repair": 1}
    assert roles(folder, "card") == {"answer": 1}
    assert {name: server.count for name, server in servers.items()} == {
        "sorter": 3, "weak": 6, "strong": 1, "judge": 1, "backup": 1, "home": 5
    }  # fmt: skip
    told = {one["custom_id"]: one["airoute"] for one in read_lines(folder / "results.jsonl")}
    assert [told[f"plain-{kind}"]["route"] for kind in KINDS] == ["grades", "forms", "rest"]
    assert [told[f"mail-{kind}"]["route"] for kind in KINDS] == ["grades", "forms", "rest"]
    unasked = told["card-grade"]
    assert (unasked["route"], unasked["label"]["asked"]) == ("rest", False)
    assert f'sorter may not see the row: policy "{RULE}"' in unasked["label"]["why"]
    shown = airoute("audit", "show", "run", "card-grade").stdout
    assert "task        other: the default, as sorter may not see the row" in shown
    assert CARD not in shown
    plain = airoute("audit", "show", "run", "plain-grade").stdout
    assert 'sorter said "grade", with confidence 0.90 as it says itself' in plain
    assert "1 sorter (classifier) at 127.0.0.1:" in plain
    proved = airoute("audit", "prove", "run", "--rule", RULE)
    assert "every call was to a model that the rule leaves" in proved.stdout


def test_it_stays_so_while_all_others_are_down_and_after_a_resume(
    airoute, servers, write_profile, rows, tmp_path
):
    write_profile(nobodys_port())
    servers["home"].script([status(400), status(400)])
    given, folder = str(rows(PERSONAL)), tmp_path / "run"
    ran = airoute("batch", given, "-o", "run")
    assert ran.returncode == 3, ran.stderr
    again = airoute("batch", given, "-o", "run", "--resume", "--retry-errors")
    assert again.returncode == 0, again.stderr
    assert servers["home"].count == len(PERSONAL) + 1 + 2, "a repair, and two rows once more"
    assert_closed(folder, servers)


def test_it_stays_so_while_all_others_are_rate_limited(
    airoute, servers, write_profile, rows, tmp_path
):
    write_profile()
    for name in OTHERS:
        servers[name].script([status(429, None, {"retry-after": "0"})] * 2)
    ran = airoute("batch", str(rows([*PLAIN, *PERSONAL])), "-o", "run")
    assert ran.returncode == 0, ran.stderr
    assert_closed(tmp_path / "run", servers)
    assert roles(tmp_path / "run", "plain")[CallRole.CLASSIFIER] == 5
