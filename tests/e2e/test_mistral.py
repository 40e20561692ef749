from __future__ import annotations

import re

import pytest

from tests.e2e.conftest import read_lines
from tests.servers.scripted import ok, status
from tests.servers.sse_bytes import sse, streamed, torn

KEY = "made-up-mistral-key"
PROFILE = """
[providers.mistral]
api = "mistral"
base_url = "{url}"
api_key_env = "MISTRAL_API_KEY"
[models.small]
provider = "mistral"
name = "mistral-small-latest"
price = {{ input = 1.0, output = 2.0 }}
[[routes]]
name = "all"
models = ["small"]
"""


@pytest.fixture
def mistral(provider_server, tmp_path, monkeypatch):
    monkeypatch.setenv("MISTRAL_API_KEY", KEY)
    (tmp_path / "airoute.toml").write_text(PROFILE.format(url=provider_server.base_url))
    return provider_server


def test_a_batch_with_every_kind_of_answer(airoute, mistral, rows, tmp_path):
    call = {"id": "aB3dE6gH9", "function": {"name": "weather", "arguments": {"city": "Rome"}}}
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    content = [thought, {"type": "text", "text": "Grüße"}]
    choice = {"message": {"content": content}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 17, "completion_tokens": 4, "num_cached_tokens": 5}
    extra = [{"loc": ["body", "x"], "msg": "Extra inputs", "type": "extra"}]
    replies = {
        "thinks": [status(200, {"choices": [choice], "usage": usage})],
        "tool": [ok("", tool_calls=[call], finish_reason="tool_calls")],
        "long": [ok("Once", finish_reason="model_length")],
        "limited": [
            status(429, {"message": "Requests rate limit exceeded"}, {"retry-after": "0"}),
            ok("later"),
        ],
        "error": [ok("x", finish_reason="error"), ok("mended")],
        "extra": [status(422, {"detail": extra})],
    }
    mistral.respond = lambda request, _: replies[request.prompt].pop(0)
    given = [{"custom_id": name, "prompt": name} for name in replies]
    ran = airoute("batch", str(rows(given)), "-o", "run")
    assert ran.returncode == 3, ran.stderr
    results = {line["custom_id"]: line for line in read_lines(tmp_path / "run/results.jsonl")}
    assert results.keys() == {"thinks", "tool", "long", "limited", "error"}
    thinks = results["thinks"]
    assert thinks["response"]["body"]["choices"][0]["message"]["content"] == "Grüße"
    assert thinks["airoute"]["usage"]["cached_input_tokens"] == 5
    assert results["tool"]["airoute"]["finish_reason"] == "tool_calls"
    assert results["long"]["airoute"]["finish_reason"] == "length"
    assert len(results["limited"]["airoute"]["attempts"]) == 2
    assert len(results["error"]["airoute"]["attempts"]) == 2
    errors = read_lines(tmp_path / "run/errors.jsonl")
    assert {e["custom_id"]: e["airoute"]["error"]["code"] for e in errors} == {
        "extra": "bad_request",
    }
    assert mistral.count == 8
    mistral.respond = lambda *_: status(401, {"detail": f"Unauthorized {KEY}"})
    refused = airoute("ask", "hi").stderr
    assert "refuses the key in" in refused
    assert mistral.count == 9
    told = b"".join(path.read_bytes() for path in (tmp_path / "run").iterdir()).decode()
    assert KEY not in told + ran.stderr + refused


def test_a_conversation_that_began_elsewhere_goes_on(airoute, mistral, rows):
    call = {"id": "call_from_openai", "type": "function"}
    turns = [
        {"role": "user", "content": "weather?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [call | {"function": {"name": "weather", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "call_from_openai", "content": "sun"},
    ]
    ran = airoute("batch", str(rows([{"messages": turns, "seed": 7}])), "-o", "run")
    assert ran.returncode == 0, ran.stderr
    sent = mistral.requests[0].body["messages"]
    made = sent[1]["tool_calls"][0]["id"]
    assert re.fullmatch("[A-Za-z0-9]{9}", made)
    assert sent[2] == {"role": "tool", "tool_call_id": made, "name": "weather", "content": "sun"}


def chunks(text: str, *, whole: bool = True) -> bytes:
    deltas = [{"delta": {"content": word}} for word in (text[:3], text[3:])]
    deltas += [{"delta": {"content": ""}, "finish_reason": "stop"}] if whole else []
    return sse(({"choices": [{"index": 0, **delta}]} for delta in deltas), named=False)


def test_streams(airoute, mistral):
    mistral.script([streamed(chunks("Grüße")), *[torn(chunks("Grüße"), "ü")] * 3])
    ran = airoute("ask", "hi")
    assert (ran.returncode, ran.stdout) == (0, "Grüße\n"), ran.stderr
    assert "stream_options" not in mistral.requests[0].body
    torn_off = airoute("ask", "hi")
    assert torn_off.returncode == 3, torn_off.stderr
    assert (mistral.count, "broke off in the middle" in torn_off.stderr) == (4, True)
    mistral.respond = lambda *_: streamed(chunks("Grüße", whole=False))
    unfinished = airoute("ask", "hi")
    assert unfinished.returncode == 3
    assert "without a finish reason" in unfinished.stderr
