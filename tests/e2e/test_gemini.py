from __future__ import annotations

import re

import pytest

from tests.e2e.conftest import read_lines
from tests.servers.scripted import status
from tests.servers.sse_bytes import sse, streamed, torn

KEY = "made-up-gemini-key"
TOKEN = "ya29.made-up-token"
# Prints another token each time, as one that is asked for again.
PRINTER = f"""
echo >> printed
echo {TOKEN}-$(wc -l < printed | tr -d ' ')
"""
PROFILE = """
[providers.gemini]
api = "gemini"
base_url = "{url}"
api_key_env = ["GEMINI_API_KEY", "GOOGLE_API_KEY"]
[providers.cloud]
api = "vertex"
base_url = "{url}"
project = "my-project"
region = "europe-west4"
api_key_cmd = ["sh", "token.sh"]
[models.flash]
provider = "gemini"
name = "gemini-3-flash"
price = {{ input = 1.0, output = 2.0 }}
[models.vertex]
provider = "cloud"
name = "gemini-2.5-pro"
price = {{ input = 1.0, output = 2.0 }}
[[routes]]
name = "cloud"
models = ["vertex"]
when = {{ metadata.at = "cloud" }}
[[routes]]
name = "all"
models = ["flash"]
"""
USAGE = {
    "promptTokenCount": 17,
    "cachedContentTokenCount": 5,
    "candidatesTokenCount": 4,
    "thoughtsTokenCount": 3,
    "totalTokenCount": 24,
}
CALL = {"functionCall": {"name": "weather", "args": {"city": "Zürich"}}, "thoughtSignature": "c2ln"}
RPC = "type.googleapis.com/google.rpc."
DAY = {"@type": f"{RPC}QuotaFailure", "violations": [{"quotaId": "RequestsPerDayPerModel"}]}
SOON = {"@type": f"{RPC}RetryInfo", "retryDelay": "0.01s"}


@pytest.fixture
def gemini(provider_server, tmp_path, monkeypatch):
    provider_server.paths = re.compile(r"/v1beta/models/gemini-3-flash:\w+|/v1beta1/projects/.*")
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)
    root = provider_server.base_url.removesuffix("/v1")
    (tmp_path / "token.sh").write_text(PRINTER)
    (tmp_path / "airoute.toml").write_text(PROFILE.format(url=root))
    return provider_server


def answer(*parts: dict[str, object], reason: str | None = "STOP") -> dict[str, object]:
    candidate = {"content": {"role": "model", "parts": list(parts)}, "finishReason": reason}
    known = {"modelVersion": "gemini-3-flash-001", "responseId": "resp"}
    return {"candidates": [candidate], "usageMetadata": USAGE, **known}


def text(said: str, reason: str | None = "STOP") -> dict[str, object]:
    return answer({"text": said}, reason=reason)


def no(code: int, name: str, message: str, *details: object) -> dict[str, object]:
    told = {"code": code, "message": message, "status": name, "details": list(details)}
    return {"error": told}


def prompt_of(request) -> str:
    return request.body["contents"][0]["parts"][0]["text"]


def test_a_batch_with_every_kind_of_answer(airoute, gemini, rows, tmp_path):
    busy = no(503, "UNAVAILABLE", "The model is overloaded.")
    slow = no(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.", SOON)
    window = "The input token count (9) exceeds the maximum number of tokens allowed (8)."
    refusal = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": USAGE}
    replies = {
        "plain": [status(200, answer({"text": "hm", "thought": True}, {"text": "Grüße"}))],
        "tool": [status(200, answer(CALL))],
        "long": [status(200, answer(reason="MAX_TOKENS"))],
        "blocked": [status(200, refusal)],
        "cloud": [
            status(401, no(401, "UNAUTHENTICATED", f"bad {TOKEN}-1")),
            status(200, text("from the cloud")),
        ],
        "limited": [status(429, slow), status(200, text("later"))],
        "malformed": [
            status(200, answer(reason="MALFORMED_FUNCTION_CALL")),
            status(200, text("mended")),
        ],
        "inside": [status(200, busy), status(503, busy), status(200, text("at last"))],
        "window": [status(400, no(400, "INVALID_ARGUMENT", window))],
        "invalid": [status(400, no(400, "INVALID_ARGUMENT", "Unknown name"))],
    }
    gemini.respond = lambda request, _: replies[prompt_of(request)].pop(0)
    given = [{"custom_id": name, "prompt": name} for name in replies if name != "tool"]
    next(row for row in given if row["prompt"] == "cloud")["metadata"] = {"at": "cloud"}
    given.append({"key": "tool", "request": NATIVE})
    ran = airoute("batch", str(rows(given)), "-o", "run")
    assert ran.returncode == 3, ran.stderr
    results = {line["custom_id"]: line for line in read_lines(tmp_path / "run/results.jsonl")}
    told = {name: line["airoute"] for name, line in results.items()}
    reasons = {name: about["finish_reason"] for name, about in told.items()}
    assert reasons == {
        "plain": "stop",
        "tool": "tool_calls",
        "long": "length",
        "cloud": "stop",
        "limited": "stop",
        "malformed": "stop",
        "inside": "stop",
    }
    body = results["plain"]["response"]["body"]
    assert body["choices"][0]["message"]["content"] == "Grüße"
    assert told["plain"]["usage"] | {"estimated": False} == {
        "input_tokens": 17,
        "output_tokens": 7,
        "cached_input_tokens": 5,
        "cache_write_tokens": 0,
        "reasoning_tokens": 3,
        "total_tokens": 24,
        "estimated": False,
    }
    assert told["plain"]["served_model"] == "gemini-3-flash-001"
    assert results["plain"]["response"]["request_id"] == "resp"
    assert told["tool"]["tool_calls"] == [
        {"id": "call_resp_0", "name": "weather", "arguments": {"city": "Zürich"}}
    ]
    tries = {name: len(about["attempts"]) for name, about in told.items()}
    assert (tries["limited"], tries["malformed"], tries["inside"]) == (2, 2, 3)
    errors = read_lines(tmp_path / "run/errors.jsonl")
    assert {e["custom_id"]: e["airoute"]["error"]["code"] for e in errors} == {
        "blocked": "content_policy",
        "window": "context_window",
        "invalid": "bad_request",
    }
    _check_what_was_sent(gemini.requests)
    everything = b"".join(path.read_bytes() for path in (tmp_path / "run").iterdir()).decode()
    assert KEY not in everything + ran.stderr
    assert TOKEN not in everything + ran.stderr


@pytest.mark.parametrize(
    ("code", "body", "told"),
    [
        (429, no(429, "RESOURCE_EXHAUSTED", "Exceeded.", DAY, SOON), "is used up"),
        (400, no(400, "INVALID_ARGUMENT", f"API key not valid: {KEY}"), "GOOGLE_API_KEY"),
        (404, no(404, "NOT_FOUND", "models/x is not found"), 'knows no model "gemini-3-flash"'),
    ],
)
def test_what_is_wrong_for_good_is_asked_once(airoute, gemini, code, body, told):
    gemini.respond = lambda *_: status(code, body)
    ran = airoute("ask", "hi")
    assert (ran.returncode, ran.stdout) == (3, "")
    assert told in ran.stderr
    assert gemini.count == 1
    assert KEY not in ran.stderr


NATIVE = {
    "contents": [
        {"role": "user", "parts": [{"text": "tool"}]},
        {
            "role": "model",
            "parts": [
                {"text": "hm", "thought": True, "thought_signature": "dGhpbms="},
                {"function_call": {"name": "weather", "args": {}}, "thought_signature": "c2ln"},
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"name": "weather", "response": {"error": "no city"}}},
                {"inlineData": {"mimeType": "application/pdf", "data": "JVBERg=="}},
            ],
        },
    ],
    "tools": [{"functionDeclarations": [{"name": "weather", "parameters": {"type": "OBJECT"}}]}],
    "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
    "safety_settings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
    "generation_config": {"thinking_config": {"thinking_level": "LOW"}, "max_output_tokens": 64},
}


def _check_what_was_sent(requests) -> None:
    by_prompt = {prompt_of(request): request for request in requests}
    cloud = by_prompt.pop("cloud")
    at = "/v1beta1/projects/my-project/locations/europe-west4/publishers/google/models"
    assert cloud.path == f"{at}/gemini-2.5-pro:generateContent"
    assert cloud.headers["authorization"] == f"Bearer {TOKEN}-2"
    for request in by_prompt.values():
        assert request.headers["x-goog-api-key"] == KEY
        assert request.path == "/v1beta/models/gemini-3-flash:generateContent"
    sent = by_prompt["tool"].body
    _, said, told = (turn["parts"] for turn in sent["contents"])
    assert said == [
        {"text": "hm", "thought": True, "thoughtSignature": "dGhpbms="},
        {
            "functionCall": {"id": "call_1", "name": "weather", "args": {}},
            "thoughtSignature": "c2ln",
        },
    ]
    assert told[0]["functionResponse"] == {
        "id": "call_1",
        "name": "weather",
        "response": {"error": "no city"},
    }
    assert told[1] == NATIVE["contents"][2]["parts"][1]
    assert sent["toolConfig"] == NATIVE["toolConfig"]
    assert sent["safetySettings"] == NATIVE["safety_settings"]
    assert sent["generationConfig"] == {
        "maxOutputTokens": 64,
        "thinkingConfig": {"thinkingLevel": "LOW"},
    }


def events(said: str, *, whole: bool = True) -> bytes:
    pieces = (said[:3], said[3:])
    chunks = [text(piece, reason=None) for piece in pieces]
    return sse([*chunks, answer()] if whole else chunks, named=False)


def test_streams(airoute, gemini):
    gemini.script([streamed(events("Grüße")), *[torn(events("Grüße"), "ü")] * 3])
    ran = airoute("ask", "hi")
    assert (ran.returncode, ran.stdout) == (0, "Grüße\n"), ran.stderr
    assert gemini.requests[0].path == "/v1beta/models/gemini-3-flash:streamGenerateContent?alt=sse"
    torn_off = airoute("ask", "hi")
    assert torn_off.returncode == 3, torn_off.stderr
    assert (gemini.count, "broke off in the middle" in torn_off.stderr) == (4, True)
    gemini.respond = lambda *_: streamed(events("Grüße", whole=False))
    unfinished = airoute("ask", "hi")
    assert unfinished.returncode == 3
    assert "without a finish reason" in unfinished.stderr


def test_check_turns_the_pages_of_the_list_and_names_the_key(airoute, gemini):
    gemini.lists = re.compile(r"/v1beta/models|/v1beta1/publishers/google/models")
    asked = []

    def listed(request):
        asked.append(request)
        if "pageToken=next" in request.path:
            return status(200, {"models": [{"name": "models/gemini-3-flash"}]})
        if "publishers" in request.path:
            return status(401, no(401, "UNAUTHENTICATED", f"Invalid credentials {TOKEN}-2"))
        return status(200, {"models": [{"name": "models/other"}], "nextPageToken": "next"})

    gemini.list_models = listed
    ran = airoute("providers", "check")
    assert ran.returncode == 6, ran.stdout
    assert "✓ flash (gemini-3-flash): known" in ran.stdout
    assert "2 models" in ran.stdout
    assert "Check what `sh` in api_key_cmd prints." in ran.stdout
    assert {request.headers.get("x-goog-user-project") for request in asked} == {None, "my-project"}
    refusal = no(400, "INVALID_ARGUMENT", f"API key not valid: {KEY}")
    gemini.list_models = lambda _: status(400, refusal)
    wrong = airoute("providers", "check", "gemini")
    assert wrong.returncode == 6
    assert "Check the key in GOOGLE_API_KEY, and" in wrong.stdout
    assert KEY not in ran.stdout + ran.stderr + wrong.stdout + wrong.stderr
    assert TOKEN not in ran.stdout + ran.stderr
