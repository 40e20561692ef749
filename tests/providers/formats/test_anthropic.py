from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from anthropic.types import Message as SdkMessage
from anthropic.types import RawMessageStreamEvent
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.money import Usage
from airoute_cli.core.profile import Model
from airoute_cli.core.rate_limits import Allowance, RateLimits
from airoute_cli.core.request import (
    CacheMark,
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
from airoute_cli.core.wire import HttpReply, HttpRequest, PagedModels, StreamDecoder
from airoute_cli.edges.catalogue import services
from airoute_cli.edges.rows.shapes import anthropic as rows
from airoute_cli.providers.formats.anthropic import FORMAT as SPEC
from airoute_cli.providers.formats.anthropic import AnthropicFormat
from airoute_cli.routing.carry import without
from tests.edges.rows.shapes.test_anthropic import line
from tests.providers.anthropic_types import taken
from tests.providers.rich import CITY, PIXEL, RICH, asked, with_settings

NOW = 1_795_435_200.0  # 2026-11-23T12:00:00Z
FORMAT = AnthropicFormat()
HI = Message("user", (Text("hi"),))
SAYABLE = without(RICH, tuple(sorted(SPEC.cannot)))
AGENT = Tool("f", "Does.", CITY)


def sent(request: Request, name: str = "claude-sonnet-4-6", **options: Any) -> HttpRequest:
    base = asked("anthropic", "https://api.anthropic.com")
    model = Model(base.name, base.provider, name)
    wire = SPEC.make(SPEC.options(**options)) if SPEC.make else FORMAT
    return wire.encode(model, request, Secret("k"), stream=False)


def body_of(request: Request, name: str = "claude-sonnet-4-6", **options: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(sent(request, name, **options).body)
    assert taken(body) == body
    return body


def user(*parts: Any) -> Request:
    return Request((Message("user", parts),))


@pytest.mark.parametrize("name", ["claude-sonnet-4-6", "claude-opus-5", "smollm2"])
def test_a_rich_request_is_valid_by_the_sdks_own_types(name: str) -> None:
    body = body_of(SAYABLE, name)
    assert (body["model"], body["max_tokens"], body["system"]) == (name, 64, "You name cities.")
    assert (body["temperature"], body["top_p"], body["top_k"]) == (0.2, 0.9, 5)
    assert body["stop_sequences"] == ["END", "STOP"]
    assert body["tools"] == [
        {"name": "find", "description": "Finds places.", "input_schema": CITY, "strict": True},
        {"name": "now", "input_schema": {"type": "object", "properties": {}}},
    ]
    assert body["tool_choice"] == {
        "type": "tool",
        "name": "find",
        "disable_parallel_tool_use": True,
    }
    assert body["output_config"] == {
        "effort": "high",
        "format": {"type": "json_schema", "schema": CITY},
    }
    assert body["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Where is this?"},
                {
                    "type": "image",
                    "source": {
                        "type": "base64",
                        "media_type": "image/png",
                        "data": PIXEL.partition(",")[2],
                    },
                },
                {"type": "image", "source": {"type": "url", "url": "https://x/a.png"}},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "I look it up."},
                {"type": "tool_use", "id": "call_abc-1", "name": "find", "input": {"q": "tower"}},
                {"type": "tool_use", "id": "c2", "name": "now", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "call_abc-1", "content": "Paris"},
                {"type": "tool_result", "tool_use_id": "c2", "content": "noon"},
                {"type": "text", "text": "Answer now."},
            ],
        },
    ]


def test_a_row_of_its_own_goes_out_as_it_came_in() -> None:
    """But for the metadata, and for what is told elsewhere in the same words."""
    given = line()["params"]
    request = rows.read_line(line()).request
    body = body_of(request, "claude-sonnet-4-5")
    for key in ("metadata", "stream"):
        del given[key]
    first, _, last = given["messages"]
    del first["content"][0]["citations"]
    del given["messages"][1]["content"][3]["caller"]
    del given["tools"][0]["type"]
    given["tools"][0]["input_schema"] = {
        **given["tools"][0]["input_schema"],
        "additionalProperties": False,
    }
    given["output_config"]["format"]["schema"] = given["tools"][0]["input_schema"]
    last["content"].append(last["content"].pop(0))  # results stand before what else is said
    assert body == given


def test_the_headers() -> None:
    told = sent(user(Text("hi")))
    assert told.url == "https://api.anthropic.com/v1/messages"
    assert (told.headers["x-api-key"], told.headers["anthropic-version"]) == ("k", "2023-06-01")
    assert not {"authorization", "anthropic-beta"} & told.headers.keys()
    extra = {"betas": ["a", "b"], "anthropic_beta": "b"}
    asking = Request((HI,), Settings(extra=extra), dialect="anthropic")
    told = sent(asking, auth="bearer", anthropic_version="2026-10-21")
    assert told.headers["authorization"] == "Bearer k"
    assert told.headers["anthropic-version"] == "2026-10-21"
    assert "x-api-key" not in told.headers
    assert told.headers["anthropic-beta"] == "b,a"
    assert not set(extra) & json.loads(told.body).keys()


def test_betas_of_the_profile_and_of_the_row() -> None:
    model = asked("anthropic")
    given = replace(model, provider=replace(model.provider, headers={"Anthropic-Beta": "x"}))
    asking = Request((HI,), Settings(extra={"betas": "a"}))
    told = FORMAT.encode(given, asking, None, stream=True)
    assert told.headers["anthropic-beta"] == "x,a"
    assert json.loads(told.body)["stream"] is True


def test_a_later_version_of_the_api_has_no_sampling() -> None:
    with pytest.raises(CallError, match="has no temperature and no top_k") as caught:
        sent(Request((HI,), Settings(temperature=1.0, top_k=4)), anthropic_version="2026-10-21")
    assert caught.value.kind is ErrorKind.BAD_REQUEST


@pytest.mark.parametrize(
    ("choice", "parallel", "expected"),
    [
        (None, None, None),
        ("auto", None, {"type": "auto"}),
        ("required", None, {"type": "any"}),
        ("=f", None, {"type": "tool", "name": "f"}),
        ("none", False, {"type": "none"}),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        ("required", True, {"type": "any", "disable_parallel_tool_use": False}),
    ],
)
def test_the_choice_of_tools(choice: str | None, parallel: Any, expected: Any) -> None:
    request = Request((HI,), tools=(AGENT,), tool_choice=choice, parallel_tool_calls=parallel)
    assert body_of(request).get("tool_choice") == expected


ADAPTIVE = {"type": "adaptive"}


@pytest.mark.parametrize(
    ("name", "effort", "cap", "thinking", "effort_sent"),
    [
        ("claude-opus-4-6", "high", 64, ADAPTIVE, "high"),
        ("claude-opus-4-8", "minimal", 64, ADAPTIVE, "low"),
        ("claude-sonnet-5-5", "max", 64, ADAPTIVE, "max"),
        ("anthropic/claude-opus-4.7", "low", 64, ADAPTIVE, "low"),
        ("an-alias", "low", 64, ADAPTIVE, "low"),
        ("claude-opus-4-6", "none", 64, None, None),
        ("claude-opus-5", "none", 64, {"type": "disabled"}, None),
        ("an-alias", "none", 64, {"type": "disabled"}, None),
        ("claude-sonnet-4-5", "none", 64, None, None),
        ("claude-sonnet-4-5-20250929", "low", 9_000, 1_024, None),
        ("claude-3-7-sonnet-latest", "medium", 9_000, 4_096, None),
        ("claude-opus-4-20250514", "high", 64_000, 16_384, None),
        ("claude-opus-4-1-20250805", "max", 64_000, 32_000, None),
        ("claude-4-sonnet-20250514", "high", 3_000, 1_500, None),
        ("claude-haiku-4-5", "high", 1_500, 1_024, None),
    ],
)
def test_reasoning(name: str, effort: str, cap: int, thinking: Any, effort_sent: Any) -> None:
    request = Request((HI,), Settings(reasoning_effort=effort, max_output_tokens=cap))
    body = body_of(request, name)
    if isinstance(thinking, int):
        thinking = {"type": "enabled", "budget_tokens": thinking}
    assert body.get("thinking") == thinking
    assert body.get("output_config", {}).get("effort") == effort_sent


def test_reasoning_as_the_profile_says() -> None:
    request = Request((HI,), Settings(reasoning_effort="low", max_output_tokens=4_096))
    assert body_of(request, "alias", thinking="budget")["thinking"]["budget_tokens"] == 1_024
    assert body_of(request, "claude-opus-4-5", thinking="adaptive")["thinking"] == ADAPTIVE
    forced = replace(request, tools=(AGENT,), tool_choice="required")
    assert "thinking" not in body_of(forced)
    with pytest.raises(CallError, match="raise max_output_tokens above that"):
        body_of(with_settings(request, max_output_tokens=1_024), "claude-sonnet-4-5")


def test_a_limit_is_always_sent() -> None:
    assert body_of(user(Text("hi")))["max_tokens"] == 1_024


def test_a_setting_never_replaces_what_was_planned() -> None:
    extra = {"model": "x", "messages": [], "system": "x", "stream": True, "metadata": {"a": 1}}
    extra |= {"service_tier": "auto", "output_config": {"effort": "low", "more": 1}}
    request = Request((HI,), Settings(extra=extra), schema=ResponseSchema(schema=CITY))
    body = json.loads(sent(request).body)
    assert body == {
        "model": "claude-sonnet-4-6",
        "max_tokens": 1_024,
        "messages": [{"role": "user", "content": "hi"}],
        "service_tier": "auto",
        "output_config": {
            "effort": "low",
            "more": 1,
            "format": {"type": "json_schema", "schema": CITY},
        },
    }


def test_open_objects_of_a_schema_are_closed() -> None:
    inner = {"type": "object", "properties": {"b": {"type": "string"}}}
    schema = {
        "type": ["object", "null"],
        "properties": {"a": inner, "more": {"type": "array", "items": inner}},
        "$defs": {"x": {"anyOf": [inner, {"type": "object", "additionalProperties": True}]}},
    }
    told = body_of(Request((HI,), schema=ResponseSchema(schema=schema)))
    closed = {**inner, "additionalProperties": False}
    assert told["output_config"]["format"]["schema"] == {
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": {"a": closed, "more": {"type": "array", "items": closed}},
        "$defs": {"x": {"anyOf": [closed, {"type": "object", "additionalProperties": True}]}},
    }
    assert "additionalProperties" not in inner


def text(said: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": said, **more}


MARK = {"cache_control": {"type": "ephemeral"}}
HOUR = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
USE = {"type": "tool_use", "id": "c", "name": "f", "input": {}}


@pytest.mark.parametrize(
    ("message", "content"),
    [
        (Message("user", (Text("a"), Text(" "), Text("b"))), [text("a"), text("b")]),
        (Message("user", (Text("a"), CacheMark("1h"), Text("b"))), [text("a", **HOUR), text("b")]),
        (Message("user", (CacheMark(), Text("b"))), "b"),
        (
            Message("user", (Document("https://x/a.pdf", "A"), CacheMark())),
            [
                {
                    "type": "document",
                    "title": "A",
                    "source": {"type": "url", "url": "https://x/a.pdf"},
                }
                | MARK
            ],
        ),
        (
            Message("user", (Document("data:application/pdf;base64,AA=="),)),
            [
                {
                    "type": "document",
                    "source": {"type": "base64", "media_type": "application/pdf", "data": "AA=="},
                }
            ],
        ),
        (
            Message("user", (Document("data:text/csv;base64,aMOp"),)),
            [
                {
                    "type": "document",
                    "source": {"type": "text", "media_type": "text/plain", "data": "hé"},
                }
            ],
        ),
        (
            Message("tool", (Text("no"), CacheMark()), tool_call_id="a.b:1", is_error=True),
            [
                {"type": "tool_result", "tool_use_id": "a_b_1", "content": "no", "is_error": True}
                | MARK
            ],
        ),
        (
            Message("tool", (Text("a"), CacheMark("1h"), Image("https://x")), tool_call_id="c"),
            [
                {
                    "type": "tool_result",
                    "tool_use_id": "c",
                    "content": [
                        text("a", **HOUR),
                        {"type": "image", "source": {"type": "url", "url": "https://x"}},
                    ],
                }
            ],
        ),
        (
            Message("tool", (Text(" "),), tool_call_id="c"),
            [{"type": "tool_result", "tool_use_id": "c"}],
        ),
        (
            Message("assistant", (Text("a"), CacheMark()), (ToolCall("c", "f", ""),)),
            [text("a"), USE | MARK],
        ),
        (
            Message(
                "assistant",
                (
                    Thought("hm", "anthropic", "s"),
                    Thought("eA", "bedrock", redacted=True),
                    CacheMark(),
                    Text("a"),
                ),
            ),
            [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "redacted_thinking", "data": "eA"},
                text("a"),
            ],
        ),
    ],
)
def test_content(message: Message, content: Any) -> None:
    role = "user" if message.role == "tool" else message.role
    assert body_of(Request((message,)))["messages"] == [{"role": role, "content": content}]


def test_marks_on_tools_and_on_the_system_turn() -> None:
    marked = Request(
        (Message("system", (Text("a"), CacheMark("1h"))), Message("system", (Text("b"),)), HI),
        tools=(replace(AGENT, cache=CacheMark()),),
    )
    body = body_of(marked)
    assert body["system"] == [text("a", **HOUR), text("b")]
    assert body["tools"][0]["cache_control"] == MARK["cache_control"]


def test_where_system_turns_stand() -> None:
    later = (Message("system", (Text("a"),)), HI, Message("system", (Text("b"),)), HI)
    body = body_of(Request(later))
    assert (body["system"], len(body["messages"])) == ("a\n\nb", 1)
    body = body_of(Request(later, dialect="anthropic"))
    assert (body["system"], [m["role"] for m in body["messages"]]) == (
        "a",
        ["user", "system", "user"],
    )


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        (Image("data:image/tiff;base64,AA"), "no image of type 'image/tiff'"),
        (Document("data:application/msword;base64,AA"), "it takes PDF and plain text"),
        (Document("data:text/plain;base64,A"), "is no base64"),
        (Thought("hm", "openai-responses"), "no reasoning back that openai-responses gave"),
        (Thought("hm", "anthropic"), "has no signature"),
    ],
)
def test_what_it_has_no_words_for(part: Any, sentence: str) -> None:
    with pytest.raises(CallError, match=sentence) as caught:
        sent(user(Text("hi"), part))
    assert caught.value.kind is ErrorKind.BAD_REQUEST


def test_arguments_that_are_no_object() -> None:
    with pytest.raises(CallError, match="are no JSON object"):
        sent(Request((HI, Message("assistant", (), (ToolCall("c", "f", "[1]"),)))))


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("claude-opus-4-7", {"temperature", "top_p", "top_k"}),
        ("claude-opus-5-5", {"temperature", "top_p", "top_k"}),
        ("claude-haiku-5-5", {"temperature", "top_p", "top_k"}),
        ("claude-mythos-5", {"temperature", "top_p", "top_k"}),
        ("claude-fable-5-2", {"temperature", "top_p", "top_k"}),
        ("claude-opus-4-6", {"top_p_with_temperature"}),
        ("claude-opus-4-1-20250805", {"top_p_with_temperature"}),
        ("claude-sonnet-4-5-20250929", {"top_p_with_temperature"}),
        ("claude-opus-4-20250514", set()),
        ("claude-sonnet-4-0", set()),
        ("claude-3-7-sonnet-20250219", set()),
        ("claude-3-5-haiku-latest", {"reasoning_effort", "extra:thinking"}),
        ("claude-3-haiku-20240307", {"reasoning_effort", "extra:thinking"}),
        ("smollm2", set()),
    ],
)
def test_what_families_refuse(name: str, refused: set[str]) -> None:
    assert services()["anthropic"].refused_by(name) == refused


# Answers

USAGE = {
    "input_tokens": 10,
    "cache_read_input_tokens": 5,
    "cache_creation_input_tokens": 2,
    "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 20,
    "output_tokens_details": {"thinking_tokens": 7},
    "service_tier": "standard",
}
READ = Usage(17, 20, 5, 2, 7)
CALL = {"type": "tool_use", "id": "c1", "name": "find", "input": {"q": "ü"}}
THINKING = {"type": "thinking", "thinking": "a tower", "signature": "s"}
SAID = [
    THINKING,
    {"type": "redacted_thinking", "data": "eA"},
    {"type": "text", "text": "Par", "citations": None},
    {"type": "text", "text": "is", "citations": None},
]


def answer(*content: Any, reason: str | None = "end_turn", **more: Any) -> dict[str, Any]:
    """An answer as Anthropic's SDK writes it."""
    given = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-6",
        "content": list(content),
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": USAGE,
        **more,
    }
    made: dict[str, Any] = SdkMessage.model_validate(given).model_dump(mode="json")
    return made


def decode(body: Any, headers: dict[str, str] | None = None) -> Completion:
    return FORMAT.decode(HttpReply(200, headers or {}, json.dumps(body).encode()))


def test_an_answer_of_the_sdks_types_is_read_whole() -> None:
    assert decode(answer(*SAID), {"request-id": "req_9"}) == Completion(
        text="Paris",
        finish_reason=FinishReason.STOP,
        raw_finish_reason="end_turn",
        reasoning="a tower",
        usage=READ,
        served_model="claude-sonnet-4-6",
        request_id="req_9",
    )


def test_calls() -> None:
    told = decode(answer(SAID[2], CALL, CALL | {"input": {}}, reason="tool_use"))
    assert told.tool_calls == (ToolCall("c1", "find", '{"q":"ü"}'), ToolCall("c1", "find", "{}"))
    assert (told.finish_reason, told.request_id) == (FinishReason.TOOL_CALLS, "msg_1")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("end_turn", FinishReason.STOP),
        ("stop_sequence", FinishReason.STOP),
        ("max_tokens", FinishReason.LENGTH),
        ("model_context_window_exceeded", FinishReason.LENGTH),
        ("refusal", FinishReason.REFUSAL),
        ("pause_turn", FinishReason.OTHER),
        ("invented", FinishReason.OTHER),
        (None, FinishReason.OTHER),
        (["end_turn"], FinishReason.OTHER),
    ],
)
def test_finish_reasons(raw: Any, reason: FinishReason) -> None:
    assert decode(answer(*SAID) | {"stop_reason": raw}).finish_reason is reason


@pytest.mark.parametrize(
    ("details", "refusal"),
    [
        ({"type": "refusal", "category": "cyber", "explanation": "No malware."}, "No malware."),
        ({"type": "refusal", "category": "bio", "explanation": None}, "refused (bio)"),
        (None, "refused"),
    ],
)
def test_a_refusal_is_an_answer_and_says_why(details: Any, refusal: str) -> None:
    told = decode(answer(reason="refusal") | {"stop_details": details})
    assert (told.finish_reason, told.refusal, told.text) == (FinishReason.REFUSAL, refusal, "")


def test_an_answer_that_was_cut_may_be_empty() -> None:
    assert decode(answer(reason="max_tokens")).truncated


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (USAGE, READ),
        ({"input_tokens": 1, "output_tokens": 2}, Usage(1, 2)),
        ({"input_tokens": 1, "cache_read_input_tokens": None, "output_tokens": 2}, Usage(1, 2)),
        ({"output_tokens": "2"}, None),
        ({}, None),
        (None, None),
    ],
)
def test_usage(usage: Any, expected: Usage | None) -> None:
    assert decode(answer(*SAID) | {"usage": usage}).usage == expected


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (answer(), ErrorKind.EMPTY),
        (answer(THINKING), ErrorKind.EMPTY),
        (answer(reason="pause_turn"), ErrorKind.EMPTY),
        ({"type": "error", "error": {"type": "overloaded_error"}}, ErrorKind.OVERLOADED),
        ({"type": "error", "error": {"type": "api_error", "message": "x"}}, ErrorKind.SERVER),
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

_EVENT = TypeAdapter[Any](RawMessageStreamEvent)


def event(kind: str, **told: Any) -> dict[str, Any]:
    given = {"type": kind, **told}
    _EVENT.validate_python(given)
    return given


def stream(*events: dict[str, Any]) -> bytes:
    return "".join(
        f"event: {each['type']}\ndata: {json.dumps(each, ensure_ascii=False)}\n\n"
        for each in events
    ).encode()


def begin(index: int, block: dict[str, Any]) -> dict[str, Any]:
    return event("content_block_start", index=index, content_block=block)


def add(index: int, **delta: Any) -> dict[str, Any]:
    return event("content_block_delta", index=index, delta=delta)


def end(reason: str = "end_turn", **usage: Any) -> list[dict[str, Any]]:
    told = {"stop_reason": reason, "stop_sequence": None}
    counted = {"output_tokens": 20, "output_tokens_details": {"thinking_tokens": 7}} | usage
    return [event("message_delta", delta=told, usage=counted), event("message_stop")]


PING = {"type": "ping"}
FIRST = USAGE | {"output_tokens": 1, "output_tokens_details": None}
START = event("message_start", message=answer(reason=None) | {"usage": FIRST})
WHOLE = stream(
    START,
    PING,
    begin(0, {"type": "thinking", "thinking": "", "signature": ""}),
    add(0, type="thinking_delta", thinking="a "),
    add(0, type="thinking_delta", thinking="tower"),
    add(0, type="signature_delta", signature="s"),
    event("content_block_stop", index=0),
    begin(1, {"type": "text", "text": ""}),
    add(1, type="text_delta", text="Pâr"),
    {"type": "brand_new"},
    add(1, type="text_delta", text="is"),
    event("content_block_stop", index=1),
    *end(),
)


def decoder(request_id: str | None = None) -> StreamDecoder:
    named = {"request-id": request_id} if request_id else {}
    return FORMAT.decode_stream({"content-type": "text/event-stream", **named})


@given(st.lists(st.integers(0, len(WHOLE)), max_size=6))
def test_chunk_borders_may_fall_anywhere(cuts: list[int]) -> None:
    reading = decoder("req_9")
    borders = [0, *sorted(cuts), len(WHOLE)]
    pieces = [
        piece for start, stop in pairwise(borders) for piece in reading.feed(WHOLE[start:stop])
    ]
    assert pieces == ["Pâr", "is"]
    content = [THINKING, {"type": "text", "text": "Pâris", "citations": None}]
    assert reading.finish() == decode(answer(*content), {"request-id": "req_9"})


def test_streamed_calls() -> None:
    reading = decoder()
    reading.feed(
        stream(
            START,
            begin(0, CALL | {"input": {}}),
            add(0, type="input_json_delta", partial_json=""),
            add(0, type="input_json_delta", partial_json='{"q"'),
            begin(1, CALL | {"id": "c2", "input": {}}),
            add(0, type="input_json_delta", partial_json=':"ü"}'),
            *end("tool_use", input_tokens=11),
        )
    )
    told = reading.finish()
    assert told.tool_calls == (ToolCall("c1", "find", '{"q":"ü"}'), ToolCall("c2", "find", "{}"))
    assert (told.finish_reason, told.request_id) == (FinishReason.TOOL_CALLS, "msg_1")
    assert told.usage == READ._replace(input_tokens=18)


def test_a_refusal_in_mid_stream() -> None:
    reading = decoder()
    told = {"stop_reason": "refusal", "stop_details": {"type": "refusal", "category": "cyber"}}
    changed = event("message_delta", delta=told, usage={"output_tokens": 20})
    reading.feed(stream(START, begin(0, {"type": "text", "text": "I"}), changed, end()[1]))
    assert (answered := reading.finish()).refusal == "refused (cyber)"
    assert answered.text == "I"


@pytest.mark.parametrize("cut", [len(WHOLE) // 2, len(WHOLE) - 3])
def test_a_stream_without_its_last_event_is_cut(cut: int) -> None:
    reading = decoder()
    reading.feed(WHOLE[:cut])
    with pytest.raises(CallError, match="without message_stop") as caught:
        reading.finish()
    assert (caught.value.kind, caught.value.request_id) == (ErrorKind.CUT, "msg_1")
    assert caught.value.usage is not None
    assert caught.value.usage.input_tokens == 17


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"type": "overloaded_error", "message": "boom"}, ErrorKind.OVERLOADED),
        ({"type": "api_error", "message": "boom"}, ErrorKind.SERVER),
        ({"type": "rate_limit_error", "message": "boom"}, ErrorKind.RATE_LIMIT),
        ({"type": "billing_error", "message": "boom"}, ErrorKind.QUOTA),
        ({"type": "invented", "message": "boom"}, ErrorKind.SERVER),
    ],
)
def test_an_error_in_mid_stream(told: dict[str, Any], kind: ErrorKind) -> None:
    reading = decoder()
    reading.feed(stream(START))
    with pytest.raises(CallError, match="boom") as caught:
        reading.feed(stream({"type": "error", "error": told}))
    assert (caught.value.kind, caught.value.request_id) == (kind, "msg_1")
    assert caught.value.usage is not None


# Errors


def error(kind: str, message: str, **more: Any) -> bytes:
    inner = {"type": kind, "message": message, **more}
    return json.dumps({"type": "error", "error": inner, "request_id": "req_1"}).encode()


INVALID = "invalid_request_error"


@pytest.mark.parametrize(
    ("status", "body", "headers", "kind", "wait"),
    [
        (400, error(INVALID, "messages: required"), {}, ErrorKind.BAD_REQUEST, None),
        (400, error(INVALID, "prompt is too long: 9 > 8"), {}, ErrorKind.CONTEXT_WINDOW, None),
        (
            400,
            error(INVALID, "input length and `max_tokens` exceed context limit: 9 + 9 > 8"),
            {},
            ErrorKind.CONTEXT_WINDOW,
            None,
        ),
        (400, error(INVALID, "Your credit balance is too low to"), {}, ErrorKind.QUOTA, None),
        (
            400,
            error(INVALID, "You have reached your specified API usage limits."),
            {},
            ErrorKind.QUOTA,
            None,
        ),
        (
            400,
            error(INVALID, "Output blocked by content filtering policy"),
            {},
            ErrorKind.CONTENT_POLICY,
            None,
        ),
        (401, error("authentication_error", "invalid x-api-key"), {}, ErrorKind.AUTH, None),
        (402, error("billing_error", "pay"), {}, ErrorKind.QUOTA, None),
        (403, error("permission_error", "not yours"), {}, ErrorKind.AUTH, None),
        (404, error("not_found_error", "model: x"), {}, ErrorKind.NOT_FOUND, None),
        (409, error("conflict_error", "twice"), {}, ErrorKind.SERVER, None),
        (413, error("request_too_large", "32 MB"), {}, ErrorKind.BAD_REQUEST, None),
        (429, error("rate_limit_error", "slow"), {"retry-after": "7"}, ErrorKind.RATE_LIMIT, 7),
        (
            429,
            error(
                "rate_limit_error", "spent", details={"error_code": "enforced_spend_limit_reached"}
            ),
            {},
            ErrorKind.QUOTA,
            None,
        ),
        (500, error("api_error", "oh"), {}, ErrorKind.SERVER, None),
        (504, error("timeout_error", "late"), {}, ErrorKind.TIMEOUT, None),
        (529, error("overloaded_error", "Overloaded"), {}, ErrorKind.OVERLOADED, None),
        (503, b"<html><title>x</title>upstream</html>", {}, ErrorKind.OVERLOADED, None),
    ],
)
def test_errors(status: int, body: bytes, headers: Any, kind: ErrorKind, wait: Any) -> None:
    told = FORMAT.decode_error(HttpReply(status, headers | {"request-id": "req_1"}, body), NOW)
    assert (told.kind, told.retry_after, told.request_id) == (kind, wait, "req_1")
    assert str(status) in str(told)


def test_it_may_say_itself_whether_to_try_again() -> None:
    headers = {"x-should-retry": "false"}
    told = FORMAT.decode_error(HttpReply(529, headers, error("overloaded_error", "x")), NOW)
    assert not told.retryable


def limit(what: str, limit_: str, left: str, reset: str) -> dict[str, str]:
    told = {"limit": limit_, "remaining": left, "reset": reset}
    return {f"anthropic-ratelimit-{what}-{name}": value for name, value in told.items()}


REQUESTS = limit("requests", "50", "49", "2026-11-23T12:00:02Z")
INPUT = limit("input-tokens", "1000", "900", "2026-11-23T12:00:30Z")
OUTPUT = limit("output-tokens", "100", "10", "2026-11-23T13:00:10+01:00")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"anthropic-ratelimit-requests-limit": "x"}, None),
        (REQUESTS, RateLimits(Allowance(50, 49, 2.0))),
        (INPUT, RateLimits(None, Allowance(1000, 900, 30.0))),
        (REQUESTS | INPUT | OUTPUT, RateLimits(Allowance(50, 49, 2.0), Allowance(100, 10, 10.0))),
        (
            INPUT | limit("tokens", "90", "9", "2026-11-23T11:59:00Z"),
            RateLimits(None, Allowance(90, 9, 0.0)),
        ),
        (limit("tokens", "90", "9", "soon"), RateLimits(None, Allowance(90, 9))),
    ],
)
def test_limits(headers: dict[str, str], expected: RateLimits | None) -> None:
    assert FORMAT.limits(headers, NOW) == expected


def test_the_list_of_models_comes_in_pages() -> None:
    assert isinstance(FORMAT, PagedModels)
    provider = asked("anthropic", "https://host?x=1").provider
    listed = FORMAT.list_models(provider, Secret("k"))
    assert listed
    assert (listed.method, listed.headers["x-api-key"]) == ("GET", "k")
    assert listed.url == "https://host/v1/models?x=1&limit=1000"
    page = {"data": [{"id": "claude-a"}], "has_more": True, "last_id": "claude a"}

    def behind(told: Any) -> HttpRequest | None:
        reply = HttpReply(200, {}, json.dumps(told).encode())
        return FORMAT.more_models(provider, Secret("k"), reply)

    assert FORMAT.decode_models(HttpReply(200, {}, json.dumps(page).encode())) == ["claude-a"]
    following = behind(page)
    assert following == listed._replace(url=f"{listed.url}&after_id=claude%20a")
    for last in (page | {"has_more": False}, page | {"last_id": None}, []):
        assert behind(last) is None


FIELDS = [
    *("message", "content", "content_block", "stop_reason", "delta", "usage"),
    *("type", "text", "partial_json", "index", "input", "error"),
]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(FIELDS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
kinds = st.sampled_from(
    ["message_start", "content_block_start", "content_block_delta", "message_delta", "message_stop"]
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
