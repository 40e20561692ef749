from __future__ import annotations

import json
import re
from base64 import b64encode

import pytest
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.errors import RowError
from airoute_cli.core.request import (
    BadRow,
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
from airoute_cli.core.settings import Settings
from airoute_cli.edges.rows.parse import read_line
from airoute_cli.edges.rows.shapes import gemini

CANNOT = "cannot be carried to a model; take it out of the row"
SCHEMA = {"type": "object", "properties": {"user_id": {"type": "string"}}, "required": ["user_id"]}
PROOF = b64encode(b"proof").decode()


def asked(**body):
    return {"request": {"contents": [{"role": "user", "parts": [{"text": "hi"}]}], **body}}


def parts(*given):
    return asked(contents=[{"parts": list(given)}])


def config(**given):
    return asked(generationConfig=given)


# What the SDK would send: every piece is one of its types.
BODY = {
    "model": "models/gemini-3-pro",
    "systemInstruction": types.Content(parts=[types.Part(text="be brief")]),
    "contents": [
        types.Content(
            role="user",
            parts=[
                types.Part(text="look"),
                types.Part(inline_data=types.Blob(mime_type="image/png", data=b"\0")),
                types.Part(inline_data=types.Blob(mime_type="application/pdf", data=b"%PDF")),
                types.Part(
                    file_data=types.FileData(file_uri="gs://b/x", mime_type="application/pdf")
                ),
            ],
        ),
        types.Content(
            role="model",
            parts=[
                types.Part(text="hm", thought=True),
                types.Part(text="I look it up.", thought_signature=b"proof"),
                types.Part(
                    function_call=types.FunctionCall(name="find_user", args={"user_id": "7"}),
                    thought_signature=b"proof",
                ),
                types.Part(function_call=types.FunctionCall(name="find_user", args={})),
                types.Part(function_call=types.FunctionCall(id="own", name="now", args={})),
            ],
        ),
        types.Content(
            role="user",
            parts=[
                types.Part(
                    function_response=types.FunctionResponse(
                        name="find_user", response={"output": "Ann"}
                    )
                ),
                types.Part(
                    function_response=types.FunctionResponse(
                        name="find_user", response={"error": {"code": 4}}
                    )
                ),
                types.Part(
                    function_response=types.FunctionResponse(
                        id="own",
                        name="now",
                        response={"hour": 12, "user_id": 1},
                        parts=[
                            types.FunctionResponsePart(
                                inline_data=types.FunctionResponseBlob(
                                    mime_type="image/png", data=b"\0"
                                )
                            )
                        ],
                    )
                ),
                types.Part(text="So?"),
            ],
        ),
    ],
    "tools": [
        types.Tool(
            function_declarations=[
                types.FunctionDeclaration(
                    name="find_user", description="Finds.", parameters_json_schema=SCHEMA
                ),
                types.FunctionDeclaration(name="now"),
            ]
        )
    ],
    "toolConfig": types.ToolConfig(
        function_calling_config=types.FunctionCallingConfig(
            mode=types.FunctionCallingConfigMode.ANY, allowed_function_names=["find_user"]
        )
    ),
    "generationConfig": types.GenerationConfig(
        max_output_tokens=9,
        temperature=0.5,
        top_p=0.9,
        top_k=4,
        seed=7,
        candidate_count=1,
        stop_sequences=["END"],
        response_mime_type="application/json",
        response_json_schema=SCHEMA,
        thinking_config=types.ThinkingConfig(thinking_level=types.ThinkingLevel.LOW),
    ),
}
READ = Request(
    (
        Message("system", (Text("be brief"),)),
        Message(
            "user",
            (
                Text("look"),
                Image("data:image/png;base64,AA=="),
                Document("data:application/pdf;base64,JVBERg=="),
                Document("gs://b/x", media_type="application/pdf"),
            ),
        ),
        Message(
            "assistant",
            (Thought("hm", "gemini"), Text("I look it up."), Thought("", "gemini", PROOF)),
            (
                ToolCall("call_1", "find_user", '{"user_id":"7"}', PROOF),
                ToolCall("call_2", "find_user", "{}"),
                ToolCall("own", "now", "{}"),
            ),
        ),
        Message("tool", (Text("Ann"),), tool_call_id="call_1", name="find_user"),
        Message(
            "tool", (Text('{"code":4}'),), tool_call_id="call_2", name="find_user", is_error=True
        ),
        Message(
            "tool",
            (Text('{"hour":12,"user_id":1}'), Image("data:image/png;base64,AA==")),
            tool_call_id="own",
            name="now",
        ),
        Message("user", (Text("So?"),)),
    ),
    Settings(
        max_output_tokens=9,
        temperature=0.5,
        top_p=0.9,
        top_k=4,
        seed=7,
        stop=("END",),
        reasoning_effort="low",
    ),
    (Tool("find_user", "Finds.", SCHEMA), Tool("now")),
    "=find_user",
    ResponseSchema(schema=SCHEMA),
    dialect="gemini",
)
_BY_USER = frozenset({"args", "response", "parametersJsonSchema", "responseJsonSchema"})


def _plain(value, *, snake: bool):
    if isinstance(value, list):
        return [_plain(item, snake=snake) for item in value]
    if isinstance(value, dict):
        return {
            _snake(name) if snake else name: item if name in _BY_USER else _plain(item, snake=snake)
            for name, item in value.items()
        }
    if hasattr(value, "model_dump"):
        dumped = value.model_dump(mode="json", by_alias=True, exclude_none=True)
        return _plain(dumped, snake=snake)
    return value


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)


@pytest.mark.parametrize("snake", [False, True])
def test_a_line_of_the_sdks_types_is_read_whole_in_either_spelling(snake: bool):  # noqa: FBT001 - a case
    read = gemini.read_line(
        {
            "request": _plain(BODY, snake=snake) | {"labels": {"team": "a"}},
            "metadata": {"tier": "gold"},
            "ticket": 1,
        }
    )
    assert read.request == READ
    assert (read.metadata, read.extra) == ({"team": "a", "tier": "gold"}, {"ticket": 1})


def test_keys_that_no_request_has_stay_gemini_s_own():
    safety = [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]
    line = asked(
        safety_settings=safety,
        cachedContent="cachedContents/1",
        tools=[{"google_search": {}}, {"function_declarations": [{"name": "f"}]}],
        tool_config={"function_calling_config": {"mode": "VALIDATED"}},
        generation_config={
            "presence_penalty": 0.5,
            "thinking_config": {"thinking_budget": 9, "include_thoughts": True},
        },
    )
    request = gemini.read_line(line).request
    assert request.settings.extra == {
        "safetySettings": safety,
        "cachedContent": "cachedContents/1",
        "tools": [{"googleSearch": {}}],
        "toolConfig": {"functionCallingConfig": {"mode": "VALIDATED"}},
        "presencePenalty": 0.5,
        "thinkingConfig": {"thinkingBudget": 9, "includeThoughts": True},
    }
    assert (request.tools, request.tool_choice) == ((Tool("f"),), None)


@pytest.mark.parametrize(
    ("calling", "choice", "left"),
    [
        ({"mode": "AUTO"}, "auto", {}),
        ({"mode": "NONE"}, "none", {}),
        ({"mode": "any"}, "required", {}),
        ({"mode": "ANY", "allowedFunctionNames": ["f"]}, "=f", {}),
        ({"mode": "ANY", "allowedFunctionNames": ["f", "g", "h"]}, "required", {}),
        ({"mode": "ANY", "allowedFunctionNames": ["f", "g"]}, None, "kept"),
        ({"mode": "VALIDATED"}, None, "kept"),
        ({}, None, {}),
    ],
)
def test_tool_choices(calling, choice, left):
    tools = [{"functionDeclarations": [{"name": name} for name in "fgh"]}]
    line = asked(tools=tools, toolConfig={"functionCallingConfig": dict(calling)})
    request = gemini.read_line(line).request
    assert request.tool_choice == choice
    kept = {"toolConfig": {"functionCallingConfig": calling}} if left else {}
    assert request.settings.extra == kept


@pytest.mark.parametrize(
    ("googles", "plain"),
    [
        ({"type": "STRING", "nullable": True}, {"type": ["string", "null"]}),
        (
            {"type": "STRING", "format": "enum", "enum": ["a"], "nullable": True},
            {"type": ["string", "null"], "format": "enum", "enum": ["a", None]},
        ),
        (
            {"anyOf": [{"type": "NUMBER"}, {"type": "INTEGER"}], "nullable": True},
            {"anyOf": [{"type": "number"}, {"type": "integer"}, {"type": "null"}]},
        ),
        (
            {"type": "ARRAY", "items": {"type": "BOOLEAN"}, "min_items": "1", "maxItems": 3},
            {"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 3},
        ),
        (
            {
                "type": "OBJECT",
                "properties": {"b_c": {"type": "STRING"}, "a": {"type": "NULL", "example": 1}},
                "propertyOrdering": ["a", "b_c"],
                "additionalProperties": False,
                "required": ["a"],
            },
            {
                "type": "object",
                "properties": {"a": {"type": "null", "examples": [1]}, "b_c": {"type": "string"}},
                "additionalProperties": False,
                "required": ["a"],
            },
        ),
        ({"type": "TYPE_UNSPECIFIED", "title": "T"}, {"title": "T"}),
    ],
)
def test_googles_schemas_are_read_as_json_schema(googles, plain):
    types.Schema.model_validate(googles)
    line = asked(
        tools=[{"functionDeclarations": [{"name": "f", "parameters": googles}]}],
        generationConfig={"responseMimeType": "application/json", "responseSchema": googles},
    )
    request = gemini.read_line(line).request
    assert json.dumps(request.tools[0].parameters) == json.dumps(plain)
    assert request.schema == ResponseSchema(schema=plain)


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        (
            {"request": {"contents": {"parts": {"text": "hi"}}, "systemInstruction": "be brief"}},
            Request(
                (Message("system", (Text("be brief"),)), Message("user", (Text("hi"),))),
                dialect="gemini",
            ),
        ),
        (
            config(responseMimeType="application/json"),
            Request((Message("user", (Text("hi"),)),), schema=ResponseSchema(), dialect="gemini"),
        ),
        (
            config(responseMimeType="text/plain", candidateCount=1),
            Request((Message("user", (Text("hi"),)),), dialect="gemini"),
        ),
    ],
)
def test_short_forms(line, request_):
    assert gemini.read_line(line).request == request_


@pytest.mark.parametrize(
    ("given_", "code", "sentence"),
    [
        ({"request": []}, "invalid_row", "request must be an object, not a list"),
        (
            asked(contents=[]),
            "empty_prompt",
            "request.contents is empty: there is nothing to ask",
        ),
        (
            parts({"executableCode": {"code": "1"}}),
            "unsupported_content",
            f"request.contents[0].parts[0]: a part of type 'executableCode' {CANNOT}",
        ),
        (
            parts({"text": "x", "videoMetadata": {}}),
            "unsupported_content",
            f"request.contents[0].parts[0]: the key 'videoMetadata' {CANNOT}",
        ),
        (
            parts({"inlineData": {"mimeType": "audio/mp3", "data": "AA"}}),
            "unsupported_content",
            f"request.contents[0].parts[0].inlineData: a part of type 'audio/mp3' {CANNOT}",
        ),
        (
            parts({"functionCall": {}}),
            "invalid_row",
            "request.contents[0].parts[0].functionCall.name must be a string, not null",
        ),
        (
            parts({"functionResponse": {"name": "f", "response": {}}}),
            "invalid_row",
            (
                "request.contents[0].parts[0].functionResponse has no id and answers no earlier "
                "call of 'f'"
            ),
        ),
        (
            config(responseMimeType="text/x.enum"),
            "unsupported_content",
            f"request.generationConfig: the responseMimeType 'text/x.enum' {CANNOT}",
        ),
        (
            config(responseMimeType=["text/plain"]),
            "unsupported_content",
            f"request.generationConfig: the responseMimeType ['text/plain'] {CANNOT}",
        ),
        (
            config(candidateCount=2),
            "invalid_row",
            "request.generationConfig.candidateCount is 2; a row gets one answer",
        ),
        (
            config(maxOutputTokens="9"),
            "invalid_setting",
            (
                "request.generationConfig.maxOutputTokens must be a whole number of at least 1, "
                "not '9'"
            ),
        ),
        (
            asked(tools=[{"functionDeclarations": [{"name": "f", "behavior": "BLOCKING"}]}]),
            "unsupported_content",
            f"request.tools[0].functionDeclarations[0]: the key 'behavior' {CANNOT}",
        ),
        (
            asked(contents=[{"role": "system", "parts": []}]),
            "invalid_row",
            "request.contents[0].role must be user or model, not 'system'",
        ),
    ],
)
def test_what_cannot_be_carried_is_never_dropped_in_silence(given_, code, sentence):
    with pytest.raises(RowError) as error:
        gemini.read_line(given_)
    assert (error.value.code, str(error.value)) == (code, sentence)


KEYS = re.findall(
    r"\w+",
    """contents parts role text functionCall functionResponse name args response tools
    functionDeclarations parameters type properties anyOf enum nullable items propertyOrdering
    toolConfig functionCallingConfig mode allowedFunctionNames generationConfig thinkingConfig
    thinkingLevel candidateCount inlineData mimeType data responseSchema systemInstruction
    thought thoughtSignature""",
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(values, values, values, values)
def test_no_line_crashes_the_reader(body, content, tools, generation):
    bodies = (
        body,
        {"contents": content},
        {**asked()["request"], "tools": tools, "generationConfig": generation, "toolConfig": body},
    )
    for one in bodies:
        row = read_line(json.dumps({"key": "a", "request": one}).encode(), 1)
        assert isinstance(row, BadRow) or row.custom_id == "a"
