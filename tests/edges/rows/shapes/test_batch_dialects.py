from __future__ import annotations

import pytest

from airoute_cli.core.errors import RowError
from airoute_cli.core.request import Image, Message, Request, ResponseSchema, Text
from airoute_cli.core.settings import Settings
from airoute_cli.edges.rows.shapes import bedrock, gemini

CANNOT = "cannot be carried to a model; take it out of the row"


def gem(**asked):
    return {"request": {"contents": [{"role": "user", "parts": [{"text": "hi"}]}], **asked}}


ASKED = Request(
    (
        Message("system", (Text("be brief"),)),
        Message("user", (Text("look"), Image("data:image/png;base64,AA=="))),
        Message("assistant", (Text("done"),)),
    ),
    Settings(max_output_tokens=9, temperature=0.5, top_p=0.9, stop=("END",)),
)


def test_bedrock_lines_with_claudes_own_body():
    thinking = {"type": "enabled", "budget_tokens": 1024}
    hi = {"role": "user", "content": "hi"}
    own = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 5, "messages": [hi]}
    read = bedrock.read_line({"modelInput": own | {"thinking": thinking}})
    assert read.request == Request(
        (Message("user", (Text("hi"),)),),
        Settings(max_output_tokens=5, extra={"thinking": thinking}),
        dialect="anthropic",
    )


@pytest.mark.parametrize("snake", [False, True])
def test_gemini(snake):
    def key(camel, other):
        return other if snake else camel

    image = {key("mimeType", "mime_type"): "image/png", "data": "AA=="}
    read = gemini.read_line(
        {
            "request": {
                "model": "m",
                key("systemInstruction", "system_instruction"): {"parts": [{"text": "be brief"}]},
                "contents": [
                    {
                        "role": "user",
                        "parts": [{"text": "look"}, {key("inlineData", "inline_data"): image}],
                    },
                    {"role": "model", "parts": {"text": "done"}},
                ],
                key("generationConfig", "generation_config"): {
                    key("maxOutputTokens", "max_output_tokens"): 9,
                    "temperature": 0.5,
                    key("topP", "top_p"): 0.9,
                    key("stopSequences", "stop_sequences"): ["END"],
                    key("candidateCount", "candidate_count"): 1,
                },
            },
            "metadata": {"tier": "gold"},
            "ticket": 1,
        }
    )
    assert read == (ASKED, {"tier": "gold"}, {"ticket": 1})


def test_gemini_files_schemas_and_a_bare_turn():
    data = {"fileData": {"mimeType": "image/png", "fileUri": "https://x/y.png"}}
    schema = {"type": "object"}
    config = {"responseMimeType": "application/json", "responseJsonSchema": schema, "topK": 4}
    read = gemini.read_line(
        {"request": {"contents": {"parts": [data]}, "generationConfig": config}}
    )
    assert read.request == Request(
        (Message("user", (Image("https://x/y.png"),)),),
        Settings(top_k=4),
        schema=ResponseSchema(schema=schema),
    )
    plain = gemini.read_line(gem(generationConfig={"responseMimeType": "application/json"}))
    assert plain.request.schema == ResponseSchema()


def parts(*given):
    return {"contents": [{"parts": list(given)}]}


@pytest.mark.parametrize(
    ("read", "given", "code", "sentence"),
    [
        (gemini, {"request": []}, "invalid_row", "request must be an object, not a list"),
        (
            gemini,
            gem(contents=[]),
            "empty_prompt",
            "request.contents is empty: there is nothing to ask",
        ),
        (
            gemini,
            gem(**parts({"functionCall": {}})),
            "unsupported_content",
            f"request.contents[0].parts[0]: a part of type 'functionCall' {CANNOT}",
        ),
        (
            gemini,
            gem(**parts({"text": "x", "thought": True})),
            "unsupported_content",
            f"request.contents[0].parts[0]: a part of type 'thought' {CANNOT}",
        ),
        (
            gemini,
            gem(**parts({"inlineData": {"mimeType": "audio/mp3", "data": "AA"}})),
            "unsupported_content",
            f"request.contents[0].parts[0].inlineData: a part of type 'audio/mp3' {CANNOT}",
        ),
        (
            gemini,
            gem(safetySettings=[]),
            "unsupported_content",
            f"request: the key 'safetySettings' {CANNOT}",
        ),
        (
            gemini,
            gem(generationConfig={"responseSchema": {"type": "OBJECT"}}),
            "unsupported_content",
            f"request.generationConfig: the key 'responseSchema' {CANNOT}",
        ),
        (
            gemini,
            gem(generationConfig={"responseMimeType": "text/x.enum"}),
            "unsupported_content",
            f"request.generationConfig: the responseMimeType 'text/x.enum' {CANNOT}",
        ),
        (
            gemini,
            gem(generationConfig={"responseMimeType": ["text/plain"]}),
            "unsupported_content",
            f"request.generationConfig: the responseMimeType ['text/plain'] {CANNOT}",
        ),
        (
            gemini,
            gem(generationConfig={"candidateCount": 2}),
            "invalid_row",
            "request.generationConfig.candidateCount is 2; a row gets one answer",
        ),
        (
            gemini,
            gem(contents=[{"role": "system", "parts": []}]),
            "invalid_row",
            "request.contents[0].role must be user or model, not 'system'",
        ),
    ],
)
def test_what_cannot_be_carried_is_never_dropped_in_silence(read, given, code, sentence):
    with pytest.raises(RowError) as error:
        read.read_line(given)
    assert (error.value.code, str(error.value)) == (code, sentence)
