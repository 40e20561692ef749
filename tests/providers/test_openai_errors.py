from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.wire import HttpReply
from airoute_cli.providers.formats.openai import OpenAIFormat

NOW = 1_795_435_200.0


def _error(status: int, body: Any, headers: dict[str, str] | None = None) -> CallError:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return OpenAIFormat().decode_error(HttpReply(status, headers or {}, data), NOW)


def _openai(message: str = "", code: Any = None, kind: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, _openai("Incorrect API key provided", "invalid_api_key"), ErrorKind.AUTH),
        (403, _openai("Country not supported"), ErrorKind.AUTH),
        (403, _openai("Your input was flagged by moderation"), ErrorKind.CONTENT_POLICY),
        (404, _openai("The model `x` does not exist", "model_not_found"), ErrorKind.NOT_FOUND),
        (400, _openai("The model `x` does not exist", "model_not_found"), ErrorKind.NOT_FOUND),
        (404, _openai("…", "DeploymentNotFound"), ErrorKind.NOT_FOUND),
        (400, _openai("Unsupported value", "unsupported_value"), ErrorKind.BAD_REQUEST),
        (400, _openai("too long", "context_length_exceeded"), ErrorKind.CONTEXT_WINDOW),
        (
            400,
            _openai("the request exceeds", 400, "exceed_context_size_error"),
            ErrorKind.CONTEXT_WINDOW,
        ),
        (
            400,
            _openai("This model's maximum context length is 8192 tokens."),
            ErrorKind.CONTEXT_WINDOW,
        ),
        (400, _openai("filtered", "content_filter"), ErrorKind.CONTENT_POLICY),
        (400, _openai("no", "content_policy_violation"), ErrorKind.CONTENT_POLICY),
        (
            400,
            {
                "error": {
                    "code": None,
                    "message": "filtered",
                    "innererror": {"code": "ResponsibleAIPolicyViolation"},
                }
            },
            ErrorKind.CONTENT_POLICY,
        ),
        (400, _openai("limit", "billing_hard_limit_reached"), ErrorKind.QUOTA),
        (402, _openai("Insufficient credits", 402), ErrorKind.QUOTA),
        (402, {"error": "You have used up your monthly credits"}, ErrorKind.QUOTA),
        (400, _openai("No connected db.", "400", "no_db_connection"), ErrorKind.AUTH),
        (400, _openai("Invalid model name passed in model=x", "400"), ErrorKind.NOT_FOUND),
        (408, _openai("Request timed out", "408", "timeout_error"), ErrorKind.TIMEOUT),
        (498, {"message": "invalid token"}, ErrorKind.AUTH),
        (499, {"message": "client closed"}, ErrorKind.SERVER),
        (408, _openai("Timeout"), ErrorKind.TIMEOUT),
        (409, _openai("Conflict"), ErrorKind.SERVER),
        (413, _openai("Payload too large"), ErrorKind.BAD_REQUEST),
        (413, _openai("prompt is too long: 9 tokens"), ErrorKind.CONTEXT_WINDOW),
        (422, {"detail": [{"loc": ["body"], "msg": "field required"}]}, ErrorKind.BAD_REQUEST),
        (418, {}, ErrorKind.BAD_REQUEST),
        (429, _openai("Rate limit reached", "rate_limit_exceeded"), ErrorKind.RATE_LIMIT),
        (429, _openai("Throttled", "429", "throttling_error"), ErrorKind.RATE_LIMIT),
        (429, _openai("no money", "insufficient_quota", "insufficient_quota"), ErrorKind.QUOTA),
        (429, _openai("You exceeded your current quota, please check"), ErrorKind.QUOTA),
        (500, _openai("The server had an error"), ErrorKind.SERVER),
        (
            500,
            _openai("image input is not supported - hint: provide the mmproj", 500, "server_error"),
            ErrorKind.BAD_REQUEST,
        ),
        (500, _openai("The model is overloaded"), ErrorKind.OVERLOADED),
        (502, b"", ErrorKind.SERVER),
        (503, _openai("Loading model", 503, "unavailable_error"), ErrorKind.OVERLOADED),
        (504, b"", ErrorKind.TIMEOUT),
        (529, _openai("Overloaded"), ErrorKind.OVERLOADED),
        (599, b"", ErrorKind.SERVER),
        (304, b"", ErrorKind.MALFORMED),
    ],
)
def test_kinds(status: int, body: Any, kind: ErrorKind) -> None:
    error = _error(status, body)
    assert (error.kind, error.status) == (kind, status)


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (401, _openai("Incorrect API key provided"), "401: Incorrect API key provided"),
        (400, _openai("", "invalid_value"), "400: invalid_value"),
        (503, {"error": "Model is loading", "estimated_time": 20}, "503: Model is loading"),
        (401, {"detail": "Unauthorized"}, "401: Unauthorized"),
        (401, {"message": "Unauthorized", "request_id": "x"}, "401: Unauthorized"),
        (422, {"detail": [{"msg": "one"}, {"msg": "two"}]}, "422: one; two"),
        (422, {"message": {"detail": [{"msg": "one"}, {"msg": "two"}]}}, "422: one; two"),
        (429, [{"error": {"message": "Quota", "code": 429}}], "429: Quota"),
        (
            502,
            {"error": {"message": "Provider error", "metadata": {"raw": "boom"}}},
            "502: Provider error; boom",
        ),
        (502, b"<html><body><h1>502 Bad Gateway</h1></body></html>", "502: 502 Bad Gateway"),
        (500, b"went\x1b[31m\x00 wrong", "500: went [31m wrong"),
        (500, b"", "500: without a word of explanation"),
        (500, b"null", "500: without a word of explanation"),
    ],
)
def test_sentences(status: int, body: Any, sentence: str) -> None:
    assert str(_error(status, body)) == f"the provider answered {sentence}"


def test_a_page_is_cut_to_a_sentence() -> None:
    message = str(_error(500, b"word " * 1000))
    assert len(message) <= len("the provider answered 500: ") + 200
    assert message.endswith("…")


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (429, {"retry-after": "7"}, 7.0),
        (503, {"retry-after-ms": "250"}, 0.25),
        (429, {"retry-after": "Mon, 23 Nov 2026 12:00:30 GMT"}, 30.0),
        (400, {"retry-after": "7"}, None),
        (402, {"retry-after": "7"}, None),
    ],
)
def test_retry_after_counts_where_a_retry_can_help(
    status: int, headers: dict[str, str], expected: float | None
) -> None:
    assert _error(status, {}, headers).retry_after == expected


@pytest.mark.parametrize(
    ("status", "body", "headers", "expected"),
    [
        (503, {"error": "Model x is loading", "estimated_time": 20.5}, {}, 20.5),
        (503, {"error": "Model x is loading", "estimated_time": 20}, {"retry-after": "3"}, 3.0),
        (503, {"error": "Model x is loading", "estimated_time": "soon"}, {}, None),
        (400, {"error": "no", "estimated_time": 20}, {}, None),
    ],
)
def test_a_model_that_loads_says_how_long_it_takes(
    status: int, body: Any, headers: dict[str, str], expected: float | None
) -> None:
    assert _error(status, body, headers).retry_after == expected


@pytest.mark.parametrize(
    ("status", "header", "expected"),
    [(500, None, True), (500, "false", False), (400, None, False), (400, "true", True)],
)
def test_the_provider_may_say_whether_to_retry(
    status: int,
    header: str | None,
    expected: bool,  # noqa: FBT001 - a case
) -> None:
    headers = {} if header is None else {"x-should-retry": header}
    assert _error(status, {}, headers).retryable is expected


@pytest.mark.parametrize("name", ["x-request-id", "apim-request-id", "mistral-correlation-id"])
def test_the_request_id_is_kept(name: str) -> None:
    assert _error(500, {}, {name: "req-1"}).request_id == "req-1"


@given(
    st.integers(300, 599),
    st.binary()
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["error", "message", "code", "type", "detail", "msg", "innererror", "metadata"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode()),
)
def test_every_body_gives_a_sentence(status: int, body: bytes) -> None:
    error = _error(status, body)
    assert str(error).startswith(f"the provider answered {status}: ")
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in str(error))
