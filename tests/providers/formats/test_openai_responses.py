from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import Response, ResponseCompletedEvent, ResponseTextDeltaEvent

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.money import Usage
from airoute_cli.core.request import (
    RESPONSES_DIALECT,
    Document,
    Image,
    Message,
    Request,
    ResponseSchema,
    Text,
    Thought,
    Tool,
    ToolCall,
)
from airoute_cli.core.secret import Secret
from airoute_cli.core.settings import Settings
from airoute_cli.core.wire import HttpReply, StreamDecoder
from airoute_cli.providers.formats.openai_responses import FORMAT as SPEC
from airoute_cli.providers.formats.openai_responses import OpenAIResponsesFormat
from airoute_cli.routing.carry import without
from tests.providers.rich import PIXEL, RICH, asked
from tests.specs.validation import problems

FORMAT = OpenAIResponsesFormat()
HI = Message("user", (Text("hi"),))
# It has no words for these.
SAYABLE = without(RICH, ("stop", "seed", "top_k"))


def body_of(request: Request, *, stream: bool = False) -> dict[str, Any]:
    model = asked("openai-responses", "https://host/v1")
    sent = FORMAT.encode(model, request, Secret("sk-1"), stream=stream)
    assert sent.url == "https://host/v1/responses"
    assert sent.headers["authorization"] == "Bearer sk-1"
    body: dict[str, Any] = json.loads(sent.body)
    return body


@pytest.mark.parametrize("stream", [False, True])
def test_a_rich_request_is_valid_by_openais_own_schema(*, stream: bool) -> None:
    body = body_of(SAYABLE, stream=stream)
    assert problems("openai", "CreateResponse", body) == []
    assert body.get("stream", False) is stream


def test_a_rich_request_is_said_whole() -> None:
    body = body_of(SAYABLE)
    assert body["instructions"] == "You name cities."
    assert body["input"][0]["content"] == [
        {"type": "input_text", "text": "Where is this?"},
        {"type": "input_image", "image_url": PIXEL, "detail": "low"},
        {"type": "input_image", "image_url": "https://x/a.png", "detail": "auto"},
    ]
    assert body["input"][1:] == [
        {"role": "assistant", "content": "I look it up."},
        {
            "type": "function_call",
            "call_id": "call_abc-1",
            "name": "find",
            "arguments": '{"q":"tower"}',
        },
        {"type": "function_call", "call_id": "c2", "name": "now", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_abc-1", "output": "Paris"},
        {"type": "function_call_output", "call_id": "c2", "output": "noon"},
        {"role": "user", "content": "Answer now."},
    ]
    assert [(tool["name"], tool["strict"]) for tool in body["tools"]] == [
        ("find", True),
        ("now", False),
    ]
    assert body["tool_choice"] == {"type": "function", "name": "find"}
    assert body["parallel_tool_calls"] is False
    form = body["text"]["format"]
    assert (form["type"], form["name"], form["strict"]) == ("json_schema", "city", True)
    assert body["reasoning"] == {"effort": "high"}
    assert (body["max_output_tokens"], body["temperature"], body["top_p"]) == (64, 0.2, 0.9)
    assert body["store"] is False
    assert not {"stop", "seed", "top_k", "metadata"} & set(body)


@pytest.mark.parametrize(
    ("message", "items"),
    [
        (
            Message("user", (Document("https://x/a.pdf"),)),
            [{"role": "user", "content": [{"type": "input_file", "file_url": "https://x/a.pdf"}]}],
        ),
        (
            Message("user", (Document("data:application/pdf;base64,AA=="),)),
            [
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "input_file",
                            "filename": "document.pdf",
                            "file_data": "data:application/pdf;base64,AA==",
                        }
                    ],
                }
            ],
        ),
        (
            Message("tool", (Text("see"), Image(PIXEL)), tool_call_id="c"),
            [
                {
                    "type": "function_call_output",
                    "call_id": "c",
                    "output": [
                        {"type": "input_text", "text": "see"},
                        {"type": "input_image", "image_url": PIXEL, "detail": "auto"},
                    ],
                }
            ],
        ),
        (
            Message(
                "assistant",
                (Thought('{"type":"reasoning","id":"rs"}', RESPONSES_DIALECT, redacted=True),),
                (ToolCall("c", "f", "{}"),),
            ),
            [
                {"type": "reasoning", "id": "rs"},
                {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            ],
        ),
        (Message("system", (Text("later"),)), [{"role": "system", "content": "later"}]),
    ],
)
def test_items(message: Message, items: list[dict[str, Any]]) -> None:
    assert body_of(Request((HI, message)))["input"][1:] == items


def test_no_other_apis_reasoning_goes_out() -> None:
    request = Request((Message("assistant", (Thought("hm", "anthropic"),)), HI))
    with pytest.raises(CallError, match="no other API's reasoning"):
        body_of(request)


def test_settings_add_to_what_is_asked_and_never_replace_it() -> None:
    extra = {
        "model": "another",
        "input": "another",
        "background": True,
        "metadata": {"tier": "gold"},
        "store": True,
        "text": {"verbosity": "low", "format": {"type": "text"}},
        "reasoning": {"summary": "auto"},
        "tools": [{"type": "web_search"}],
    }
    settings = Settings(reasoning_effort="low", extra=extra)
    body = body_of(Request((HI,), settings, (Tool("f"),), schema=ResponseSchema()))
    assert (body["model"], body["store"]) == ("wire-1", True)
    assert body["input"] == [{"role": "user", "content": "hi"}]
    assert body["text"] == {"verbosity": "low", "format": {"type": "json_object"}}
    assert body["reasoning"] == {"summary": "auto", "effort": "low"}
    assert [tool["type"] for tool in body["tools"]] == ["function", "web_search"]
    assert not {"background", "metadata"} & set(body)


def test_strict_left_open_is_left_open_for_rows_in_its_own_words_only() -> None:
    tools = (Tool("f"),)
    assert body_of(Request((HI,), tools=tools))["tools"][0]["strict"] is False
    own = replace(Request((HI,), tools=tools), dialect=RESPONSES_DIALECT)
    assert body_of(own)["tools"][0]["strict"] is None


def test_what_it_has_no_words_for() -> None:
    assert {"stop", "seed", "top_k", "cap_under_16"} <= SPEC.cannot


# Answers

USAGE = {
    "input_tokens": 30,
    "input_tokens_details": {"cached_tokens": 10, "cache_write_tokens": 4},
    "output_tokens": 20,
    "output_tokens_details": {"reasoning_tokens": 15},
    "total_tokens": 50,
}
THOUGHT = {
    "type": "reasoning",
    "id": "rs",
    "summary": [{"type": "summary_text", "text": "a tower"}],
}
SAID = {
    "type": "message",
    "id": "msg",
    "role": "assistant",
    "status": "completed",
    "content": [
        {"type": "output_text", "text": "Par", "annotations": [], "logprobs": []},
        {"type": "output_text", "text": "is", "annotations": [], "logprobs": []},
    ],
}
REFUSED = SAID | {"content": [{"type": "refusal", "refusal": "I won't."}]}
CALLED = {
    "type": "function_call",
    "id": "fc",
    "call_id": "c1",
    "name": "find",
    "arguments": '{"q":1}',
    "status": "completed",
}


def response(*output: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A response as OpenAI's SDK writes it."""
    given = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": "gpt-x",
        "output": list(output),
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": USAGE,
    }
    made: dict[str, Any] = Response.model_validate(given | changes).model_dump(
        mode="json", exclude_unset=True
    )
    return made


def decode(body: Any, headers: dict[str, str] | None = None) -> Completion:
    return FORMAT.decode(HttpReply(200, headers or {}, json.dumps(body).encode()))


def test_an_answer_of_the_sdks_types_is_read_whole() -> None:
    body = response(THOUGHT, SAID)
    assert problems("openai", "Response", body) == []
    assert decode(body, {"x-request-id": "req"}) == Completion(
        text="Paris",
        finish_reason=FinishReason.STOP,
        raw_finish_reason="completed",
        reasoning="a tower",
        usage=Usage(30, 20, 10, 4, 15),
        served_model="gpt-x",
        request_id="req",
    )


@pytest.mark.parametrize(
    ("body", "reason", "raw"),
    [
        (response(CALLED), FinishReason.TOOL_CALLS, "completed"),
        (response(REFUSED), FinishReason.REFUSAL, "completed"),
        (
            response(
                SAID,
                status="incomplete",
                incomplete_details={"reason": "max_output_tokens"},
            ),
            FinishReason.LENGTH,
            "max_output_tokens",
        ),
        (
            response(status="incomplete", incomplete_details={"reason": "content_filter"}),
            FinishReason.CONTENT_FILTER,
            "content_filter",
        ),
        (
            {"status": "incomplete", "output": [SAID], "incomplete_details": {"reason": "new"}},
            FinishReason.OTHER,
            "new",
        ),
        ({"output": [SAID]}, FinishReason.STOP, None),
        ({"status": "invented", "output": [SAID]}, FinishReason.OTHER, "invented"),
    ],
)
def test_how_it_ended(body: dict[str, Any], reason: FinishReason, raw: str | None) -> None:
    answer = decode(body)
    assert (answer.finish_reason, answer.raw_finish_reason) == (reason, raw)


def test_calls_and_refusals() -> None:
    assert decode(response(CALLED)).tool_calls == (ToolCall("c1", "find", '{"q":1}'),)
    assert decode(response(REFUSED)).refusal == "I won't."


def test_the_reasoning_of_open_models() -> None:
    thought = {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "hm"}]}
    assert decode({"output": [thought, SAID]}).reasoning == "hm"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (response(status="failed", error={"code": "server_error", "message": "x"}), "server"),
        (
            response(status="failed", error={"code": "rate_limit_exceeded", "message": "x"}),
            "rate_limit",
        ),
        (
            response(status="failed", error={"code": "invalid_prompt", "message": "x"}),
            "bad_request",
        ),
        (response(status="failed", error={"code": "bio_policy", "message": "x"}), "content_policy"),
        (
            response(
                status="failed", error={"code": "image_content_policy_violation", "message": "x"}
            ),
            "content_policy",
        ),
        (response(status="failed", error={"code": "invalid_image", "message": "x"}), "bad_request"),
        (response(status="failed"), "server"),
        (response(status="cancelled"), "server"),
        (response(status="queued"), "malformed_answer"),
        (response(), "empty_answer"),
        (response(THOUGHT), "empty_answer"),
        ({"error": {"message": "no credits", "code": 402}}, "quota_exhausted"),
        ({"choices": []}, "malformed_answer"),
        ([], "malformed_answer"),
    ],
)
def test_what_is_no_answer(body: Any, kind: str) -> None:
    with pytest.raises(CallError) as caught:
        decode(body)
    assert caught.value.kind == kind
    if isinstance(body, dict) and kind not in {"malformed_answer", "quota_exhausted"}:
        assert caught.value.usage == Usage(30, 20, 10, 4, 15)


# Streams


def stream(*events: dict[str, Any]) -> bytes:
    return "".join(
        f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"
        for event in events
    ).encode()


def delta(text: str) -> dict[str, Any]:
    made: dict[str, Any] = ResponseTextDeltaEvent(
        type="response.output_text.delta",
        item_id="msg",
        output_index=0,
        content_index=0,
        delta=text,
        logprobs=[],
        sequence_number=1,
    ).model_dump(mode="json")
    return made


def completed(body: dict[str, Any]) -> dict[str, Any]:
    event = ResponseCompletedEvent.model_validate(
        {"type": "response.completed", "sequence_number": 9, "response": body}
    )
    made: dict[str, Any] = event.model_dump(mode="json", exclude_unset=True)
    return made


def decoder() -> StreamDecoder:
    return FORMAT.decode_stream({"content-type": "text/event-stream", "x-request-id": "req"})


WHOLE = stream(
    {"type": "response.created", "sequence_number": 0, "response": {"status": "in_progress"}},
    delta("Pâr"),
    delta("is"),
    {"type": "response.invented", "sequence_number": 7},
    completed(response(THOUGHT, SAID)),
)


@given(st.lists(st.integers(0, len(WHOLE)), max_size=6))
def test_chunk_borders_may_fall_anywhere(cuts: list[int]) -> None:
    reading = decoder()
    borders = [0, *sorted(cuts), len(WHOLE)]
    pieces = [piece for start, end in pairwise(borders) for piece in reading.feed(WHOLE[start:end])]
    assert pieces == ["Pâr", "is"]
    assert reading.finish() == decode(response(THOUGHT, SAID), {"x-request-id": "req"})


@pytest.mark.parametrize("cut", [len(WHOLE) // 3, len(WHOLE) - 3])
def test_a_stream_without_its_last_event_is_cut(cut: int) -> None:
    reading = decoder()
    reading.feed(WHOLE[:cut])
    with pytest.raises(CallError, match="without its last event") as caught:
        reading.finish()
    assert caught.value.kind is ErrorKind.CUT


def test_a_last_event_without_output_is_filled_from_the_items() -> None:
    reading = decoder()
    done = {"type": "response.output_item.done", "output_index": 0, "item": CALLED}
    reading.feed(stream(done, {"type": "response.completed", "response": response()}))
    assert reading.finish().tool_calls == (ToolCall("c1", "find", '{"q":1}'),)


def test_an_incomplete_stream_is_flagged() -> None:
    reading = decoder()
    cut = response(SAID, status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    reading.feed(stream({"type": "response.incomplete", "response": cut}))
    assert reading.finish().truncated


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (
            {"type": "error", "code": "rate_limit_exceeded", "message": "slow", "param": None},
            ErrorKind.RATE_LIMIT,
        ),
        ({"type": "error", "code": None, "message": "oops", "param": None}, ErrorKind.SERVER),
        ({"type": "error", "error": {"code": 429, "message": "slow"}}, ErrorKind.RATE_LIMIT),
        ({"type": "", "error": {"code": 503, "message": "busy"}}, ErrorKind.OVERLOADED),
    ],
)
def test_an_error_in_mid_stream(event: dict[str, Any], kind: ErrorKind) -> None:
    reading = decoder()
    reading.feed(stream(delta("Par")))
    with pytest.raises(CallError) as caught:
        reading.feed(stream(event))
    assert (caught.value.kind, caught.value.request_id) == (kind, "req")


def test_a_failed_stream_tells_what_it_used() -> None:
    reading = decoder()
    failed = response(status="failed", error={"code": "server_error", "message": "boom"})
    reading.feed(stream({"type": "response.failed", "response": failed}))
    with pytest.raises(CallError, match="boom") as caught:
        reading.finish()
    assert caught.value.usage == Usage(30, 20, 10, 4, 15)


def test_a_server_that_does_not_stream() -> None:
    reading = FORMAT.decode_stream({"content-type": "application/json"})
    assert reading.feed(json.dumps(response(SAID)).encode()) == []
    assert reading.finish().text == "Paris"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["output", "status", "error", "type", "content", "usage", "input_tokens", "summary"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_no_json_crashes_it(body: Any) -> None:
    try:
        decode(body)
    except CallError:
        return


@given(
    st.binary(max_size=200) | json_values.map(lambda v: b"data: %s\n\n" % json.dumps(v).encode())
)
def test_no_bytes_crash_the_stream(data: bytes) -> None:
    reading = decoder()
    try:
        reading.feed(data)
        reading.finish()
    except CallError:
        return
