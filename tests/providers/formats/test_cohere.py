from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from cohere import V2ChatResponse
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.money import Usage
from airoute_cli.core.rate_limits import Allowance, RateLimits
from airoute_cli.core.request import (
    Document,
    Image,
    Message,
    Request,
    ResponseSchema,
    Text,
    Tool,
    ToolCall,
)
from airoute_cli.core.secret import Secret
from airoute_cli.core.settings import Settings
from airoute_cli.core.wire import HttpReply, StreamDecoder
from airoute_cli.providers.formats.cohere import FORMAT as SPEC
from airoute_cli.providers.formats.cohere import CohereFormat
from airoute_cli.routing.carry import without
from tests.providers.rich import CITY, RICH, asked, with_settings
from tests.specs.validation import problems

NOW = 1_795_435_200.0
FORMAT = CohereFormat()
HI = Message("user", (Text("hi"),))
# It names no tool, and takes a schema only where there are no tools.
_NAMELESS = without(RICH, ("tool_choice_named", "parallel_tool_calls"))
WITH_TOOLS = Request(_NAMELESS.messages, RICH.settings, RICH.tools, "required")
WITH_SCHEMA = Request((RICH.messages[0], HI), RICH.settings, schema=RICH.schema)


def body_of(request: Request, *, stream: bool = False) -> dict[str, Any]:
    sent = FORMAT.encode(
        asked("cohere", "https://api.cohere.com"), request, Secret("k"), stream=stream
    )
    assert sent.url == "https://api.cohere.com/v2/chat"
    assert sent.headers["authorization"] == "Bearer k"
    body: dict[str, Any] = json.loads(sent.body)
    return body


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("request_", [WITH_TOOLS, WITH_SCHEMA], ids=["tools", "schema"])
def test_a_rich_request_is_valid_by_coheres_own_schema(request_: Request, *, stream: bool) -> None:
    body = body_of(request_, stream=stream)
    assert problems("cohere", "ChatRequest", body) == []
    assert body["stream"] is stream


def test_its_own_words() -> None:
    body = body_of(WITH_TOOLS)
    assert (body["p"], body["k"], body["seed"], body["max_tokens"]) == (0.9, 5, 7, 64)
    assert body["stop_sequences"] == ["END", "STOP"]
    assert body["thinking"] == {"type": "enabled", "token_budget": 16_384}
    assert (body["tool_choice"], body["strict_tools"]) == ("REQUIRED", True)
    assert body["messages"][2] == {
        "role": "assistant",
        "tool_plan": "I look it up.",
        "tool_calls": [
            {
                "id": "call_abc-1",
                "type": "function",
                "function": {"name": "find", "arguments": '{"q":"tower"}'},
            },
            {"id": "c2", "type": "function", "function": {"name": "now", "arguments": "{}"}},
        ],
    }
    assert body["messages"][3] == {"role": "tool", "tool_call_id": "call_abc-1", "content": "Paris"}


@pytest.mark.parametrize(
    ("choice", "sent"), [(None, None), ("auto", None), ("none", "NONE"), ("required", "REQUIRED")]
)
def test_the_choice_of_tools(choice: str | None, sent: str | None) -> None:
    body = body_of(Request((HI,), tools=(Tool("f"),), tool_choice=choice))
    assert body.get("tool_choice") == sent
    assert "strict_tools" not in body


@pytest.mark.parametrize(
    ("schema", "sent"),
    [
        (ResponseSchema(), {"type": "json_object"}),
        (ResponseSchema("city", CITY), {"type": "json_object", "json_schema": CITY}),
    ],
)
def test_the_form_of_the_answer(schema: ResponseSchema, sent: dict[str, Any]) -> None:
    assert body_of(Request((HI,), schema=schema))["response_format"] == sent


@pytest.mark.parametrize(
    ("effort", "thinking"),
    [
        ("none", {"type": "disabled"}),
        ("low", {"type": "enabled", "token_budget": 1024}),
        ("max", {"type": "enabled"}),
    ],
)
def test_reasoning(effort: str, thinking: dict[str, Any]) -> None:
    body = body_of(with_settings(WITH_SCHEMA, reasoning_effort=effort))
    assert body["thinking"] == thinking
    assert problems("cohere", "ChatRequest", body) == []


def test_a_setting_never_replaces_what_was_planned() -> None:
    extra = {"model": "another", "messages": [], "metadata": {"tier": "gold"}, "safety_mode": "OFF"}
    body = body_of(Request((HI,), Settings(extra=extra)))
    assert body == {
        "model": "wire-1",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": False,
        "safety_mode": "OFF",
    }


def test_what_it_has_no_words_for() -> None:
    assert {"schema_with_tools", "tool_choice_named", "stops_over_5"} <= SPEC.cannot
    with pytest.raises(CallError, match="no document part"):
        body_of(Request((Message("user", (Document("https://x"), Image("https://x"))),)))


# Answers

USAGE = {
    "billed_units": {"input_tokens": 5.0, "output_tokens": 9.0},
    "tokens": {"input_tokens": 30.0, "output_tokens": 20.0},
    "cached_tokens": 10.0,
}
READ = Usage(30, 20, 10)
CALL = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": '{"q":1}'}}


def answer(reason: str = "COMPLETE", **message: Any) -> dict[str, Any]:
    """An answer as Cohere's SDK writes it."""
    given = {
        "id": "chat",
        "finish_reason": reason,
        "message": {"role": "assistant", **message},
        "usage": USAGE,
    }
    made: dict[str, Any] = V2ChatResponse.model_validate(given).model_dump(
        mode="json", exclude_none=True
    )
    assert problems("cohere", "ChatResponseV2", made) == []
    return made


def decode(body: Any, headers: dict[str, str] | None = None) -> Completion:
    return FORMAT.decode(HttpReply(200, headers or {}, json.dumps(body).encode()))


THINKING = {"type": "thinking", "thinking": "a tower"}
SAID = [THINKING, {"type": "text", "text": "Par"}, {"type": "text", "text": "is"}]


def test_an_answer_of_the_sdks_types_is_read_whole() -> None:
    assert decode(answer(content=SAID)) == Completion(
        text="Paris",
        finish_reason=FinishReason.STOP,
        raw_finish_reason="COMPLETE",
        reasoning="a tower",
        usage=READ,
        request_id="chat",
    )


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("COMPLETE", FinishReason.STOP),
        ("STOP_SEQUENCE", FinishReason.STOP),
        ("MAX_TOKENS", FinishReason.LENGTH),
        ("INVENTED", FinishReason.OTHER),
        (None, FinishReason.OTHER),
        (["COMPLETE"], FinishReason.OTHER),
    ],
)
def test_finish_reasons(raw: Any, reason: FinishReason) -> None:
    assert decode(answer(content=SAID) | {"finish_reason": raw}).finish_reason is reason


def test_a_plan_is_reasoning() -> None:
    told = decode(answer("TOOL_CALL", tool_plan="I look.", tool_calls=[CALL]))
    assert (told.reasoning, told.text) == ("I look.", "")
    assert told.tool_calls == (ToolCall("c1", "find", '{"q":1}'),)
    assert told.finish_reason is FinishReason.TOOL_CALLS


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (USAGE, READ),
        ({"billed_units": {"input_tokens": 5, "output_tokens": 9}}, Usage(5, 9)),
        ({"tokens": {"input_tokens": 5.0}, "cached_tokens": 9.0}, Usage(5, 0, 5)),
        ({"tokens": {}}, None),
        ({}, None),
        (None, None),
    ],
)
def test_usage(usage: Any, expected: Usage | None) -> None:
    assert decode(answer(content=SAID) | {"usage": usage}).usage == expected


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (answer("ERROR", content=SAID), ErrorKind.SERVER),
        (answer("TIMEOUT", content=SAID), ErrorKind.TIMEOUT),
        (answer(content=[]), ErrorKind.EMPTY),
        (answer(content=[THINKING]), ErrorKind.EMPTY),
        ({"id": "x", "message": "internal server error"}, ErrorKind.SERVER),
        ({"choices": []}, ErrorKind.MALFORMED),
        ([], ErrorKind.MALFORMED),
        ("x", ErrorKind.MALFORMED),
    ],
)
def test_what_is_no_answer(body: Any, kind: ErrorKind) -> None:
    with pytest.raises(CallError) as caught:
        decode(body)
    assert caught.value.kind is kind


# Streams


def stream(*events: dict[str, Any]) -> bytes:
    told = "".join(
        f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"
        for event in events
    )
    return told.encode()


def said(kind: str, index: int = 0, **message: Any) -> dict[str, Any]:
    event = {"type": kind, "index": index, "delta": {"message": message}}
    assert problems("cohere", "StreamedChatResponseV2", event) == []
    return event


def end(reason: str = "COMPLETE", **delta: Any) -> dict[str, Any]:
    return {"type": "message-end", "delta": {"finish_reason": reason, "usage": USAGE, **delta}}


START = {"type": "message-start", "id": "chat", "delta": {"message": {"role": "assistant"}}}
WHOLE = stream(
    START,
    said("content-start", content={"type": "thinking", "thinking": ""}),
    said("content-delta", content={"thinking": "a tower"}),
    {"type": "content-end", "index": 0},
    said("content-start", 1, content={"type": "text", "text": ""}),
    said("content-delta", 1, content={"text": "Pâr"}),
    {"type": "citation-start", "index": 0, "delta": {"message": {"citations": {}}}},
    said("content-delta", 1, content={"text": "is"}),
    {"type": "content-end", "index": 1},
    end(),
)


def decoder() -> StreamDecoder:
    return FORMAT.decode_stream({"content-type": "text/event-stream"})


@given(st.lists(st.integers(0, len(WHOLE)), max_size=6))
def test_chunk_borders_may_fall_anywhere(cuts: list[int]) -> None:
    reading = decoder()
    borders = [0, *sorted(cuts), len(WHOLE)]
    pieces = [
        piece for start, stop in pairwise(borders) for piece in reading.feed(WHOLE[start:stop])
    ]
    assert pieces == ["Pâr", "is"]
    content = [THINKING, {"type": "text", "text": "Pâris"}]
    assert reading.finish() == decode(answer(content=content))


def test_streamed_calls() -> None:
    begun = CALL | {"function": {"name": "find", "arguments": ""}}
    reading = decoder()
    reading.feed(
        stream(
            START,
            said("tool-plan-delta", tool_plan="I "),
            said("tool-plan-delta", tool_plan="look."),
            said("tool-call-start", 0, tool_calls=begun),
            said("tool-call-delta", 0, tool_calls={"function": {"arguments": '{"q"'}}),
            said("tool-call-start", 1, tool_calls=begun | {"id": "c2"}),
            said("tool-call-delta", 1, tool_calls={"function": {"arguments": "{}"}}),
            said("tool-call-delta", 0, tool_calls={"function": {"arguments": ":1}"}}),
            {"type": "tool-call-end", "index": 0},
            end("TOOL_CALL"),
        )
    )
    told = reading.finish()
    assert told.tool_calls == (ToolCall("c1", "find", '{"q":1}'), ToolCall("c2", "find", "{}"))
    assert (told.reasoning, told.usage) == ("I look.", READ)


@pytest.mark.parametrize("cut", [len(WHOLE) // 2, len(WHOLE) - 3])
def test_a_stream_without_its_last_event_is_cut(cut: int) -> None:
    reading = decoder()
    reading.feed(WHOLE[:cut])
    with pytest.raises(CallError, match="without message-end") as caught:
        reading.finish()
    assert (caught.value.kind, caught.value.request_id) == (ErrorKind.CUT, "chat")


@pytest.mark.parametrize(
    "event",
    [
        end("ERROR", error="boom"),
        {"type": "error", "message": "boom"},
        {"type": "", "id": "x", "message": "boom"},
    ],
)
def test_an_error_in_mid_stream(event: dict[str, Any]) -> None:
    reading = decoder()
    reading.feed(stream(START))
    with pytest.raises(CallError, match="boom") as caught:
        reading.feed(stream(event))
    assert (caught.value.kind, caught.value.request_id) == (ErrorKind.SERVER, "chat")


# Errors

TRIAL = (
    "You are using a Trial key, which is limited to 1000 API calls / month. You can continue to "
    "use the Trial key for free or upgrade to a Production key."
)


@pytest.mark.parametrize(
    ("status", "message", "headers", "kind", "wait"),
    [
        (400, "invalid request", {}, ErrorKind.BAD_REQUEST, None),
        (400, "too many tokens: limit exceeded by 9", {}, ErrorKind.CONTEXT_WINDOW, None),
        (401, "invalid api token", {}, ErrorKind.AUTH, None),
        (402, "payment required", {}, ErrorKind.QUOTA, None),
        (404, "model 'x' not found", {}, ErrorKind.NOT_FOUND, None),
        (422, "unprocessable", {}, ErrorKind.BAD_REQUEST, None),
        (429, "slow down", {}, ErrorKind.RATE_LIMIT, None),
        (429, "slow down", {"x-ratelimit-reset": str(NOW + 7)}, ErrorKind.RATE_LIMIT, 7),
        (429, TRIAL, {"retry-after": "9"}, ErrorKind.QUOTA, None),
        (498, "invalid token", {}, ErrorKind.AUTH, None),
        (499, "client closed", {}, ErrorKind.SERVER, None),
        (500, "internal", {}, ErrorKind.SERVER, None),
        (503, "unavailable", {"retry-after": "2"}, ErrorKind.OVERLOADED, 2),
        (504, "timed out", {}, ErrorKind.TIMEOUT, None),
    ],
)
def test_errors(
    status: int, message: str, headers: Any, kind: ErrorKind, wait: float | None
) -> None:
    body = json.dumps({"id": "x", "message": message}).encode()
    error = FORMAT.decode_error(HttpReply(status, headers, body), NOW)
    assert (error.kind, error.retry_after) == (kind, wait)
    assert message[:20] in str(error)


def test_limits() -> None:
    told = {"x-trial-endpoint-call-limit": "20", "x-trial-endpoint-call-remaining": "19"}
    assert FORMAT.limits(told, NOW) == RateLimits(requests=Allowance(20, 19))
    assert FORMAT.limits({}, NOW) is None


def test_the_list_of_models() -> None:
    listed = FORMAT.list_models(asked("cohere").provider, Secret("k"))
    assert listed
    assert (listed.method, listed.url) == ("GET", "https://host/v1/models")
    reply = HttpReply(200, {}, b'{"models": [{"name": "command-a"}]}')
    assert FORMAT.decode_models(reply) == ["command-a"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["message", "content", "finish_reason", "tool_calls", "function", "delta", "usage"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
kinds = st.sampled_from(
    ["message-start", "content-delta", "tool-call-start", "tool-call-delta", "message-end"]
)


@given(json_values)
def test_no_json_crashes_it(body: Any) -> None:
    try:
        decode(body)
    except CallError:
        return


@given(st.binary(max_size=200) | st.lists(st.tuples(kinds, json_values), max_size=4))
def test_no_bytes_crash_the_stream(given_: Any) -> None:
    data = given_ if isinstance(given_, bytes) else b""
    for kind, value in [] if isinstance(given_, bytes) else given_:
        data += f"event: {kind}\ndata: {json.dumps(value)}\n\n".encode()
    reading = decoder()
    try:
        reading.feed(data)
        reading.finish()
    except CallError:
        return
