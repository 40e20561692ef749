from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.money import Usage
from airoute_cli.core.profile import Model, Provider
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
from airoute_cli.core.wire import HttpReply, StreamDecoder
from airoute_cli.providers.formats.gemini import FORMAT as SPEC
from airoute_cli.providers.registry import wire_format
from tests.providers.rich import CITY, PIXEL, RICH, with_settings

NOW = 1_795_435_200.0
PROVIDER = Provider("g", "gemini", "https://generativelanguage.googleapis.com")
FORMAT = wire_format(PROVIDER)
HI = Message("user", (Text("hi"),))
# Bytes travel as base64.
PROOF = b64encode(b"proof!").decode()
PDF = "data:application/pdf;base64,JVBERg=="
# A conversation of Gemini's own, and files of every kind.
FULL = replace(
    RICH,
    messages=(
        Message("system", (Text("You name cities."), CacheMark("1h"))),
        Message("user", (Text("Where?"), Image(PIXEL), Document(PDF, "a.pdf"))),
        Message(
            "assistant",
            (Thought("hm", "gemini", PROOF), Text("I look."), Thought("", "gemini", PROOF)),
            (ToolCall("c1", "find", '{"q":"tower"}', PROOF), ToolCall("c2", "now", "")),
        ),
        Message("tool", (Text("Paris"), Image(PIXEL)), tool_call_id="c1"),
        Message("tool", (Text("no clock"),), tool_call_id="c2", name="now", is_error=True),
        Message("user", (Image("https://x/a.webp?v=1"), Image("gs://b/a", media_type="image/png"))),
    ),
)
_TYPES: dict[str, Any] = {
    "systemInstruction": types.Content,
    "contents": list[types.Content],
    "tools": list[types.Tool],
    "toolConfig": types.ToolConfig,
    "generationConfig": types.GenerationConfig,
    "safetySettings": list[types.SafetySetting],
    "cachedContent": str,
}


def body_of(request: Request, model: str = "gemini-2.5-flash") -> dict[str, Any]:
    sent = FORMAT.encode(Model("m", PROVIDER, model), request, Secret("k"), stream=False)
    body: dict[str, Any] = json.loads(sent.body)
    for name, value in body.items():
        # The types of the SDK refuse what they do not know.
        TypeAdapter(_TYPES[name]).validate_json(json.dumps(value))
    return body


@pytest.mark.parametrize("model", ["gemini-2.5-flash", "gemini-3-pro"])
@pytest.mark.parametrize("request_", [RICH, FULL], ids=["rich", "full"])
def test_a_rich_request_fits_the_sdks_own_types(request_: Request, model: str) -> None:
    body = body_of(request_, model)
    assert body.keys() == {
        "systemInstruction",
        "contents",
        "tools",
        "toolConfig",
        "generationConfig",
    }
    assert [turn["role"] for turn in body["contents"]] == ["user", "model", "user"]


def test_every_piece_of_a_rich_request_is_in_its_body() -> None:
    body = body_of(FULL)
    assert body["systemInstruction"] == {"parts": [{"text": "You name cities."}]}
    asked, said, told = (turn["parts"] for turn in body["contents"])
    assert asked == [
        {"text": "Where?"},
        {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}},
        {"inlineData": {"mimeType": "application/pdf", "data": "JVBERg=="}},
    ]
    assert said == [
        {"text": "hm", "thought": True, "thoughtSignature": PROOF},
        {"text": "I look.", "thoughtSignature": PROOF},
        {
            "functionCall": {"id": "c1", "name": "find", "args": {"q": "tower"}},
            "thoughtSignature": PROOF,
        },
        {"functionCall": {"id": "c2", "name": "now", "args": {}}},
    ]
    assert told == [
        {
            "functionResponse": {
                "id": "c1",
                "name": "find",
                "response": {"output": "Paris"},
                "parts": [{"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}],
            }
        },
        {"functionResponse": {"id": "c2", "name": "now", "response": {"error": "no clock"}}},
        {"fileData": {"mimeType": "image/webp", "fileUri": "https://x/a.webp?v=1"}},
        {"fileData": {"mimeType": "image/png", "fileUri": "gs://b/a"}},
    ]
    assert body["tools"] == [
        {
            "functionDeclarations": [
                {"name": "find", "description": "Finds places.", "parametersJsonSchema": CITY},
                {"name": "now", "parametersJsonSchema": {"type": "object", "properties": {}}},
            ]
        }
    ]
    assert body["toolConfig"] == {
        "functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["find"]}
    }
    assert body["generationConfig"] == {
        "maxOutputTokens": 64,
        "temperature": 0.2,
        "topP": 0.9,
        "topK": 5,
        "stopSequences": ["END", "STOP"],
        "seed": 7,
        "responseMimeType": "application/json",
        "responseJsonSchema": CITY,
        "thinkingConfig": {"thinkingBudget": 24_576},
    }


@pytest.mark.parametrize(
    ("choice", "mode"), [(None, None), ("auto", "AUTO"), ("none", "NONE"), ("required", "ANY")]
)
def test_the_choice_of_tools(choice: str | None, mode: str | None) -> None:
    body = body_of(Request((HI,), tools=(Tool("f"),), tool_choice=choice))
    sent = {"functionCallingConfig": {"mode": mode}} if mode else None
    assert body.get("toolConfig") == sent
    assert body["tools"] == [{"functionDeclarations": [{"name": "f"}]}]


def test_any_json() -> None:
    body = body_of(Request((HI,), schema=ResponseSchema()))
    assert body["generationConfig"] == {"responseMimeType": "application/json"}


@pytest.mark.parametrize(
    ("model", "effort", "thinking"),
    [
        ("gemini-2.5-flash", "none", {"thinkingBudget": 0}),
        ("gemini-2.5-pro", "low", {"thinkingBudget": 1_024}),
        ("gemini-2.5-pro", "max", {"thinkingBudget": 24_576}),
        ("gemini-3-flash-preview", "none", {"thinkingLevel": "MINIMAL"}),
        ("gemini-3-flash-preview", "minimal", {"thinkingLevel": "MINIMAL"}),
        ("gemini-3.1-pro", "minimal", {"thinkingLevel": "LOW"}),
        ("gemini-3.1-pro", "none", {"thinkingLevel": "MINIMAL"}),
        ("gemini-flash-latest", "medium", {"thinkingLevel": "MEDIUM"}),
        ("gemini-4", "max", {"thinkingLevel": "XHIGH"}),
    ],
)
def test_reasoning(model: str, effort: str, thinking: dict[str, Any]) -> None:
    body = body_of(with_settings(RICH, reasoning_effort=effort), model)
    assert body["generationConfig"]["thinkingConfig"] == thinking


@pytest.mark.parametrize(
    ("model", "proof"),
    [("gemini-3-flash", "skip_thought_signature_validator"), ("gemini-2.5-pro", None)],
)
def test_a_conversation_that_began_elsewhere_goes_on(model: str, proof: str | None) -> None:
    first, second = body_of(RICH, model)["contents"][1]["parts"][1:]
    assert first["functionCall"] == {"id": "call_abc-1", "name": "find", "args": {"q": "tower"}}
    assert first.get("thoughtSignature") == proof
    assert "thoughtSignature" not in second
    (result, *_) = body_of(RICH, model)["contents"][2]["parts"]
    assert result["functionResponse"]["name"] == "find"


def test_an_empty_text_that_holds_a_proof_stays() -> None:
    parts = (Text("hi"), Text(""), Thought("", "gemini", PROOF), Text(""))
    (turn,) = body_of(Request((Message("assistant", parts),)))["contents"]
    assert turn["parts"] == [{"text": "hi"}, {"text": "", "thoughtSignature": PROOF}]


@pytest.mark.parametrize(
    ("extra", "found"),
    [
        (
            {"safety_settings": [{"category": "HARM_CATEGORY_HARASSMENT"}]},
            {"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT"}]},
        ),
        ({"presence_penalty": 0.5}, {"generationConfig": {"presencePenalty": 0.5}}),
        (
            {"generationConfig": {"mediaResolution": "MEDIA_RESOLUTION_LOW"}, "logprobs": 3},
            {"generationConfig": {"mediaResolution": "MEDIA_RESOLUTION_LOW", "logprobs": 3}},
        ),
        ({"thinking_config": {"includeThoughts": True}},
         {"generationConfig": {"thinkingConfig": {"includeThoughts": True}}}),
        ({"contents": [], "model": "x", "metadata": {}, "systemInstruction": {}}, {}),
        (
            {"toolConfig": {"functionCallingConfig": {"streamFunctionCallArguments": True}}},
            {"toolConfig": {"functionCallingConfig": {}}},
        ),
        ({"tools": [{"googleSearch": {}}]}, {"tools": [{"googleSearch": {}}]}),
    ],
)  # fmt: skip
def test_parameters_find_their_place(extra: dict[str, Any], found: dict[str, Any]) -> None:
    plain = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
    assert body_of(Request((HI,), Settings(extra=extra))) == plain | found


@pytest.mark.parametrize(
    ("stated", "sent"),
    [
        ({"thinkingBudget": 9}, {"thinkingBudget": 9}),
        ({"includeThoughts": True}, {"thinkingBudget": 1_024, "includeThoughts": True}),
    ],
)
def test_thinking_is_said_once(stated: dict[str, Any], sent: dict[str, Any]) -> None:
    settings = Settings(reasoning_effort="low", extra={"thinkingConfig": stated})
    assert body_of(Request((HI,), settings))["generationConfig"] == {"thinkingConfig": sent}


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (Message("assistant", (), (ToolCall("c", "t", "[1]"),)), "'c' are no JSON object"),
        (Message("tool", (Text("x"),), tool_call_id="c"), "'c' answers no earlier call"),
        (Message("assistant", (Thought("x", "anthropic"),)), "no reasoning back that anthropic"),
        (Message("user", (Image("data:nonsense"),)), "no data: URL"),
    ],
)
def test_what_it_has_no_words_for_is_a_bad_request(message: Message, sentence: str) -> None:
    with pytest.raises(CallError, match=sentence) as caught:
        body_of(Request((HI, message)))
    assert caught.value.kind is ErrorKind.BAD_REQUEST


def test_an_effort_that_there_is_not() -> None:
    with pytest.raises(CallError, match="no reasoning_effort 'huge'"):
        body_of(with_settings(RICH, reasoning_effort="huge"))
    assert {"parallel_tool_calls", "stops_over_5", "strict"} <= SPEC.cannot


@pytest.mark.parametrize(
    ("model", "version", "stream", "path"),
    [
        ("gemini-2.5-flash", "v1beta", False, "/v1beta/models/gemini-2.5-flash:generateContent"),
        ("models/x", "v1", True, "/v1/models/x:streamGenerateContent?alt=sse"),
        ("tunedModels/a b", "v1beta", False, "/v1beta/tunedModels/a%20b:generateContent"),
    ],
)
def test_where_it_is_asked(model: str, version: str, stream: bool, path: str) -> None:  # noqa: FBT001 - a case
    provider = replace(PROVIDER, options={"api_version": version})
    sent = wire_format(provider).encode(
        Model("m", provider, model), Request((HI,)), Secret("k-1"), stream=stream
    )
    assert sent.url == f"{PROVIDER.base_url}{path}"
    assert sent.headers["x-goog-api-key"] == "k-1"
    assert "authorization" not in sent.headers
    assert b"k-1" not in sent.url.encode() + sent.body


# Answers

USAGE = {
    "promptTokenCount": 30,
    "cachedContentTokenCount": 10,
    "candidatesTokenCount": 5,
    "thoughtsTokenCount": 15,
    "toolUsePromptTokenCount": 2,
    "totalTokenCount": 52,
}
READ = Usage(32, 20, 10, reasoning_tokens=15)
THOUGHT = {"text": "a tower", "thought": True}


def answer(*parts: dict[str, Any], reason: str | None = "STOP", **more: Any) -> dict[str, Any]:
    """An answer as the types of Google's SDK write it."""
    candidate = {"content": {"role": "model", "parts": list(parts)}, "finishReason": reason}
    given_ = {
        "candidates": [candidate | more],
        "usageMetadata": USAGE,
        "modelVersion": "gemini-2.5-flash",
        "responseId": "resp-1",
    }
    read = types.GenerateContentResponse.model_validate_json(json.dumps(given_))
    made: dict[str, Any] = read.model_dump(mode="json", by_alias=True, exclude_none=True)
    return made


def decode(body: Any) -> Completion:
    return FORMAT.decode(HttpReply(200, {}, json.dumps(body).encode()))


def test_an_answer_of_the_sdks_types_is_read_whole() -> None:
    assert decode(answer(THOUGHT, {"text": "Par"}, {"text": "is"})) == Completion(
        text="Paris",
        finish_reason=FinishReason.STOP,
        raw_finish_reason="STOP",
        reasoning="a tower",
        usage=READ,
        served_model="gemini-2.5-flash",
        request_id="resp-1",
    )


def test_tool_calls_with_and_without_ids() -> None:
    told = decode(
        answer(
            {
                "functionCall": {"id": "own", "name": "find", "args": {"q": "ü"}},
                "thoughtSignature": PROOF,
            },
            {"functionCall": {"name": "now"}},
        )
    )
    assert told.finish_reason is FinishReason.TOOL_CALLS
    assert told.tool_calls == (
        ToolCall("own", "find", '{"q":"ü"}', PROOF),
        ToolCall("call_resp-1_1", "now", "{}"),
    )


_FILTERED = ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR",
             "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION")  # fmt: skip
_USELESS = ("MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE", "UNEXPECTED_TOOL_CALL",
            "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE")  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("STOP", FinishReason.STOP),
        ("MAX_TOKENS", FinishReason.LENGTH),
        ("CONTINUATION", FinishReason.LENGTH),
        *((raw, FinishReason.CONTENT_FILTER) for raw in _FILTERED),
        ("LANGUAGE", FinishReason.OTHER),
        ("INVENTED", FinishReason.OTHER),
        (None, FinishReason.OTHER),
        (["STOP"], FinishReason.OTHER),
    ],
)
def test_finish_reasons(raw: Any, reason: FinishReason) -> None:
    body = answer({"text": "Paris"})
    body["candidates"][0]["finishReason"] = raw
    told = decode(body)
    assert told.finish_reason is reason
    assert told.raw_finish_reason == (raw if isinstance(raw, str) else None)


def test_every_finish_reason_of_the_sdk_is_known_or_other() -> None:
    for reason in types.FinishReason:
        if reason.value not in _USELESS:
            assert decode(answer({"text": "x"}, reason=reason.value)).text == "x"


@pytest.mark.parametrize("reason", [reason.value for reason in types.BlockedReason][1:])
def test_a_blocked_prompt_is_filtered_and_empty(reason: str) -> None:
    told = decode({"promptFeedback": {"blockReason": reason}, "usageMetadata": USAGE})
    assert (told.finish_reason, told.raw_finish_reason) == (FinishReason.CONTENT_FILTER, reason)
    assert (told.text, told.usage) == ("", READ)


def test_thoughts_may_use_up_the_cap() -> None:
    body = answer(reason="MAX_TOKENS")
    del body["candidates"][0]["content"]["parts"]
    told = decode(body)
    assert (told.finish_reason, told.truncated, told.text) == (FinishReason.LENGTH, True, "")


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (USAGE, READ),
        ({"promptTokenCount": 5, "candidatesTokenCount": 9, "totalTokenCount": 14}, Usage(5, 9)),
        # A gateway that counts the thoughts among the rest, as OpenAI does.
        (
            {"promptTokenCount": 5, "candidatesTokenCount": 9, "thoughtsTokenCount": 4,
             "totalTokenCount": 14},
            Usage(5, 9, reasoning_tokens=4),
        ),
        ({"promptTokenCount": 5}, Usage(5)),
        ({"promptTokenCount": "5"}, None),
        ({}, None),
        (None, None),
    ],
)  # fmt: skip
def test_usage(usage: Any, expected: Usage | None) -> None:
    assert decode(answer({"text": "x"}) | {"usageMetadata": usage}).usage == expected


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        *(
            (answer({"text": "x"}, reason=raw, finishMessage="print(f())"), ErrorKind.MALFORMED)
            for raw in _USELESS[:-1]
        ),
        (answer(reason="MISSING_THOUGHT_SIGNATURE"), ErrorKind.BAD_REQUEST),
        (answer(), ErrorKind.EMPTY),
        (answer(THOUGHT), ErrorKind.EMPTY),
        (answer(reason="OTHER"), ErrorKind.EMPTY),
        ({"usageMetadata": USAGE}, ErrorKind.EMPTY),
        ({"error": {"code": 503, "status": "UNAVAILABLE"}}, ErrorKind.OVERLOADED),
        ([{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}], ErrorKind.RATE_LIMIT),
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


def chunk(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return answer(*parts, reason=None) | more


CHUNKS = (
    chunk(THOUGHT, usageMetadata={"promptTokenCount": 30}),
    chunk({"text": "Pâr"}, usageMetadata={"promptTokenCount": 30, "candidatesTokenCount": 1}),
    chunk({"text": "is"}),
    chunk({"functionCall": {"name": "now", "args": {}}, "thoughtSignature": PROOF}),
    answer({"text": ""}),
)


def stream(*chunks: dict[str, Any], ends: str = "\r\n") -> bytes:
    told = (json.dumps(one, ensure_ascii=False, indent=None) for one in chunks)
    return "".join(f"data: {one}{ends}{ends}" for one in told).encode()


WHOLE = stream(*CHUNKS)


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
    told = reading.finish()
    assert told == Completion(
        text="Pâris",
        finish_reason=FinishReason.TOOL_CALLS,
        raw_finish_reason="STOP",
        tool_calls=(ToolCall("call_resp-1_0", "now", "{}", PROOF),),
        reasoning="a tower",
        usage=READ,
        served_model="gemini-2.5-flash",
        request_id="resp-1",
    )


def test_a_list_where_a_stream_was_asked_for() -> None:
    reading = FORMAT.decode_stream({"content-type": "application/json; charset=UTF-8"})
    body = json.dumps(CHUNKS).encode()
    assert [*reading.feed(body[:50]), *reading.feed(body[50:])] == []
    assert reading.finish() == decode(list(CHUNKS))


@given(st.integers(0, len(WHOLE)))
def test_a_stream_is_cut_until_a_finish_reason_has_come(length: int) -> None:
    reading = decoder()
    reading.feed(WHOLE[:length])
    # At the first byte of its line end the last event is whole.
    if length > len(WHOLE) - 2:
        assert reading.finish().text == "Pâris"
        return
    with pytest.raises(CallError, match="without a finish reason") as caught:
        reading.finish()
    assert caught.value.kind is ErrorKind.CUT


def test_a_prompt_that_is_blocked_in_a_stream() -> None:
    reading = decoder()
    reading.feed(stream({"promptFeedback": {"blockReason": "SAFETY"}}))
    assert reading.finish().finish_reason is FinishReason.CONTENT_FILTER


_BROKEN = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}


@pytest.mark.parametrize(
    "told",
    [
        stream(_BROKEN),
        json.dumps(_BROKEN, indent=2).encode(),
        json.dumps([_BROKEN], indent=2).encode() + b"\r\n",
        json.dumps(_BROKEN).encode(),
    ],
)
def test_an_error_in_mid_stream(told: bytes) -> None:
    reading = decoder()
    reading.feed(stream(*CHUNKS[:2]))
    with pytest.raises(CallError, match="overloaded") as caught:  # noqa: PT012 - as an event it is told at once
        reading.feed(told)
        reading.finish()
    assert (caught.value.kind, caught.value.request_id) == (ErrorKind.OVERLOADED, "resp-1")


# Errors


def violated(*quotas: str) -> dict[str, Any]:
    kind = "type.googleapis.com/google.rpc.QuotaFailure"
    return {
        "@type": kind,
        "violations": [{"quotaId": quota, "quotaValue": "9"} for quota in quotas],
    }


def wait(delay: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}


_MINUTE = "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"
_DAY = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
_INFO = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
_PLAN = "You exceeded your current quota, please check your plan and billing details."
_LONG = "The input token count (1048580) exceeds the maximum number of tokens allowed (1048576)."
_LONG_VERTEX = "Unable to submit request because the input token count is 9 but model supports 8."


@pytest.mark.parametrize(
    ("status", "name", "message", "details", "kind", "delay"),
    [
        (400, "INVALID_ARGUMENT", "Unknown name.", [], ErrorKind.BAD_REQUEST, None),
        (400, "INVALID_ARGUMENT", "No.", [_INFO], ErrorKind.AUTH, None),
        (400, "INVALID_ARGUMENT", "API key not valid. Pass one.", [], ErrorKind.AUTH, None),
        (400, "INVALID_ARGUMENT", _LONG, [], ErrorKind.CONTEXT_WINDOW, None),
        (400, "INVALID_ARGUMENT", _LONG_VERTEX, [], ErrorKind.CONTEXT_WINDOW, None),
        (400, "INVALID_ARGUMENT", "It hit our safety filters.", [], ErrorKind.CONTENT_POLICY, None),
        (400, "FAILED_PRECONDITION", "User location is not supported.", [], ErrorKind.AUTH, None),
        (401, "UNAUTHENTICATED", "Invalid token.", [], ErrorKind.AUTH, None),
        (403, "PERMISSION_DENIED", "No access.", [], ErrorKind.AUTH, None),
        (404, "NOT_FOUND", "models/x is not found.", [], ErrorKind.NOT_FOUND, None),
        (429, "RESOURCE_EXHAUSTED", "Try again later.", [], ErrorKind.RATE_LIMIT, None),
        (429, "RESOURCE_EXHAUSTED", _PLAN, [violated(_MINUTE), wait("31s")],
         ErrorKind.RATE_LIMIT, 31),
        (429, "RESOURCE_EXHAUSTED", _PLAN, [wait("0.574s")], ErrorKind.RATE_LIMIT, 0.574),
        (429, "RESOURCE_EXHAUSTED", _PLAN, [wait("soon")], ErrorKind.RATE_LIMIT, None),
        (429, "RESOURCE_EXHAUSTED", _PLAN, [violated(_MINUTE, _DAY), wait("31s")],
         ErrorKind.QUOTA, None),
        (429, "RESOURCE_EXHAUSTED", "Quota exceeded, limit: 0", [], ErrorKind.QUOTA, None),
        (499, "CANCELLED", "Cancelled.", [], ErrorKind.SERVER, None),
        (500, "INTERNAL", "An internal error.", [], ErrorKind.SERVER, None),
        (503, "UNAVAILABLE", "The model is overloaded.", [], ErrorKind.OVERLOADED, None),
        (504, "DEADLINE_EXCEEDED", "Too late.", [], ErrorKind.TIMEOUT, None),
        (418, "", "Odd.", [], ErrorKind.BAD_REQUEST, None),
        (502, "", "Odd.", [], ErrorKind.SERVER, None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("wrapped", [False, True])
def test_errors(
    status: int,
    name: str,
    message: str,
    details: Any,
    kind: ErrorKind,
    delay: Any,
    wrapped: bool,  # noqa: FBT001 - a case
) -> None:
    told: Any = {"code": status, "message": message, "status": name, "details": details}
    body = [{"error": told}] if wrapped else {"error": told}
    error = FORMAT.decode_error(HttpReply(status, {}, json.dumps(body).encode()), NOW)
    assert (error.kind, error.retry_after, error.status) == (kind, delay, status)
    assert message in str(error)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html><title>x</title><h1>Error 404</h1></html>", "Error 404"),
        (b"[]", "without a word"),
        (b'{"error": "odd"}', "odd"),
        (b'{"error": {"message": 5, "details": [{"violations": [1]}], "status": 1}}', "without a"),
    ],
)
def test_odd_errors(body: bytes, message: str) -> None:
    error = FORMAT.decode_error(HttpReply(404, {}, body), NOW)
    assert (error.kind, message in str(error)) == (ErrorKind.NOT_FOUND, True)


def test_a_gateways_headers_are_obeyed() -> None:
    reply = HttpReply(429, {"retry-after": "9", "x-request-id": "r"}, b"{}")
    error = FORMAT.decode_error(reply, NOW)
    assert (error.retry_after, error.request_id) == (9, "r")
    assert FORMAT.limits({"retry-after": "9"}, NOW) is None


# Models


def test_the_list_of_models_and_its_pages() -> None:
    first = FORMAT.list_models(PROVIDER, Secret("k"))
    assert first
    assert (first.method, first.url) == ("GET", f"{PROVIDER.base_url}/v1beta/models?pageSize=1000")
    assert first.headers["x-goog-api-key"] == "k"
    page = types.ListModelsResponse(
        models=[types.Model(name="models/gemini-2.5-flash"), types.Model(name="models/embedding")],
        next_page_token="a=b",
    ).model_dump(mode="json", by_alias=True, exclude_none=True)
    page["models"][0]["supportedGenerationMethods"] = ["generateContent", "countTokens"]
    page["models"][1]["supportedGenerationMethods"] = ["embedContent"]
    reply = HttpReply(200, {}, json.dumps(page).encode())
    assert FORMAT.decode_models(reply) == ["gemini-2.5-flash"]
    more = FORMAT.more_models(PROVIDER, Secret("k"), reply)  # type: ignore[attr-defined]
    assert more.url == f"{first.url}&pageToken=a%3Db"
    assert FORMAT.decode_models(HttpReply(200, {}, b"{}")) == []
    assert FORMAT.more_models(PROVIDER, None, HttpReply(200, {}, b"{}")) is None  # type: ignore[attr-defined]
    with pytest.raises(CallError, match="no list of models"):
        FORMAT.decode_models(HttpReply(200, {}, b'{"models": 5}'))


KEYS = re.findall(
    r"\w+",
    """candidates content parts text functionCall args finishReason usageMetadata promptFeedback
    blockReason promptTokenCount error details retryDelay violations nextPageToken models name""",
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(json_values)
def test_no_json_crashes_it(body: Any) -> None:
    reply = HttpReply(200, {}, json.dumps(body).encode())
    for read in (FORMAT.decode, FORMAT.decode_models, lambda r: FORMAT.decode_error(r, NOW)):
        try:
            read(reply)
        except CallError:
            continue


@given(st.binary(max_size=200) | st.lists(json_values, max_size=4))
def test_no_bytes_crash_the_stream(told: Any) -> None:
    reading = decoder()
    try:
        reading.feed(told if isinstance(told, bytes) else stream(*told))
        reading.finish()
    except CallError:
        return
