from __future__ import annotations

import json
import re

import pytest

from tests.e2e.conftest import read_lines
from tests.servers.scripted import status
from tests.servers.sse_bytes import sse, streamed, torn

KEY = "sk-made-up-responses"
PROFILE = """
[providers.openai]
api = "openai-responses"
base_url = "{url}"
api_key_env = "MY_OPENAI"
[models.small]
provider = "openai"
name = "gpt-4.1-mini"
capabilities = ["tools", "json_schema", "reasoning"]
price = {{ input = 1.0, output = 2.0 }}
[[routes]]
name = "all"
models = ["small"]
"""
USAGE = {
    "input_tokens": 17,
    "input_tokens_details": {"cached_tokens": 5},
    "output_tokens": 4,
    "output_tokens_details": {"reasoning_tokens": 1},
}
CALL = {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": '{"city":"Rome"}'}


@pytest.fixture
def openai(provider_server, tmp_path, monkeypatch):
    provider_server.paths = re.compile("/v1/responses")
    monkeypatch.setenv("MY_OPENAI", KEY)
    (tmp_path / "airoute.toml").write_text(PROFILE.format(url=provider_server.base_url))
    return provider_server


def said(text: str) -> dict[str, object]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "role": "assistant", "content": content}


def response(*output: object, **changes: object) -> dict[str, object]:
    told = {"id": "resp", "status": "completed", "model": "gpt-4.1-mini-2025", "usage": USAGE}
    return told | {"output": list(output)} | changes


def failure(code: str) -> dict[str, object]:
    return response(status="failed", error={"code": code, "message": "it broke"})


def error(code: str, message: str = "no") -> dict[str, object]:
    return {"error": {"message": message, "type": "x", "param": None, "code": code}}


def test_a_batch_with_every_kind_of_answer(airoute, openai, rows, tmp_path):
    cut = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    replies = {
        "plain": [status(200, response(said("Grüße")))],
        "tool": [status(200, response(CALL))],
        "long": [status(200, response(said("Once"), **cut))],
        "limited": [
            status(429, error("rate_limit_exceeded"), {"retry-after-ms": "1"}),
            status(200, response(said("later"))),
        ],
        "broken": [status(200, failure("server_error")), status(200, response(said("mended")))],
        "empty": [status(200, response())] * 3,
        "unknown": [status(400, error("model_not_found"))],
        "prompt": [status(200, failure("invalid_prompt"))],
        "policy": [status(200, failure("bio_policy"))],
        "window": [status(400, error("context_length_exceeded"))],
    }
    openai.respond = lambda request, _: replies[request.body["input"][0]["content"]].pop(0)
    given = [{"custom_id": name, "prompt": name} for name in replies]
    ran = airoute("batch", str(rows(given)), "-o", "run")
    assert ran.returncode == 3, ran.stderr
    results = {line["custom_id"]: line for line in read_lines(tmp_path / "run/results.jsonl")}
    assert results.keys() == {"plain", "tool", "long", "limited", "broken"}
    plain = results["plain"]
    assert plain["response"]["body"]["choices"][0]["message"]["content"] == "Grüße"
    told = plain["airoute"]
    assert told["usage"]["input_tokens"] == 17
    assert (told["usage"]["cached_input_tokens"], told["usage"]["reasoning_tokens"]) == (5, 1)
    assert results["tool"]["airoute"]["finish_reason"] == "tool_calls"
    assert results["long"]["airoute"]["finish_reason"] == "length"
    assert len(results["limited"]["airoute"]["attempts"]) == 2
    assert len(results["broken"]["airoute"]["attempts"]) == 2
    errors = {line["custom_id"]: line for line in read_lines(tmp_path / "run/errors.jsonl")}
    assert {name: line["airoute"]["error"]["code"] for name, line in errors.items()} == {
        "empty": "empty_answer",
        "unknown": "not_found",
        "prompt": "bad_request",
        "policy": "content_policy",
        "window": "context_window",
    }
    assert openai.count == 14
    openai.respond = lambda *_: status(429, error("insufficient_quota"))
    assert "is used up (the provider answered 429" in airoute("ask", "hi").stderr
    denied = error("invalid_api_key", f"Incorrect API key: {KEY}")
    openai.respond = lambda *_: status(401, denied)
    refused = airoute("ask", "hi").stderr
    assert "refuses the key in" in refused
    assert openai.count == 16
    assert all(r.headers["authorization"] == f"Bearer {KEY}" for r in openai.requests)
    assert all(request.body["store"] is False for request in openai.requests)
    everything = b"".join(file.read_bytes() for file in (tmp_path / "run").iterdir())
    assert KEY not in everything.decode() + ran.stderr + refused


def test_a_row_in_its_own_words_reaches_it_whole(airoute, openai, tmp_path):
    openai.respond = lambda *_: status(200, response(said('{"city": "Rome"}')))
    reasoning = {"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "xyz"}
    asked = {
        "instructions": "Be brief.",
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "weather?"}]},
            reasoning,
            CALL,
            {"type": "function_call_output", "call_id": "c1", "output": "sun"},
        ],
        "tools": [
            {
                "type": "function",
                "name": "weather",
                "parameters": {"type": "object"},
                "strict": False,
            },
            {"type": "web_search"},
        ],
        "tool_choice": "auto",
        "text": {"format": {"type": "json_object"}, "verbosity": "low"},
        "reasoning": {"effort": "low", "summary": "auto"},
        "max_output_tokens": 50,
        "truncation": "auto",
    }
    sent = asked | {"model": "gpt-5", "stream": True, "metadata": {"tier": "gold"}}
    line = {"custom_id": "a", "method": "POST", "url": "/v1/responses", "body": sent}
    (tmp_path / "rows.jsonl").write_text(json.dumps(line))
    ran = airoute("batch", "rows.jsonl", "-o", "run")
    assert ran.returncode == 0, ran.stderr
    body = dict(openai.requests[0].body)
    assert body.pop("model") == "gpt-4.1-mini"
    assert body.pop("store") is False
    asked["input"][0] = {"role": "user", "content": "weather?"}
    assert body == asked


def events(text: str, *, whole: bool = True) -> bytes:
    told = [{"type": "response.created", "response": {"status": "in_progress"}}]
    told += [{"type": "response.output_text.delta", "delta": word} for word in (text[:3], text[3:])]
    told += [{"type": "response.completed", "response": response(said(text))}] if whole else []
    return sse(told, named=True)


def test_an_answer_streams_to_stdout(airoute, openai):
    openai.respond = lambda *_: streamed(events("Grüße"))
    ran = airoute("ask", "hi")
    assert (ran.returncode, ran.stdout) == (0, "Grüße\n"), ran.stderr
    assert openai.requests[0].body["stream"] is True


@pytest.mark.parametrize(
    ("reply", "sentence", "attempts"),
    [
        (torn(events("Grüße"), "ü"), "broke off in the middle", 3),
        (streamed(events("Grüße", whole=False)), "without its last event", 1),
    ],
    ids=["in the middle of a character", "without its last event"],
)
def test_a_stream_that_is_cut_is_a_failure(airoute, openai, reply, sentence, attempts):
    openai.respond = lambda *_: reply
    ran = airoute("ask", "hi")
    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert sentence in ran.stderr
    assert openai.count == attempts
