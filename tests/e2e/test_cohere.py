from __future__ import annotations

import json
import re

import pytest

from tests.e2e.conftest import read_lines
from tests.servers.scripted import status
from tests.servers.sse_bytes import sse, streamed, torn

KEY = "made-up-cohere-key"
PROFILE = """
[providers.cohere]
api = "cohere"
base_url = "{url}"
api_key_env = ["CO_API_KEY", "COHERE_API_KEY"]
[models.command]
provider = "cohere"
name = "command-a-03-2025"
price = {{ input = 1.0, output = 2.0 }}
[[routes]]
name = "all"
models = ["command"]
"""
USAGE = {
    "billed_units": {"input_tokens": 3.0, "output_tokens": 4.0},
    "tokens": {"input_tokens": 17.0, "output_tokens": 4.0},
    "cached_tokens": 5.0,
}
CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}


@pytest.fixture
def cohere(provider_server, tmp_path, monkeypatch):
    provider_server.paths = re.compile("/v2/chat")
    monkeypatch.setenv("COHERE_API_KEY", KEY)
    root = provider_server.base_url.removesuffix("/v1")
    (tmp_path / "airoute.toml").write_text(PROFILE.format(url=root))
    return provider_server


def answer(text: str = "", reason: str = "COMPLETE", **message: object) -> dict[str, object]:
    content = [{"type": "text", "text": text}] if text else []
    said = {"role": "assistant", "content": content} | message
    return {"id": "chat", "finish_reason": reason, "message": said, "usage": USAGE}


def no(message: str) -> dict[str, object]:
    return {"id": "x", "message": message}


def test_a_batch_with_every_kind_of_answer(airoute, cohere, rows, tmp_path):
    trial = "You are using a Trial key, which is limited to 1000 API calls / month."
    replies = {
        "plain": [status(200, answer("Grüße"))],
        "tool": [status(200, answer(reason="TOOL_CALL", tool_plan="I look.", tool_calls=[CALL]))],
        "long": [status(200, answer("Once", "MAX_TOKENS"))],
        "limited": [
            status(429, no("slow down"), {"x-ratelimit-reset": "1000000001"}),
            status(200, answer("later")),
        ],
        "error": [status(200, answer("x", "ERROR")), status(200, answer("mended"))],
        "invalid": [status(422, no("no"))],
    }
    cohere.respond = lambda request, _: replies[request.prompt].pop(0)
    given = [{"custom_id": name, "prompt": name} for name in replies]
    ran = airoute("batch", str(rows(given)), "-o", "run")
    assert ran.returncode == 3, ran.stderr
    results = {line["custom_id"]: line for line in read_lines(tmp_path / "run/results.jsonl")}
    assert results.keys() == {"plain", "tool", "long", "limited", "error"}
    plain = results["plain"]
    assert plain["response"]["body"]["choices"][0]["message"]["content"] == "Grüße"
    usage = plain["airoute"]["usage"]
    assert (usage["input_tokens"], usage["cached_input_tokens"]) == (17, 5)
    assert results["tool"]["airoute"]["finish_reason"] == "tool_calls"
    assert results["long"]["airoute"]["finish_reason"] == "length"
    assert len(results["limited"]["airoute"]["attempts"]) == 2
    assert len(results["error"]["airoute"]["attempts"]) == 2
    errors = read_lines(tmp_path / "run/errors.jsonl")
    assert {e["custom_id"]: e["airoute"]["error"]["code"] for e in errors} == {
        "invalid": "bad_request",
    }
    assert cohere.count == 8
    cohere.respond = lambda *_: status(429, no(trial), {"retry-after": "1"})
    assert "is used up (the provider answered 429: You are using" in airoute("ask", "hi").stderr
    cohere.respond = lambda *_: status(498, no(f"invalid token {KEY}"))
    refused = airoute("ask", "hi").stderr
    assert "invalid token" in refused
    assert cohere.count == 10
    assert all(r.headers["authorization"] == f"Bearer {KEY}" for r in cohere.requests)
    told = b"".join(path.read_bytes() for path in (tmp_path / "run").iterdir()).decode()
    assert KEY not in told + ran.stderr + refused


def test_what_it_cannot_say_is_refused_by_name(airoute, cohere, tmp_path):
    tool = {"type": "function", "function": {"name": "weather"}}
    chosen = {"type": "function", "function": {"name": "weather"}}
    body = {"messages": [{"role": "user", "content": "hi"}], "tools": [tool]}
    line = {"custom_id": "a", "body": body | {"tool_choice": chosen}}
    (tmp_path / "rows.jsonl").write_text(json.dumps(line))
    ran = airoute("batch", "rows.jsonl", "-o", "run")
    assert ran.returncode == 5, ran.stderr
    assert "a tool_choice that names a tool" in ran.stderr
    assert cohere.count == 0


def events(text: str, *, whole: bool = True) -> bytes:
    def content(kind: str, **told: str) -> dict[str, object]:
        return {"type": kind, "index": 0, "delta": {"message": {"content": told}}}

    told = [{"type": "message-start", "id": "chat"}, content("content-start", type="text", text="")]
    told += [content("content-delta", text=word) for word in (text[:3], text[3:])]
    last = {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": USAGE}}
    return sse([*told, last] if whole else told, named=True)


def test_streams(airoute, cohere):
    cohere.script([streamed(events("Grüße")), *[torn(events("Grüße"), "ü")] * 3])
    ran = airoute("ask", "hi")
    assert (ran.returncode, ran.stdout) == (0, "Grüße\n"), ran.stderr
    torn_off = airoute("ask", "hi")
    assert torn_off.returncode == 3, torn_off.stderr
    assert (cohere.count, "broke off in the middle" in torn_off.stderr) == (4, True)
    cohere.respond = lambda *_: streamed(events("Grüße", whole=False))
    unfinished = airoute("ask", "hi")
    assert unfinished.returncode == 3
    assert "without message-end" in unfinished.stderr
