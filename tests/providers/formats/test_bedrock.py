from __future__ import annotations

import json
from base64 import b64decode
from itertools import pairwise
from typing import Any

import pytest
from botocore.parsers import create_parser
from botocore.session import Session
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.completion import FinishReason
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
from airoute_cli.core.wire import HttpReply
from airoute_cli.providers.registry import wire_format
from tests.servers.bedrock_bytes import (
    END,
    START,
    STREAM_TYPE,
    answer,
    delta,
    event,
    exception,
    frame,
)

PROVIDER = Provider("aws", "bedrock", "https://bedrock-runtime.us-east-1.amazonaws.com")
MODEL = Model("claude", PROVIDER, "us.anthropic.claude-sonnet-4-5-20250929-v1:0")
FORMAT = wire_format(PROVIDER)
STREAM = {"content-type": STREAM_TYPE, "x-amzn-requestid": "req-1"}
PNG = "data:image/png;base64,iVBORw0KGgo="
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOLS = (Tool("weather", "The weather", SCHEMA, strict=True), Tool("time"))

RICH = Request(
    (
        Message("system", (Text("Be brief."), CacheMark("1h"))),
        Message(
            "user",
            (Text("Look"), Image(PNG), Document("data:application/pdf;base64,JVBERg==", "a_b.pdf")),
        ),
        Message(
            "assistant",
            (Thought("hm", "bedrock", "sig"), Thought("c2VjcmV0", "anthropic", redacted=True)),
            (ToolCall("call_1", "weather", '{"city": "Rome"}'), ToolCall("call_2", "time", "")),
        ),
        Message("tool", (Text("sunny"),), tool_call_id="call_1"),
        Message("tool", (Text("no clock"), Image(PNG)), tool_call_id="call_2", is_error=True),
        Message("user", (Text("So?"), Image("s3://bucket/cat.jpg"))),
    ),
    Settings(
        max_output_tokens=9,
        temperature=0.5,
        top_p=0.9,
        top_k=5,
        stop=("END",),
        reasoning_effort="low",
        extra={"serviceTier": {"type": "flex"}, "thinking": {"type": "disabled"}},
    ),
    TOOLS,
    "=weather",
    ResponseSchema("place", SCHEMA, strict=True),
)


def _body(request: Request) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(FORMAT.encode(MODEL, request, None, stream=False).body)
    return body


def _as_botocore_wants_it(value: Any) -> Any:
    """The body with its blobs as bytes, which is how the SDK is given them."""
    if isinstance(value, list):
        return [_as_botocore_wants_it(item) for item in value]
    if isinstance(value, dict):
        return {
            name: b64decode(item)
            if name in {"bytes", "redactedContent"}
            else _as_botocore_wants_it(item)
            for name, item in value.items()
        }
    return value


def _converse() -> Any:
    return Session().get_service_model("bedrock-runtime").operation_model("Converse")


def test_a_rich_request_fits_botocores_own_model() -> None:
    shape = _converse().input_shape
    given = {"modelId": MODEL.wire_name, **_as_botocore_wants_it(_body(RICH))}
    report = ParamValidator().validate(given, shape)
    assert not report.has_errors(), report.generate_report()
    assert shape is not None
    assert given.keys() <= shape.members.keys()


def test_every_piece_of_a_rich_request_is_in_its_body() -> None:
    body = _body(RICH)
    assert body["system"] == [
        {"text": "Be brief."},
        {"cachePoint": {"type": "default", "ttl": "1h"}},
    ]
    asked, said, told = body["messages"]
    assert [asked["role"], said["role"], told["role"]] == ["user", "assistant", "user"]
    assert asked["content"][1:] == [
        {"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}},
        {"document": {"format": "pdf", "name": "a-b-pdf", "source": {"bytes": "JVBERg=="}}},
    ]
    assert said["content"] == [
        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "sig"}}},
        {"reasoningContent": {"redactedContent": "c2VjcmV0"}},
        {"toolUse": {"toolUseId": "call_1", "name": "weather", "input": {"city": "Rome"}}},
        {"toolUse": {"toolUseId": "call_2", "name": "time", "input": {}}},
    ]
    first, second, text, image = told["content"]
    assert first == {"toolResult": {"toolUseId": "call_1", "content": [{"text": "sunny"}]}}
    assert second["toolResult"]["status"] == "error"
    assert second["toolResult"]["content"][1]["image"]["format"] == "png"
    assert text == {"text": "So?"}
    assert image["image"] == {
        "format": "jpeg",
        "source": {"s3Location": {"uri": "s3://bucket/cat.jpg"}},
    }
    assert body["inferenceConfig"] == {
        "maxTokens": 9,
        "temperature": 0.5,
        "topP": 0.9,
        "stopSequences": ["END"],
    }
    weather, clock = body["toolConfig"]["tools"]
    assert weather["toolSpec"]["strict"] is True
    assert clock["toolSpec"] == {
        "name": "time",
        "inputSchema": {"json": {"type": "object", "properties": {}}},
    }
    assert body["toolConfig"]["toolChoice"] == {"tool": {"name": "weather"}}
    described = body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
    assert (described["name"], json.loads(described["schema"])) == ("place", SCHEMA)
    assert body["outputConfig"]["effort"] == "low"
    assert body["serviceTier"] == {"type": "flex"}
    assert body["additionalModelRequestFields"] == {"top_k": 5, "thinking": {"type": "disabled"}}


@pytest.mark.parametrize(
    ("extra", "found"),
    [
        ({"inferenceConfig": {"topQ": 1}}, {"inferenceConfig": {"maxTokens": 3, "topQ": 1}}),
        (
            {"additionalModelRequestFields": {"a": 1}, "b": 2},
            {"additionalModelRequestFields": {"b": 2, "a": 1}},
        ),
        ({"messages": [], "requestMetadata": {"a": "b"}, "metadata": {}}, {}),
    ],
)
def test_parameters_find_their_place(extra: dict[str, Any], found: dict[str, Any]) -> None:
    request = Request((Message("user", (Text("hi"),)),), Settings(max_output_tokens=3, extra=extra))
    plain = {
        "messages": [{"role": "user", "content": [{"text": "hi"}]}],
        "inferenceConfig": {"maxTokens": 3},
    }
    assert _body(request) == plain | found


@pytest.mark.parametrize(("choice", "sent"), [("auto", {"auto": {}}), ("required", {"any": {}})])
def test_tool_choices(choice: str, sent: dict[str, Any]) -> None:
    request = Request((Message("user", (Text("hi"),)),), tools=TOOLS, tool_choice=choice)
    assert _body(request)["toolConfig"]["toolChoice"] == sent


def test_documents_of_one_name_are_told_apart() -> None:
    parts = (Text("read"), *(Document("data:text/csv,a%2Cb", "t.csv"),) * 2)
    _, one, two = _body(Request((Message("user", parts),)))["messages"][0]["content"]
    assert (one["document"]["name"], two["document"]["name"]) == ("t-csv", "t-csv (2)")
    assert one["document"]["format"] == "csv"
    assert b64decode(one["document"]["source"]["bytes"]) == b"a,b"


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (Message("user", (Image("data:image/bmp;base64,AA=="),)), "no image of type 'image/bmp'"),
        (Message("user", (Image("nonsense"),)), "no data: URL"),
        (Message("assistant", (), (ToolCall("c", "t", "[1]"),)), "'c' are no JSON object"),
        (Message("assistant", (Thought("hm", "gemini"),)), "no reasoning back that gemini gave"),
    ],
)
def test_what_it_has_no_words_for_is_a_bad_request(message: Message, sentence: str) -> None:
    with pytest.raises(CallError, match=sentence) as caught:
        _body(Request((message,)))
    assert caught.value.kind is ErrorKind.BAD_REQUEST


@pytest.mark.parametrize(
    ("name", "stream", "path"),
    [
        ("a.b-v1:0", False, "/model/a.b-v1%3A0/converse"),
        ("arn:aws:x/y", True, "/model/arn%3Aaws%3Ax%2Fy/converse-stream"),
    ],
)
def test_the_whole_name_of_a_model_is_escaped(name: str, stream: bool, path: str) -> None:  # noqa: FBT001 - a case
    sent = FORMAT.encode(Model("m", PROVIDER, name), RICH, Secret("k"), stream=stream)
    assert sent.url == f"{PROVIDER.base_url}{path}"
    assert sent.headers["authorization"] == "Bearer k"
    assert sent.headers["accept"] == (STREAM_TYPE if stream else "application/json")


def _decoded(body: Any) -> Any:
    return FORMAT.decode(HttpReply(200, {"x-amzn-requestid": "r"}, json.dumps(body).encode()))


def test_an_answer() -> None:
    told = _decoded(
        answer(
            {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}},
            {"text": "Hello"},
            {"citationsContent": {"content": [{"text": ", all"}], "citations": []}},
            inputTokens=4,
            outputTokens=2,
            cacheReadInputTokens=10,
            cacheWriteInputTokens=20,
        )
    )
    assert (told.text, told.reasoning, told.request_id) == ("Hello, all", "hm", "r")
    assert (told.finish_reason, told.raw_finish_reason) == (FinishReason.STOP, "end_turn")
    assert told.usage == Usage(34, 2, 10, 20)


def test_an_answer_of_botocores_own_model_is_read_whole() -> None:
    use = {"toolUseId": "t", "name": "weather", "input": {"city": "Rome"}}
    thought = {"reasoningText": {"text": "hm", "signature": "s"}}
    sent = answer({"reasoningContent": thought}, {"text": "I look."}, {"toolUse": use})
    reply = {"status_code": 200, "headers": {}, "body": json.dumps(sent).encode()}
    parsed = create_parser("rest-json").parse(reply, _converse().output_shape)
    # What the model does not know is not in there.
    assert {name: parsed[name] for name in sent} == sent
    told = _decoded(sent)
    assert (told.text, told.reasoning) == ("I look.", "hm")
    assert told.tool_calls == (ToolCall("t", "weather", '{"city":"Rome"}'),)
    assert told.usage == Usage(17, 3, 10)


def test_every_stop_reason_of_botocores_model_is_known() -> None:
    reasons = _converse().output_shape.members["stopReason"].enum
    known = [name for name in reasons if not name.startswith("malformed")]
    assert known != reasons
    for raw in known:
        assert _decoded(answer({"text": "x"}, stop=raw)).finish_reason is not FinishReason.OTHER


def test_a_tool_call() -> None:
    use = {"toolUseId": "t", "name": "weather", "input": {"city": "Rome"}}
    told = _decoded(answer({"toolUse": use}, stop="tool_use"))
    assert told.finish_reason is FinishReason.TOOL_CALLS
    assert (told.tool_calls[0].id, told.tool_calls[0].parsed) == ("t", {"city": "Rome"})


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("stop_sequence", FinishReason.STOP),
        ("max_tokens", FinishReason.LENGTH),
        ("model_context_window_exceeded", FinishReason.LENGTH),
        ("guardrail_intervened", FinishReason.CONTENT_FILTER),
        ("content_filtered", FinishReason.CONTENT_FILTER),
        ("brand_new", FinishReason.OTHER),
    ],
)
def test_stop_reasons(raw: str, reason: FinishReason) -> None:
    assert _decoded(answer({"text": "x"}, stop=raw)).finish_reason is reason


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (answer({"text": " "}), ErrorKind.EMPTY),
        (answer({"text": "x"}, stop="malformed_tool_use"), ErrorKind.MALFORMED),
        ({"output": {}}, ErrorKind.MALFORMED),
        ([], ErrorKind.MALFORMED),
        ({"__type": "a#ThrottlingException", "message": "slow"}, ErrorKind.RATE_LIMIT),
    ],
)
def test_what_is_no_plain_success(body: Any, kind: ErrorKind) -> None:
    with pytest.raises(CallError) as caught:
        _decoded(body)
    assert caught.value.kind is kind


def test_a_blocked_prompt_may_be_empty() -> None:
    told = _decoded(answer(stop="guardrail_intervened"))
    assert told.finish_reason is FinishReason.CONTENT_FILTER


CALLS = (
    event(
        "contentBlockStart",
        start={"toolUse": {"toolUseId": "t", "name": "weather"}},
        contentBlockIndex=1,
    ),
    event("contentBlockDelta", delta={"toolUse": {"input": '{"city":'}}, contentBlockIndex=1),
    event("contentBlockDelta", delta={"toolUse": {"input": '"Rome"}'}}, contentBlockIndex=1),
    event("contentBlockStop", contentBlockIndex=1),
)
THOUGHT = event(
    "contentBlockDelta", delta={"reasoningContent": {"text": "hm"}}, contentBlockIndex=2
)
WHOLE = b"".join((START, delta("Grü"), delta("ße"), *CALLS, THOUGHT, event("brandNew"), END))


def _streamed(data: bytes, cuts: list[int]) -> tuple[list[str], Any]:
    decoder, pieces = FORMAT.decode_stream(STREAM), []
    borders = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    for start, end in pairwise(borders):
        pieces += decoder.feed(data[start:end])
    return pieces, decoder.finish()


@given(st.lists(st.integers(0, 10_000), max_size=20))
def test_a_stream_wherever_its_chunks_end(cuts: list[int]) -> None:
    pieces, told = _streamed(WHOLE, cuts)
    assert pieces == ["Grü", "ße"]
    assert (told.text, told.reasoning, told.request_id) == ("Grüße", "hm", "req-1")
    assert told.finish_reason is FinishReason.TOOL_CALLS
    assert told.tool_calls == (ToolCall("t", "weather", '{"city":"Rome"}'),)
    assert told.usage == Usage(17, 3, 10)


@given(st.integers(0, len(WHOLE)))
def test_a_stream_is_cut_until_messagestop_has_come(length: int) -> None:
    stop = event("messageStop", stopReason="end_turn")
    decoder = FORMAT.decode_stream(STREAM)
    decoder.feed(WHOLE[:length])
    if length >= WHOLE.index(stop) + len(stop):
        assert decoder.finish().text == "Grüße"
        return
    with pytest.raises(CallError) as caught:
        decoder.finish()
    assert caught.value.kind is ErrorKind.CUT


@given(
    st.binary(max_size=200),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["delta", "text", "toolUse", "start", "usage", "output", "input"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    ),
    st.sampled_from(["contentBlockDelta", "contentBlockStart", "messageStop", "metadata", "x"]),
)
def test_no_bytes_make_the_decoder_crash(noise: bytes, payload: Any, kind: str) -> None:
    for data in (noise, frame(payload, event_type=kind) + noise, frame(noise, event_type=kind)):
        decoder = FORMAT.decode_stream(STREAM)
        try:
            decoder.feed(data)
            decoder.finish()
        except CallError:
            continue
    for body in (noise, json.dumps(payload).encode()):
        try:
            FORMAT.decode(HttpReply(200, {}, body))
        except CallError:
            continue


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("throttlingException", ErrorKind.RATE_LIMIT),
        ("modelStreamErrorException", ErrorKind.SERVER),
        ("internalServerException", ErrorKind.SERVER),
        ("serviceUnavailableException", ErrorKind.OVERLOADED),
        ("validationException", ErrorKind.BAD_REQUEST),
        ("brandNewException", ErrorKind.SERVER),
    ],
)
def test_an_exception_in_a_stream_has_its_class(kind: str, found: ErrorKind) -> None:
    decoder = FORMAT.decode_stream(STREAM)
    with pytest.raises(CallError, match=f"broke its stream off: {kind}: sorry") as caught:
        decoder.feed(START + delta("a") + exception(kind, "sorry"))
    assert caught.value.kind is found


def test_an_error_frame() -> None:
    told = frame(b"", message_type="error", error_code="InternalFailure", error_message="oh")
    with pytest.raises(CallError, match="InternalFailure: oh"):
        FORMAT.decode_stream(STREAM).feed(told)


def test_bytes_whose_checksum_is_wrong_are_malformed() -> None:
    with pytest.raises(CallError, match="no event stream") as caught:
        FORMAT.decode_stream(STREAM).feed(START[:-1] + b"\0" + END)
    assert caught.value.kind is ErrorKind.MALFORMED


def test_a_gateway_that_does_not_stream() -> None:
    decoder = FORMAT.decode_stream({"content-type": "application/json"})
    assert decoder.feed(json.dumps(answer({"text": "all"})).encode()) == []
    assert decoder.finish().text == "all"


@pytest.mark.parametrize(
    ("status", "name", "message", "kind", "retryable"),
    [
        (400, "ValidationException", "no", ErrorKind.BAD_REQUEST, False),
        (400, "ValidationException:http://x", "Input is too long for requested model.",
         ErrorKind.CONTEXT_WINDOW, False),
        (400, "ValidationException", "The provided model identifier is invalid.",
         ErrorKind.NOT_FOUND, False),
        (403, "AccessDeniedException", "no access", ErrorKind.AUTH, False),
        (403, "UnrecognizedClientException", "bad token", ErrorKind.AUTH, False),
        (403, "ExpiredTokenException", "expired", ErrorKind.AUTH, False),
        (404, "ResourceNotFoundException", "none", ErrorKind.NOT_FOUND, False),
        (408, "ModelTimeoutException", "slow", ErrorKind.TIMEOUT, True),
        (424, "ModelErrorException", "oh", ErrorKind.SERVER, True),
        (429, "ThrottlingException", "Too many requests", ErrorKind.RATE_LIMIT, True),
        (429, "ThrottlingException", "Too many tokens per day", ErrorKind.QUOTA, False),
        (429, "ModelNotReadyException", "wait", ErrorKind.OVERLOADED, True),
        (400, "ServiceQuotaExceededException", "quota", ErrorKind.QUOTA, False),
        (500, "InternalServerException", "oh", ErrorKind.SERVER, True),
        (503, "ServiceUnavailableException", "busy", ErrorKind.OVERLOADED, True),
        (403, "", "odd", ErrorKind.AUTH, False),
        (418, "", "odd", ErrorKind.BAD_REQUEST, False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["header", "body"])
def test_errors(
    status: int, name: str, message: str, kind: ErrorKind, retryable: bool, place: str  # noqa: FBT001 - a case
) -> None:  # fmt: skip
    headers = {"x-amzn-errortype": name} if place == "header" else {}
    body = {"Message": message} | ({} if place == "header" else {"__type": f"com.x#{name}"})
    headers |= {"retry-after": "3", "x-amzn-requestid": "r"}
    error = FORMAT.decode_error(HttpReply(status, headers, json.dumps(body).encode()), 0.0)
    assert (error.kind, error.retryable, error.status) == (kind, retryable, status)
    assert error.retry_after == (3.0 if retryable else None)
    assert error.request_id == "r"
    assert message.rstrip(".") in str(error)


def test_the_canonical_request_is_never_shown() -> None:
    told = "The signature does not match. The Canonical String for this request: TOKEN"
    body = json.dumps({"message": told}).encode()
    error = FORMAT.decode_error(HttpReply(403, {}, body), 0.0)
    assert "does not match" in str(error)
    assert "TOKEN" not in str(error)


def test_a_page_in_place_of_an_error() -> None:
    error = FORMAT.decode_error(HttpReply(502, {}, b"<html><p>Bad gateway</p></html>"), 0.0)
    assert (error.kind, str(error)) == (ErrorKind.SERVER, "Bedrock answered 502: Bad gateway")


def test_it_has_no_list_of_models_and_no_limits() -> None:
    assert FORMAT.list_models(PROVIDER, None) is None
    assert FORMAT.limits({"x-ratelimit-limit-requests": "5"}, 0.0) is None
