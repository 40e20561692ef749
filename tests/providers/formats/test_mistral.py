from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mistralai.client.models import ChatCompletionResponse, CompletionChunk

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.money import Usage
from airoute_cli.core.rate_limits import Allowance, RateLimits
from airoute_cli.core.request import Document, Message, Request, Text, Tool, ToolCall
from airoute_cli.core.secret import Secret
from airoute_cli.core.wire import HttpReply
from airoute_cli.providers.formats.mistral import FORMAT as SPEC
from airoute_cli.providers.formats.mistral import MistralFormat
from airoute_cli.providers.mistral_body import short_id
from airoute_cli.routing.carry import without
from tests.providers.rich import RICH, asked, with_settings
from tests.specs.validation import problems

NOW = 1_795_435_200.0
FORMAT = MistralFormat()
SAYABLE = without(RICH, ("top_k",))
NINE = re.compile("[A-Za-z0-9]{9}")


def body_of(request: Request, *, stream: bool = False) -> dict[str, Any]:
    model = asked("mistral", "https://api.mistral.ai/v1")
    sent = FORMAT.encode(model, request, Secret("key-1"), stream=stream)
    assert sent.url == "https://api.mistral.ai/v1/chat/completions"
    assert sent.headers["authorization"] == "Bearer key-1"
    body: dict[str, Any] = json.loads(sent.body)
    return body


@pytest.mark.parametrize("stream", [False, True])
def test_a_rich_request_is_valid_by_mistrals_own_schema(*, stream: bool) -> None:
    assert problems("mistral", "ChatCompletionRequest", body_of(SAYABLE, stream=stream)) == []


def test_its_own_words() -> None:
    body = body_of(SAYABLE, stream=True)
    assert (body["random_seed"], body["max_tokens"], body["stop"]) == (7, 64, ["END", "STOP"])
    assert body["tool_choice"] == {"type": "function", "function": {"name": "find"}}
    assert not {"seed", "stream_options", "max_completion_tokens", "top_k"} & set(body)


def test_ids_are_short_and_results_find_their_calls() -> None:
    messages = body_of(SAYABLE)["messages"]
    ids = [call["id"] for call in messages[2]["tool_calls"]]
    assert all(NINE.fullmatch(each) for each in ids)
    results = [(m["tool_call_id"], m["name"]) for m in messages if m["role"] == "tool"]
    assert results == [(ids[0], "find"), (ids[1], "now")]


def test_an_id_of_its_own_stays_as_it_is() -> None:
    assert short_id("aB3dE6gH9") == "aB3dE6gH9"


@given(st.sets(st.text(), min_size=2, max_size=20))
def test_ids_stay_apart_and_are_always_the_same(given_ids: set[str]) -> None:
    short = {short_id(each) for each in given_ids}
    assert len(short) == len(given_ids)
    assert all(NINE.fullmatch(each) for each in short)
    assert {short_id(each) for each in given_ids} == short


def test_a_result_whose_call_is_not_in_the_conversation_has_no_name() -> None:
    message = Message("tool", (Text("x"),), tool_call_id="gone")
    assert "name" not in body_of(Request((message,)))["messages"][0]


@pytest.mark.parametrize(
    ("effort", "sent"),
    [("none", "none"), ("minimal", "none"), ("low", "high"), ("high", "high"), ("max", "high")],
)
def test_there_is_reasoning_or_there_is_none(effort: str, sent: str) -> None:
    body = body_of(with_settings(SAYABLE, reasoning_effort=effort))
    assert body["reasoning_effort"] == sent
    assert problems("mistral", "ChatCompletionRequest", body) == []


def test_documents_and_tools_without_parameters() -> None:
    message = Message("user", (Text("read"), Document("https://x/a.pdf", "a.pdf")))
    body = body_of(Request((message,), tools=(Tool("now"),)))
    assert body["messages"][0]["content"][1] == {
        "type": "document_url",
        "document_url": "https://x/a.pdf",
        "document_name": "a.pdf",
    }
    assert problems("mistral", "ChatCompletionRequest", body) == []


def test_what_it_has_no_words_for() -> None:
    assert {"top_k", "turn_name"} <= SPEC.cannot
    assert "user" not in (SPEC.extras["openai"] or ())


def answer(message: dict[str, Any], reason: str = "stop") -> dict[str, Any]:
    """An answer as Mistral's SDK writes it."""
    given = {
        "id": "cmpl",
        "object": "chat.completion",
        "model": "mistral-x",
        "created": 1,
        "choices": [
            {"index": 0, "finish_reason": reason, "message": {"role": "assistant", **message}}
        ],
        "usage": {
            "prompt_tokens": 30,
            "completion_tokens": 20,
            "total_tokens": 50,
            "num_cached_tokens": 10,
        },
    }
    made: dict[str, Any] = ChatCompletionResponse.model_validate(given).model_dump(mode="json")
    return made


def decode(body: Any) -> Completion:
    headers = {"mistral-correlation-id": "corr"}
    return FORMAT.decode(HttpReply(200, headers, json.dumps(body).encode()))


THINKING = [
    {"type": "thinking", "thinking": [{"type": "text", "text": "a tower"}]},
    {"type": "text", "text": "Paris"},
]


def test_an_answer_of_the_sdks_types_is_read_whole() -> None:
    assert decode(answer({"content": THINKING})) == Completion(
        text="Paris",
        finish_reason=FinishReason.STOP,
        raw_finish_reason="stop",
        reasoning="a tower",
        usage=Usage(30, 20, 10),
        served_model="mistral-x",
        request_id="corr",
    )


@pytest.mark.parametrize("arguments", ['{"q":1}', {"q": 1}])
def test_arguments_may_be_an_object(arguments: Any) -> None:
    call = {"id": "aB3dE6gH9", "function": {"name": "find", "arguments": arguments}}
    said = decode(answer({"content": "", "tool_calls": [call]}, "tool_calls"))
    assert said.tool_calls == (ToolCall("aB3dE6gH9", "find", '{"q":1}'),)
    assert said.finish_reason is FinishReason.TOOL_CALLS


@pytest.mark.parametrize("reason", ["length", "model_length"])
def test_a_cut_answer_is_flagged(reason: str) -> None:
    assert decode(answer({"content": "Once"}, reason)).truncated


def test_an_answer_that_ended_with_an_error_is_none() -> None:
    with pytest.raises(CallError) as caught:
        decode(answer({"content": "Once"}, "error"))
    assert (caught.value.kind, caught.value.usage) == (ErrorKind.SERVER, Usage(30, 20, 10))


def chunk(content: Any, reason: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": reason}
    given = {"id": "cmpl", "model": "mistral-x", "choices": [choice], **more}
    made = CompletionChunk.model_validate(given).model_dump_json(exclude_unset=True)
    return f"data: {made}\n\n".encode()


def test_a_stream_thinks_first_and_tells_its_usage_with_its_end() -> None:
    reading = FORMAT.decode_stream({"mistral-correlation-id": "corr"})
    usage = {"prompt_tokens": 30, "completion_tokens": 20, "total_tokens": 50}
    data = chunk(THINKING[:1]) + chunk("Par") + chunk([{"type": "text", "text": "is"}])
    data += chunk("", "stop", usage=usage) + b"data: [DONE]\n\n"
    assert [piece for byte in data for piece in reading.feed(bytes([byte]))] == ["Par", "is"]
    told = reading.finish()
    assert (told.text, told.reasoning, told.usage) == ("Paris", "a tower", Usage(30, 20))


@pytest.mark.parametrize(
    ("status", "body", "kind", "sentence"),
    [
        (401, {"detail": "Unauthorized"}, ErrorKind.AUTH, "Unauthorized"),
        (401, {"message": "Unauthorized", "request_id": "r"}, ErrorKind.AUTH, "Unauthorized"),
        (
            422,
            {"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs", "type": "extra"}]},
            ErrorKind.BAD_REQUEST,
            "Extra inputs",
        ),
        (
            422,
            {"object": "error", "message": {"detail": [{"msg": "Extra inputs"}]}, "code": None},
            ErrorKind.BAD_REQUEST,
            "Extra inputs",
        ),
        (
            400,
            {"object": "error", "message": "Invalid model: x", "type": "invalid_model"},
            ErrorKind.NOT_FOUND,
            "Invalid model: x",
        ),
        (
            400,
            {
                "object": "error",
                "message": "Prompt contains 40000 tokens, too large for model with 32768 maximum "
                "context length",
                "type": "invalid_request_error",
            },
            ErrorKind.CONTEXT_WINDOW,
            "too large",
        ),
        (429, {"message": "Requests rate limit exceeded"}, ErrorKind.RATE_LIMIT, "rate limit"),
    ],
)
def test_errors(status: int, body: Any, kind: ErrorKind, sentence: str) -> None:
    headers = {"mistral-correlation-id": "corr", "retry-after": "2"}
    error = FORMAT.decode_error(HttpReply(status, headers, json.dumps(body).encode()), NOW)
    assert (error.kind, error.request_id) == (kind, "corr")
    assert error.retry_after == (2 if kind is ErrorKind.RATE_LIMIT else None)
    assert sentence in str(error)


@pytest.mark.parametrize(
    ("headers", "limits"),
    [
        ({}, None),
        (
            {
                "x-ratelimit-limit-req-minute": "60",
                "x-ratelimit-remaining-req-minute": "59",
                "x-ratelimit-limit-tokens-minute": "500000",
                "x-ratelimit-remaining-tokens-minute": "499000",
            },
            RateLimits(Allowance(60, 59), Allowance(500_000, 499_000)),
        ),
        ({"x-ratelimit-remaining-requests": "3"}, RateLimits(Allowance(remaining=3))),
    ],
)
def test_limits(headers: dict[str, str], limits: RateLimits | None) -> None:
    assert FORMAT.limits(headers, NOW) == limits
