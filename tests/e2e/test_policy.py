"""One scripted server for each model, asserted at its socket: who got to see which rows."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from airoute_cli.engine.audit_prove import prove
from airoute_cli.engine.audit_verify import verify
from tests.e2e.conftest import read_lines
from tests.servers.scripted import ScriptedServer, ok, status

MAIL, CARD = "anna.keller@example.com", "4111 1111 1111 1111"
MODELS = {"home": "private = true", "eu": 'retention = "30d"', "us": 'retention = "90d"'}
RULES = """
[[policy.rules]]
name = "personal-data-stays-private"
when = { detects = ["pii", "secret"] }
require = { private = true }
on_empty = "handoff"
[[policy.rules]]
name = "eu-stays-in-eu"
when = { metadata.region = "eu" }
require = { regions = ["eu"] }
on_empty = "defer"
[[routes]]
name = "code"
models = ["us"]
when = { contains_any = ["code"] }
[[routes]]
name = "rest"
models = ["us", "eu"]
fallback = ["home"]
"""
ROWS = [
    {"custom_id": "plain", "prompt": "what is a bicycle?"},
    {"custom_id": "mail", "prompt": f"write to {MAIL}"},
    {"custom_id": "card", "messages": [{"role": "user", "content": f"I paid with {CARD}"}]},
    {"custom_id": "tool", "messages": [
        {"role": "user", "content": "look it up"},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "1", "content": f'{{"mail": "{MAIL}"}}'},
    ]},
    {"custom_id": "image", "messages": [{"role": "user", "content": [
        {"type": "text", "text": "what is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]}]},
    {"custom_id": "code", "prompt": f"code for {MAIL}"},
    {"custom_id": "eu", "prompt": "hello", "metadata": {"region": "EU"}},
    {"custom_id": "eu-code", "prompt": "code please", "metadata": {"region": "eu"}},
]  # fmt: skip
PERSONAL = {"mail", "card", "tool", "image"}
Servers = dict[str, ScriptedServer]
WriteProfile = Callable[..., Path]


@pytest.fixture
def servers() -> Iterator[Servers]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(ScriptedServer()) for name in MODELS}


@pytest.fixture
def write_profile(servers: Servers, tmp_path: Path) -> WriteProfile:
    def write(rules: str = RULES, **urls: str) -> Path:
        tables = []
        for name, claims in MODELS.items():
            url = urls.get(name, servers[name].base_url)
            region = "" if name == "home" else f'region = "{name}"\n'
            tables.append(
                f'[providers.{name}]\napi = "openai"\nbase_url = "{url}"\n{region}'
                f'[models.{name}]\nprovider = "{name}"\nname = "{name}-1"\nprice = "free"\n{claims}'
            )
        path = tmp_path / "airoute.toml"
        path.write_text("\n".join(tables) + rules)
        return path

    return write


def seen(server: ScriptedServer) -> str:
    return b"".join(request.raw for request in server.requests).decode()


def nobodys_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{found.getsockname()[1]}/v1"


def assert_closed(folder: Path, servers: Servers) -> None:
    """Rows with personal data were seen by the private model alone, and the files say so."""
    for name in ("eu", "us"):
        for secret in (MAIL, CARD, "iVBORw0KGgo"):
            assert secret not in seen(servers[name])
    results = {line["custom_id"]: line["airoute"] for line in read_lines(folder / "results.jsonl")}
    for custom_id in PERSONAL:
        told = results[custom_id]
        assert (told["model"], told["policy"]["eligible"]) == ("home", ["home"])
        assert told["policy"]["rules"] == ["personal-data-stays-private"]
    assert results["mail"]["policy"]["findings"] == {"pii.email": 1}
    assert results["image"]["policy"]["scanned"] == "partial"
    assert results["plain"]["policy"]["findings"] == {}
    handed_off = read_lines(folder / "handoff.jsonl")
    assert [line["custom_id"] for line in handed_off] == ["code"]
    deferred = read_lines(folder / "deferred.jsonl")
    assert "eu-code" in [line["custom_id"] for line in deferred]


def assert_proved(folder: Path, at_home: int) -> None:
    """The audit file says the same: so many calls for personal data, all of them at home."""
    proof = prove(folder, "personal-data-stays-private")
    assert proof.verdict.faults == []
    assert (proof.rows, proof.leaves) == (5, [frozenset({"home"})])
    assert {model for model, _ in proof.calls} == {"home"}
    assert proof.calls.total() == at_home
    assert verify(folder).holds


def assert_told(airoute, folder: Path) -> None:
    """What a person gets to read of it."""
    proved = airoute("audit", "prove", str(folder), "--rule", "personal-data-stays-private")
    assert proved.returncode == 0
    assert "governed 5 rows, 4 calls for them" in proved.stdout
    assert "every call was to a model that the rule leaves" in proved.stdout
    shown = airoute("audit", "show", str(folder), "mail").stdout
    assert MAIL not in shown
    for line in (
        "policy    → personal-data-stays-private: found 1 pii.email",
        'us: policy "personal-data-stays-private": it is not private',
        'code: does not contain "code"',
        "asked       1 home at 127.0.0.1:",
        "end         completed by home",
    ):
        assert line in shown
    assert "handed off: " in airoute("audit", "show", str(folder), "code").stdout


def assert_an_edit_is_named(airoute, folder: Path) -> None:
    audit = folder / "audit.jsonl"
    whole = audit.read_bytes()
    assert airoute("audit", "verify", str(folder)).returncode == 0
    lines = whole.splitlines(keepends=True)
    edited = next(n for n, line in enumerate(lines) if b'"model":"home"' in line)
    lines[edited] = lines[edited].replace(b'"model":"home"', b'"model":"us"')
    audit.write_bytes(b"".join(lines))
    ran = airoute("audit", "verify", str(folder), "--json")
    assert ran.returncode == 6
    assert json.loads(ran.stdout)["faults"][0]["line"] == edited + 1
    audit.write_bytes(whole)


def test_personal_data_reaches_the_private_model_alone(
    airoute, servers, write_profile, rows, tmp_path
):
    write_profile()
    ran = airoute("batch", str(rows(ROWS)), "-o", "run")
    assert ran.returncode == 3, ran.stderr
    assert_closed(tmp_path / "run", servers)
    assert (servers["home"].count, servers["us"].count, servers["eu"].count) == (4, 1, 1)
    assert "hello" in seen(servers["eu"])
    audit = (tmp_path / "run" / "audit.jsonl").read_text()
    assert not [secret for secret in (MAIL, CARD, "iVBORw0KGgo", "bicycle") if secret in audit]
    assert f"audit: head {verify(tmp_path / 'run').head}" in ran.stderr
    assert_proved(tmp_path / "run", at_home=4)
    assert_told(airoute, tmp_path / "run")
    assert_an_edit_is_named(airoute, tmp_path / "run")


def test_nothing_leaks_while_the_others_are_down(airoute, servers, write_profile, rows, tmp_path):
    write_profile(us=nobodys_port(), eu=nobodys_port())
    slim = [row for row in ROWS if row["custom_id"] not in {"plain", "eu"}]
    ran = airoute("batch", str(rows(slim)), "-o", "run")
    assert ran.returncode == 3, ran.stderr
    assert servers["home"].count == 4
    handed_off = read_lines(tmp_path / "run" / "handoff.jsonl")
    assert [line["custom_id"] for line in handed_off] == ["code"]
    assert_proved(tmp_path / "run", at_home=4)


def test_nothing_leaks_while_the_others_are_rate_limited(
    airoute, servers, write_profile, rows, tmp_path
):
    write_profile()
    for name in ("eu", "us"):
        limited = status(429, None, {"retry-after": "0"})
        servers[name].script([limited, limited])
    ran = airoute("batch", str(rows(ROWS)), "-o", "run")
    assert ran.returncode == 3, ran.stderr
    assert_closed(tmp_path / "run", servers)
    assert_proved(tmp_path / "run", at_home=4)


def test_nothing_leaks_when_the_private_model_fails(airoute, servers, write_profile, rows):
    write_profile()
    servers["home"].respond = lambda _request, _n: status(401)
    ran = airoute("batch", str(rows([ROWS[1]])), "-o", "run")
    assert ran.returncode == 3, ran.stderr
    assert (servers["us"].count, servers["eu"].count) == (0, 0)


def test_a_model_named_by_hand_is_held_to_the_policy(airoute, servers, write_profile):
    write_profile()
    ran = airoute("ask", "-m", "us", f"write to {MAIL}")
    assert (ran.returncode, servers["us"].count) == (3, 0)
    assert 'us: policy "personal-data-stays-private": it is not private' in ran.stderr
    assert MAIL not in ran.stderr


REDACTS = """
[[policy.rules]]
name = "mask"
when = { detects = ["pii"] }
redact = ["pii.email", "pii.card"]
require = { private = true }
[[routes]]
name = "rest"
models = ["us"]
fallback = ["home"]
"""


@pytest.mark.parametrize("flags", [[], ["--no-stream"]])
def test_what_is_redacted_is_not_sent_and_comes_back(airoute, servers, write_profile, flags):
    write_profile(REDACTS)
    ran = airoute("ask", *flags, f"write to {MAIL} and {MAIL}, paid with {CARD}")
    assert ran.returncode == 0, ran.stderr
    assert (
        servers["us"].requests[0].prompt == "write to <EMAIL_1> and <EMAIL_1>, paid with <CARD_1>"
    )
    assert ran.stdout == f"You said: write to {MAIL} and {MAIL}, paid with {CARD}\n"


def test_what_is_not_redacted_still_rules(airoute, servers, write_profile):
    write_profile(REDACTS)
    ran = airoute("ask", f"write to {MAIL} or call +49 30 901820")
    assert ran.returncode == 0, ran.stderr
    assert servers["us"].count == 0
    assert servers["home"].requests[0].prompt == "write to <EMAIL_1> or call +49 30 901820"


def test_the_originals_stand_in_the_results_and_nowhere_else(
    airoute, servers, write_profile, rows, tmp_path
):
    write_profile(REDACTS)
    servers["us"].respond = lambda _request, _n: ok("Dear <EMAIL_1>, not <EMAIL_2>")
    ran = airoute("batch", str(rows([ROWS[1]])), "-o", "run")
    assert ran.returncode == 0, ran.stderr
    (line,) = read_lines(tmp_path / "run" / "results.jsonl")
    message = line["response"]["body"]["choices"][0]["message"]
    assert message["content"] == f"Dear {MAIL}, not <EMAIL_2>"
    assert line["airoute"]["policy"]["redacted"] == ["pii.email"]
    others = (path for path in (tmp_path / "run").iterdir() if path.name != "results.jsonl")
    assert not any(MAIL.encode() in path.read_bytes() for path in others)


def test_try_shows_what_was_found_and_who_is_left_and_never_the_values(airoute, write_profile):
    write_profile()
    ran = airoute("try", f"write to {MAIL}")
    assert ran.returncode == 0, ran.stderr
    assert MAIL not in ran.stdout
    for line in (
        "scan        1 pii.email",
        "policy    → personal-data-stays-private: found 1 pii.email",
        '            eu-stays-in-eu: metadata.region is missing, wanted "eu"',
        "eligible    home",
        'us: policy "personal-data-stays-private": it is not private',
    ):
        assert line in ran.stdout
    told = json.loads(airoute("try", f"write to {MAIL}", "--json").stdout)["plan"]["policy"]
    assert told["eligible"] == ["home"]
    assert told["findings"] == {"pii.email": 1}
    assert told["excluded"]["us"] == 'policy "personal-data-stays-private": it is not private'


DECLARED = """
[providers.far]
api = "openai"
base_url = "http://far.example/v1"
[models.far]
provider = "far"
name = "far-1"
price = "free"
private = true
[[policy.rules]]
name = "pii"
when = { detects = ["pii"] }
require = { private = true }
[[routes]]
name = "rest"
models = ["us", "far"]
"""


def test_privacy_that_nobody_can_prove_is_told_as_declared_everywhere(
    airoute, servers, write_profile, rows, tmp_path, monkeypatch
):
    monkeypatch.setenv("http_proxy", servers["us"].base_url.removesuffix("/v1"))
    write_profile(DECLARED)
    ran = airoute("batch", str(rows(ROWS[:2])), "-o", "run")
    assert ran.returncode == 0, ran.stderr
    told = "far is private as declared, which is no proof: it was sent 1 row that a rule keeps"
    assert told in ran.stderr
    assert told in (tmp_path / "run" / "summary.md").read_text()
    results = {one["custom_id"]: one for one in read_lines(tmp_path / "run" / "results.jsonl")}
    assert results["mail"]["airoute"]["policy"]["declared"] == ["far"]
    assert "declared" not in results["plain"]["airoute"]["policy"]
    tried = airoute("try", f"write to {MAIL}").stdout
    shown = airoute("audit", "show", "run", "mail").stdout
    assert "eligible    far (private as declared), home\n" in tried
    assert "eligible    far (private as declared), home\n" in shown
    proved = airoute("audit", "prove", "run", "--rule", "pii").stdout
    assert "it leaves far (private as declared), home\n" in proved
    assert "far at far.example: 1 call, private as declared\n" in proved


CONTENT = """
[policy]
audit = { content = true }
[[routes]]
name = "rest"
models = ["us"]
"""


def test_prompts_and_answers_stand_in_the_audit_file_where_the_profile_wants_them(
    airoute, write_profile, rows, tmp_path
):
    write_profile(CONTENT)
    ran = airoute("batch", str(rows([ROWS[1]])), "-o", "run")
    assert ran.returncode == 0, ran.stderr
    decision, _, attempt = read_lines(tmp_path / "run" / "audit.jsonl")[1:4]
    assert decision["content"] == ROWS[1]
    assert attempt["content"] == f"You said: write to {MAIL}"
    assert verify(tmp_path / "run").holds
    assert "ask leaves none, batch does" in airoute("ask", "hello").stderr


def test_a_row_without_required_metadata_fails_with_the_key(
    airoute, servers, write_profile, rows, tmp_path
):
    needs = '\n[policy]\nrequire_metadata = ["region"]\n'
    write_profile(f'{needs}[[routes]]\nname = "r"\nmodels = ["us"]')
    ran = airoute("batch", str(rows([ROWS[0], ROWS[6]])), "-o", "run")
    assert ran.returncode == 3, ran.stderr
    (failed,) = read_lines(tmp_path / "run" / "errors.jsonl")
    assert failed["custom_id"] == "plain"
    assert "the row has no metadata.region" in json.dumps(failed)
    assert servers["us"].count == 1


def test_a_dry_run_counts_whom_the_policy_hands_off(airoute, servers, write_profile, rows):
    write_profile()
    ran = airoute("batch", str(rows(ROWS)), "-o", "run", "--dry-run", "--json")
    counted = json.loads(ran.stdout)["rows"]
    assert (counted["routed"], counted["handed_off"], counted["deferred"]) == (6, 1, 1)
    assert sum(server.count for server in servers.values()) == 0


def test_a_row_resumed_under_another_profile_is_held_to_the_first_one_too(
    airoute, servers, write_profile, rows, tmp_path
):
    write_profile()
    servers["home"].respond = lambda _request, _n: status(400)
    given = str(rows([ROWS[1], ROWS[0]]))
    airoute("batch", given, "-o", "run")
    before = {name: server.count for name, server in servers.items()}
    lax = '\n[[routes]]\nname = "rest"\nmodels = ["us"]\nfallback = ["eu", "home"]\n'
    write_profile(lax)
    again = airoute("batch", given, "-o", "run", "--resume", "--accept-profile", "--retry-errors")
    assert again.returncode == 3, again.stderr
    assert (servers["us"].count, servers["eu"].count) == (before["us"], before["eu"])
    assert servers["home"].count == before["home"] + 1
    assert verify(tmp_path / "run").holds
    proof = prove(tmp_path / "run", "personal-data-stays-private")
    assert proof.holds
    assert proof.verdict.notes == ["pass 2 ran under a profile without this rule"]
    for name in ("us", "eu"):
        assert MAIL not in seen(servers[name])
