from __future__ import annotations

import json
from typing import Any

import pytest

from airoute_cli.core.completion import FinishReason
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.rate_limits import Allowance, RateLimits
from airoute_cli.core.secret import Secret
from airoute_cli.core.wire import HttpReply
from airoute_cli.providers.formats.azure import AzureFormat, Options
from airoute_cli.routing.carry import without
from tests.providers.rich import RICH, asked
from tests.specs.validation import problems

NOW = 1_795_435_200.0
ROOT = "https://res.openai.azure.com"
# Shaped as a token of Entra ID is; it opens nothing.
TOKEN = "eyJhbGciOiJub25l.eyJhdWQiOiJ4.c2ln"


def _encode(base_url: str = ROOT, key: str = "0123abcd", **options: Any) -> Any:
    model = asked("azure", base_url)
    # top_k is a parameter of those who speak like OpenAI, not of OpenAI or Azure.
    request = without(RICH, ("top_k",))
    return AzureFormat(Options(**options)).encode(model, request, Secret(key), stream=False)


@pytest.mark.parametrize(
    ("base_url", "version", "url"),
    [
        (ROOT, None, f"{ROOT}/openai/v1/chat/completions"),
        (f"{ROOT}/", "preview", f"{ROOT}/openai/v1/chat/completions?api-version=preview"),
        (f"{ROOT}/openai/v1/", None, f"{ROOT}/openai/v1/chat/completions"),
        (
            f"{ROOT}/openai/v1",
            "preview",
            f"{ROOT}/openai/v1/chat/completions?api-version=preview",
        ),
        (
            ROOT,
            "2024-10-21",
            f"{ROOT}/openai/deployments/wire-1/chat/completions?api-version=2024-10-21",
        ),
        (
            f"{ROOT}/openai/deployments/d",
            "2024-10-21",
            f"{ROOT}/openai/deployments/d/chat/completions?api-version=2024-10-21",
        ),
        (
            f"{ROOT}/openai/deployments/d?api-version=2025-01-01",
            "2024-10-21",
            f"{ROOT}/openai/deployments/d/chat/completions?api-version=2025-01-01",
        ),
        (
            "https://res.services.ai.azure.com/openai/v1",
            None,
            "https://res.services.ai.azure.com/openai/v1/chat/completions",
        ),
        (
            "https://gateway.example/azure?team=a",
            "2024-10-21",
            "https://gateway.example/azure/chat/completions?team=a&api-version=2024-10-21",
        ),
    ],
)
def test_urls(base_url: str, version: str | None, url: str) -> None:
    assert _encode(base_url, api_version=version).url == url


@pytest.mark.parametrize(
    ("version", "url"),
    [
        (None, f"{ROOT}/openai/v1/models"),
        ("2024-10-21", f"{ROOT}/openai/models?api-version=2024-10-21"),
    ],
)
def test_the_list_of_models(version: str | None, url: str) -> None:
    wire = AzureFormat(Options(api_version=version))
    listed = wire.list_models(asked("azure", ROOT).provider, Secret("k"))
    assert listed
    assert (listed.method, listed.url, listed.headers["api-key"]) == ("GET", url, "k")


@pytest.mark.parametrize(
    ("auth", "key", "name", "value"),
    [
        ("auto", "0123abcd", "api-key", "0123abcd"),
        ("auto", TOKEN, "authorization", f"Bearer {TOKEN}"),
        ("api-key", TOKEN, "api-key", TOKEN),
        ("bearer", "0123abcd", "authorization", "Bearer 0123abcd"),
    ],
)
def test_the_key_goes_into_one_header(auth: str, key: str, name: str, value: str) -> None:
    headers = _encode(key=key, auth=auth).headers
    assert {"api-key", "authorization"} & set(headers) == {name}
    assert headers[name] == value


def test_without_a_key_there_is_no_header() -> None:
    assert AzureFormat().credentials(None) == {}


def test_a_rich_request_is_valid_by_openais_own_schema() -> None:
    body = json.loads(_encode().body)
    assert problems("openai", "CreateChatCompletionRequest", body) == []
    assert body["max_completion_tokens"] == 64
    assert json.loads(_encode(max_tokens_name="max_tokens").body)["max_tokens"] == 64


BLOCKED = {
    "error": {
        "code": "content_filter",
        "param": "prompt",
        "status": 400,
        "message": "The response was filtered due to the prompt triggering a content policy.",
        "innererror": {
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": {"jailbreak": {"filtered": True, "detected": True}},
        },
    }
}


@pytest.mark.parametrize(
    ("status", "body", "headers", "kind", "wait"),
    [
        (400, BLOCKED, {"retry-after": "5"}, ErrorKind.CONTENT_POLICY, None),
        (
            404,
            {"error": {"code": "DeploymentNotFound", "message": "no such deployment"}},
            {},
            ErrorKind.NOT_FOUND,
            None,
        ),
        (401, {"error": {"code": "401", "message": "denied"}}, {}, ErrorKind.AUTH, None),
        (
            429,
            {"error": {"code": "RateLimitReached", "message": "slow down"}},
            {"retry-after": "9", "retry-after-ms": "1500"},
            ErrorKind.RATE_LIMIT,
            1.5,
        ),
        (429, {"error": {"code": "429", "message": "slow"}}, {}, ErrorKind.RATE_LIMIT, None),
    ],
)
def test_errors(status: int, body: Any, headers: Any, kind: ErrorKind, wait: float | None) -> None:
    told = headers | {"apim-request-id": "apim"}
    error = AzureFormat().decode_error(HttpReply(status, told, json.dumps(body).encode()), NOW)
    assert (error.kind, error.retry_after, error.request_id) == (kind, wait, "apim")


def _chunk(choices: list[Any], **more: Any) -> bytes:
    return f"data: {json.dumps({'id': 'c', 'choices': choices} | more)}\n\n".encode()


def test_a_stream_may_begin_with_what_the_filter_says_of_the_prompt() -> None:
    decoder = AzureFormat().decode_stream({"apim-request-id": "apim"})
    assert decoder.feed(_chunk([], prompt_filter_results=[{"prompt_index": 0}])) == []
    safe = {"hate": {"filtered": False, "severity": "safe"}}
    said = {"index": 0, "delta": {"content": "hi"}, "content_filter_results": safe}
    assert decoder.feed(_chunk([said])) == ["hi"]
    decoder.feed(_chunk([{"index": 0, "delta": {}, "finish_reason": "stop"}]))
    answer = decoder.finish()
    assert (answer.text, answer.finish_reason, answer.request_id) == (
        "hi",
        FinishReason.STOP,
        "apim",
    )


def test_a_blocked_answer_is_flagged() -> None:
    choice = {"finish_reason": "content_filter", "message": {"content": None}}
    body = json.dumps({"choices": [choice]}).encode()
    assert AzureFormat().decode(HttpReply(200, {}, body)).finish_reason == "content_filter"


def test_a_blocked_stream_without_a_reason_is_cut() -> None:
    decoder = AzureFormat().decode_stream({})
    decoder.feed(_chunk([], prompt_filter_results=[]))
    with pytest.raises(CallError) as caught:
        decoder.finish()
    assert caught.value.kind is ErrorKind.CUT


def test_limits_without_a_reset() -> None:
    told = {"x-ratelimit-remaining-requests": "9", "x-ratelimit-limit-requests": "10"}
    assert AzureFormat().limits(told, NOW) == RateLimits(requests=Allowance(10, 9, None))
