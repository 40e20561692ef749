from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from openai.types.chat import ChatCompletion

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.money import Usage
from airoute_cli.core.profile import Model, Provider
from airoute_cli.core.request import Message, Request, Text, ToolCall
from airoute_cli.core.secret import Secret
from airoute_cli.core.settings import Settings
from airoute_cli.core.wire import HttpReply
from airoute_cli.providers.formats.openai import OpenAIFormat
from airoute_cli.providers.registry import format_names, format_spec, wire_format
from airoute_cli.routing.carry import without
from tests.providers.rich import RICH
from tests.specs.validation import problems

REQUEST = Request((Message("user", (Text("hi"),)),))
FORMAT = OpenAIFormat()


def _model(base_url: str = "http://host/v1", headers: Mapping[str, str] | None = None) -> Model:
    return Model("fast", Provider("p", "openai", base_url, headers=headers or {}), "gpt-x")


def test_the_registry_knows_it() -> None:
    assert isinstance(wire_format(Provider("p", "openai")), OpenAIFormat)
    assert "openai" in format_names()
    assert format_spec("opanai") is None


def test_what_runs_inside_this_process_goes_over_no_wire() -> None:
    with pytest.raises(ValueError, match="llama-cpp is no wire format that goes over HTTP"):
        wire_format(Provider("p", "llama-cpp"))


def test_encode() -> None:
    sent = FORMAT.encode(_model(), REQUEST, Secret("sk-1"), stream=False)
    assert sent.url == "http://host/v1/chat/completions"
    assert sent.headers == {
        "content-type": "application/json",
        "accept": "application/json",
        "authorization": "Bearer sk-1",
    }
    assert json.loads(sent.body)["messages"] == [{"role": "user", "content": "hi"}]


def test_encode_streamed_and_without_a_key() -> None:
    sent = FORMAT.encode(_model(), REQUEST, None, stream=True)
    assert sent.headers["accept"] == "text/event-stream"
    assert "authorization" not in sent.headers
    assert json.loads(sent.body)["stream"] is True


def test_headers_are_those_of_the_call_and_not_of_the_one_before() -> None:
    one, other = _model(), _model(headers={"x-team": "a"})
    wire = OpenAIFormat()

    def headers(model: Model, key: Secret | None, *, stream: bool = False) -> Mapping[str, str]:
        return wire.encode(model, REQUEST, key, stream=stream).headers

    first = Secret("k")
    assert headers(one, first) is headers(one, first)
    assert headers(one, Secret("l"))["authorization"] == "Bearer l"
    assert "authorization" not in headers(one, None)
    assert headers(one, None, stream=True)["accept"] == "text/event-stream"
    assert headers(one, None)["accept"] == "application/json"
    assert headers(other, None)["x-team"] == "a"
    assert "x-team" not in headers(one, None)


def test_a_request_is_shown_without_its_headers() -> None:
    assert "sk-1" not in repr(FORMAT.encode(_model(), REQUEST, Secret("sk-1"), stream=False))


def test_the_providers_own_headers_win() -> None:
    model = _model(headers={"OpenAI-Organization": "org", "Authorization": "Basic x"})
    sent = FORMAT.encode(model, REQUEST, Secret("sk-1"), stream=False)
    assert sent.headers["openai-organization"] == "org"
    assert sent.headers["authorization"] == "Basic x"


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("http://h/v1/", "http://h/v1/chat/completions"),
        (
            "https://r.openai.azure.com/openai/deployments/d?api-version=2024-10-21",
            "https://r.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21",
        ),
    ],
)
def test_urls(base_url: str, url: str) -> None:
    assert FORMAT.encode(_model(base_url), REQUEST, None, stream=False).url == url


def test_what_json_cannot_hold_is_a_bad_request() -> None:
    request = Request(REQUEST.messages, Settings(extra={"x": "\ud800"}))
    with pytest.raises(CallError, match="cannot be written as JSON") as caught:
        FORMAT.encode(_model(), request, None, stream=False)
    assert caught.value.kind is ErrorKind.BAD_REQUEST


def _stream(*payloads: object, end: str = "data: [DONE]\n\n") -> bytes:
    return "".join(f"data: {json.dumps(p)}\n\n" for p in payloads).encode() + end.encode()


def _delta(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    return {"id": "c", "model": "m", "choices": [{"delta": delta, "finish_reason": reason}]}


HELLO = (_delta({"role": "assistant", "content": "Hel"}), _delta({"content": "lo"}))


def test_a_stream() -> None:
    decoder = FORMAT.decode_stream({"content-type": "text/event-stream", "x-request-id": "r"})
    usage = {"prompt_tokens": 3, "completion_tokens": 2}
    chunks = _stream(*HELLO, _delta({}, "stop"), {"choices": [], "usage": usage})
    assert decoder.feed(chunks) == ["Hel", "lo"]
    answer = decoder.finish()
    assert (answer.text, answer.finish_reason) == ("Hello", FinishReason.STOP)
    assert answer.usage
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (3, 2)
    assert (answer.request_id, answer.served_model) == ("r", "m")


def test_a_stream_without_done_is_whole_if_it_has_a_finish_reason() -> None:
    decoder = FORMAT.decode_stream({})
    decoder.feed(_stream(*HELLO, _delta({}, "stop"), end=""))
    assert decoder.finish().text == "Hello"


@pytest.mark.parametrize("end", ["", "data: [DONE]\n\n", 'data: {"cho'])
def test_a_stream_without_a_finish_reason_is_cut(end: str) -> None:
    decoder = FORMAT.decode_stream({})
    decoder.feed(_stream(*HELLO, end=end))
    with pytest.raises(CallError, match="without a finish reason") as caught:
        decoder.finish()
    assert caught.value.kind is ErrorKind.CUT


def test_an_error_in_mid_stream() -> None:
    decoder = FORMAT.decode_stream({})
    decoder.feed(_stream(*HELLO, end=""))
    with pytest.raises(CallError, match="too busy") as caught:
        decoder.feed(_stream({"error": {"message": "too busy", "code": 429}}))
    assert (caught.value.kind, caught.value.status) == (ErrorKind.RATE_LIMIT, 429)


def test_a_stream_of_something_else() -> None:
    with pytest.raises(CallError, match="no JSON but: <oops>") as caught:
        FORMAT.decode_stream({}).feed(b"data: <oops>\n\n")
    assert caught.value.kind is ErrorKind.MALFORMED


def test_a_server_that_does_not_stream() -> None:
    decoder = FORMAT.decode_stream({"content-type": "application/json; charset=utf-8"})
    body = {"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}
    assert decoder.feed(json.dumps(body).encode()) == []
    assert decoder.finish().text == "Hello"


def test_an_error_in_place_of_a_stream() -> None:
    decoder = FORMAT.decode_stream({"content-type": "application/json"})
    decoder.feed(b'{"error":{"message":"no credits","code":402}}')
    with pytest.raises(CallError, match="no credits") as caught:
        decoder.finish()
    assert caught.value.kind is ErrorKind.QUOTA


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"<html>hi</html>", "no JSON but: <html>hi</html>; check base_url"),
        (b"", "no JSON but: nothing at all"),
        (b"\xff\xfe", "no JSON but"),
        (b'"text"', "no chat completion"),
        (b"[]", "no chat completion"),
        (b"{}", "no choices"),
        (b'{"choices": []}', "no choices"),
        (b'{"choices": "x"}', "no choices"),
        (b'{"choices": [null]}', "no choices"),
    ],
)
def test_what_is_no_completion_is_malformed(body: bytes, shown: str) -> None:
    with pytest.raises(CallError, match=shown) as caught:
        FORMAT.decode(HttpReply(200, {}, body))
    assert caught.value.kind is ErrorKind.MALFORMED
    assert caught.value.retryable


def test_the_request_id_comes_from_the_header_or_the_body() -> None:
    body = json.dumps({"id": "b", "choices": [{"message": {"content": "x"}}]}).encode()
    assert FORMAT.decode(HttpReply(200, {}, body)).request_id == "b"
    assert FORMAT.decode(HttpReply(200, {"x-request-id": "h"}, body)).request_id == "h"


def test_a_rich_request_is_valid_by_openais_own_schema() -> None:
    # top_k is known to those who speak like OpenAI, not to OpenAI.
    request = without(RICH, ("top_k",))
    for stream in (False, True):
        sent = FORMAT.encode(_model("https://api.openai.com/v1"), request, None, stream=stream)
        assert problems("openai", "CreateChatCompletionRequest", json.loads(sent.body)) == []


def test_an_answer_of_the_sdks_types_is_read_whole() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "find", "arguments": "{}"}}
    message = {"role": "assistant", "content": "Paris", "refusal": None, "tool_calls": [call]}
    choice = {"index": 0, "finish_reason": "tool_calls", "logprobs": None, "message": message}
    given = {
        "id": "chat",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-x",
        "choices": [choice],
        "usage": {
            "prompt_tokens": 30,
            "completion_tokens": 20,
            "total_tokens": 50,
            "prompt_tokens_details": {"cached_tokens": 10, "cache_write_tokens": 4},
            "completion_tokens_details": {"reasoning_tokens": 15},
        },
    }
    body = ChatCompletion.model_validate(given).model_dump(mode="json", exclude_unset=True)
    assert problems("openai", "CreateChatCompletionResponse", body) == []
    assert FORMAT.decode(HttpReply(200, {}, json.dumps(body).encode())) == Completion(
        text="Paris",
        finish_reason=FinishReason.TOOL_CALLS,
        raw_finish_reason="tool_calls",
        tool_calls=(ToolCall("c", "find", "{}"),),
        usage=Usage(30, 20, 10, 4, 15),
        served_model="gpt-x",
        request_id="chat",
    )
