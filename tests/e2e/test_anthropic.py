from __future__ import annotations

import re

import pytest

from tests.e2e.conftest import read_lines
from tests.servers.scripted import status
from tests.servers.sse_bytes import sse, streamed, torn

KEY = "made-up-anthropic-key"
PROFILE = """
[providers.anthropic]
api = "anthropic"
base_url = "{url}"
api_key_env = "ANTHROPIC_API_KEY"
[models.claude]
provider = "anthropic"
name = "claude-sonnet-4-5"
price = {{ input = 1.0, output = 2.0, cached_input = 0.1, cache_write = 1.25 }}
[[routes]]
name = "all"
models = ["claude"]
"""
USAGE = {
    "input_tokens": 10,
    "cache_read_input_tokens": 5,
    "cache_creation_input_tokens": 2,
    "output_tokens": 4,
}
USE = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Rome"}}
MARK = {"cache_control": {"type": "ephemeral"}}


@pytest.fixture
def anthropic(provider_server, tmp_path, monkeypatch):
    provider_server.paths = re.compile("/v1/messages")
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    root = provider_server.base_url.removesuffix("/v1")
    (tmp_path / "airoute.toml").write_text(PROFILE.format(url=root))
    return provider_server


def answer(text: str = "", *blocks: object, reason: str = "end_turn") -> dict[str, object]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5-20250929",
        "content": [*([{"type": "text", "text": text}] if text else []), *blocks],
        "stop_reason": reason,
        "usage": USAGE,
    }


def no(kind: str, message: str) -> dict[str, object]:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


# A row of Anthropic's own batches, and how it is sent but for the limits.
OWN = {
    "system": [{"type": "text", "text": "be brief"} | MARK],
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "tools": [{"name": "weather", "input_schema": {"type": "object"}} | MARK],
    "messages": [
        {"role": "user", "content": "Rome?"},
        {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": "hm", "signature": "s"}, USE],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": "sunny"},
                {"type": "text", "text": "own"},
            ],
        },
    ],
}


def test_a_batch_with_every_kind_of_answer(airoute, anthropic, rows, tmp_path):
    told = {"request-id": "req_9", "retry-after": "3600"}  # which it also sends with a 200
    now = {"retry-after": "0"}
    replies = {
        "plain": [status(200, answer("Grüße"), told)],
        "own": [status(200, answer("sunny"))],
        "tool": [status(200, answer("", USE, reason="tool_use"))],
        "long": [status(200, answer("Once", reason="max_tokens"))],
        "refused": [status(200, answer(reason="refusal"))],
        "limited": [
            status(429, no("rate_limit_error", "slow"), now),
            status(200, answer("later")),
        ],
        "busy": [
            status(529, no("overloaded_error", "Overloaded"), now),
            status(200, answer("later")),
        ],
        "inside": [
            status(200, no("api_error", "oh")),
            status(500, no("api_error", "oh"), now),
            status(200, answer("mended")),
        ],
        "deep": [status(400, no("invalid_request_error", "prompt is too long: 9 > 8"))],
        "large": [status(413, no("request_too_large", "32 MB"), {"x-should-retry": "false"})],
    }
    anthropic.respond = lambda request, _: replies[request.prompt].pop(0)
    given = [{"custom_id": name, "prompt": name} for name in replies if name != "own"]
    given.append({"custom_id": "own", "params": OWN | {"model": "x", "max_tokens": 4096}})
    ran = airoute("batch", str(rows(given)), "-o", "run")
    assert ran.returncode == 3, ran.stderr
    results = {line["custom_id"]: line for line in read_lines(tmp_path / "run/results.jsonl")}
    errors = read_lines(tmp_path / "run/errors.jsonl")
    assert {e["custom_id"]: e["airoute"]["error"]["code"] for e in errors} == {
        "deep": "context_window",
        "large": "bad_request",
    }
    assert results.keys() == replies.keys() - {e["custom_id"] for e in errors}
    plain = results["plain"]
    assert plain["response"]["body"]["choices"][0]["message"]["content"] == "Grüße"
    assert plain["response"]["request_id"] == "req_9"
    assert plain["airoute"]["served_model"] == "claude-sonnet-4-5-20250929"
    usage = plain["airoute"]["usage"]
    assert (usage["input_tokens"], usage["cached_input_tokens"]) == (17, 5)
    reasons = {name: line["airoute"]["finish_reason"] for name, line in results.items()}
    assert (reasons["tool"], reasons["long"]) == ("tool_calls", "length")
    assert reasons["refused"] == "refusal"
    attempts = {name: len(line["airoute"]["attempts"]) for name, line in results.items()}
    assert (attempts["limited"], attempts["busy"], attempts["inside"]) == (2, 2, 3)
    bodies = {request.prompt: request.body for request in anthropic.requests}
    assert {key: bodies["own"][key] for key in OWN} == OWN
    assert (bodies["own"]["model"], bodies["own"]["max_tokens"]) == ("claude-sonnet-4-5", 4096)
    assert bodies["plain"]["max_tokens"] == 1024
    assert anthropic.count == 14
    for request in anthropic.requests:
        assert request.headers["x-api-key"] == KEY
        assert request.headers["anthropic-version"] == "2023-06-01"
    told = b"".join(path.read_bytes() for path in (tmp_path / "run").iterdir()).decode()
    assert KEY not in told + ran.stderr


@pytest.mark.parametrize(
    ("code", "body", "told"),
    [
        (401, no("authentication_error", f"no {KEY}"), "put a valid key into ANTHROPIC_API_KEY"),
        (400, no("invalid_request_error", "Your credit balance is too low"), "is used up"),
        (404, no("not_found_error", "model: claude"), 'knows no model "claude-sonnet-4-5"'),
    ],
)
def test_what_is_wrong_for_good_is_asked_once(airoute, anthropic, code, body, told):
    anthropic.respond = lambda *_: status(code, body, {"request-id": "req_9"})
    ran = airoute("ask", "hi")
    assert (ran.returncode, ran.stdout) == (3, "")
    assert told in ran.stderr
    assert anthropic.count == 1
    assert KEY not in ran.stderr


def events(*texts: str, whole: bool = True) -> bytes:
    def add(text: str) -> dict[str, object]:
        delta = {"type": "text_delta", "text": text}
        return {"type": "content_block_delta", "index": 0, "delta": delta}

    begun = {"type": "text", "text": ""}
    told = [
        {"type": "message_start", "message": answer() | {"stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": begun},
        {"type": "ping"},
        *map(add, texts),
    ]
    ending = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": USAGE}
    return sse([*told, ending, {"type": "message_stop"}] if whole else told, named=True)


def test_streams(airoute, anthropic):
    busy = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
    overloaded = streamed(events(whole=False) + sse([busy], named=True))
    anthropic.script([overloaded, streamed(events("Grü", "ße")), *[torn(events("Grüße"), "ü")] * 3])
    ran = airoute("ask", "hi")
    assert (ran.returncode, ran.stdout, anthropic.count) == (0, "Grüße\n", 2), ran.stderr
    torn_off = airoute("ask", "hi")
    assert torn_off.returncode == 3, torn_off.stderr
    assert (anthropic.count, "broke off in the middle" in torn_off.stderr) == (5, True)
    anthropic.respond = lambda *_: streamed(events("Grüße", whole=False))
    unfinished = airoute("ask", "hi")
    assert unfinished.returncode == 3
    assert "without message_stop" in unfinished.stderr
