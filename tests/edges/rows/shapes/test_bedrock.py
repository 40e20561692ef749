from __future__ import annotations

import pytest

from airoute_cli.core.errors import RowError
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
from airoute_cli.core.settings import Settings
from airoute_cli.edges.rows.shapes import bedrock

CANNOT = "cannot be carried to a model; take it out of the row"


def converse(**asked):
    turn = {"role": "user", "content": [{"text": "hi"}]}
    return {"modelInput": {"messages": [turn], **asked}}


def turn(*blocks, role="user"):
    return converse(messages=[{"role": role, "content": list(blocks)}])


def read(given) -> Request:
    return bedrock.read_line(given).request


def test_a_line_with_everything_in_it():
    given = {
        "modelInput": {
            "modelId": "m",
            "system": [{"text": "be brief"}, {"cachePoint": {"type": "default", "ttl": "1h"}}],
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"text": "look"},
                        {"image": {"format": "png", "source": {"bytes": "AA=="}}},
                        {
                            "document": {
                                "format": "csv",
                                "name": "table",
                                "source": {"text": "a,b"},
                            }
                        },
                        {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://b/k"}}}},
                    ],
                },
                {
                    "role": "assistant",
                    "content": [
                        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}},
                        {"reasoningContent": {"redactedContent": "eA=="}},
                        {"toolUse": {"toolUseId": "t", "name": "f", "input": {"a": 1}}},
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {
                            "toolResult": {
                                "toolUseId": "t",
                                "content": [{"json": {"b": 2}}, {"text": "x"}],
                                "status": "error",
                            }
                        },
                        {"text": "and?"},
                    ],
                },
            ],
            "inferenceConfig": {
                "maxTokens": 9,
                "temperature": 0.5,
                "topP": 0.9,
                "stopSequences": ["END"],
                "brandNew": 1,
            },
            "toolConfig": {
                "tools": [
                    {
                        "toolSpec": {
                            "name": "f",
                            "description": "d",
                            "inputSchema": {"json": {"type": "object"}},
                            "strict": True,
                        }
                    },
                    {"cachePoint": {"type": "default"}},
                ],
                "toolChoice": {"tool": {"name": "f"}},
            },
            "outputConfig": {
                "textFormat": {
                    "type": "json_schema",
                    "structure": {"jsonSchema": {"name": "n", "schema": '{"type":"object"}'}},
                },
                "effort": "low",
            },
            "guardrailConfig": {"guardrailIdentifier": "g"},
            "additionalModelRequestFields": {"thinking": {"type": "enabled"}},
            "requestMetadata": {"team": "a"},
        },
        "metadata": {"tier": "gold"},
        "ticket": 1,
    }
    found = bedrock.read_line(given)
    assert (found.metadata, found.extra) == ({"team": "a", "tier": "gold"}, {"ticket": 1})
    assert found.request == Request(
        (
            Message("system", (Text("be brief"), CacheMark("1h"))),
            Message(
                "user",
                (
                    Text("look"),
                    Image("data:image/png;base64,AA=="),
                    Document("data:text/csv;base64,YSxi", "table"),
                    Image("s3://b/k"),
                ),
            ),
            Message(
                "assistant",
                (Thought("hm", "bedrock", "s"), Thought("eA==", "bedrock", redacted=True)),
                (ToolCall("t", "f", '{"a":1}'),),
            ),
            Message("tool", (Text('{"b":2}'), Text("x")), tool_call_id="t", is_error=True),
            Message("user", (Text("and?"),)),
        ),
        Settings(
            max_output_tokens=9,
            temperature=0.5,
            top_p=0.9,
            stop=("END",),
            reasoning_effort="low",
            extra={
                "guardrailConfig": {"guardrailIdentifier": "g"},
                "additionalModelRequestFields": {"thinking": {"type": "enabled"}},
                "inferenceConfig": {"brandNew": 1},
                "toolConfig": {"tools": [{"cachePoint": {"type": "default"}}]},
            },
        ),
        (Tool("f", "d", {"type": "object"}, strict=True),),
        "=f",
        ResponseSchema("n", {"type": "object"}),
        dialect="bedrock",
    )


@pytest.mark.parametrize(("given", "choice"), [({"auto": {}}, "auto"), ({"any": {}}, "required")])
def test_tool_choices(given, choice):
    tools = [{"toolSpec": {"name": "f", "inputSchema": {"json": {}}}}]
    assert read(converse(toolConfig={"tools": tools, "toolChoice": given})).tool_choice == choice


def test_results_stand_before_what_else_is_said():
    result = {"toolResult": {"toolUseId": "t", "content": [{"text": "4"}]}}
    told = read(turn({"text": "so"}, result))
    assert [message.role for message in told.messages] == ["tool", "user"]
    assert [message.role for message in read(turn(result)).messages] == ["tool"]


AT = "modelInput.messages[0].content[0]"


@pytest.mark.parametrize(
    ("given", "code", "sentence"),
    [
        ({"modelInput": "x"}, "invalid_row", "modelInput must be an object, not a string"),
        (
            converse(messages=[]),
            "empty_prompt",
            "modelInput.messages is empty: there is nothing to ask",
        ),
        (turn({"video": {}}), "unsupported_content", f"{AT}: a part of type 'video' {CANNOT}"),
        (
            turn({"text": "x", "cachePoint": {}}),
            "unsupported_content",
            f"{AT}: a part of type 'cachePoint' {CANNOT}",
        ),
        (
            turn({"image": {"format": "png", "source": {"other": {}}}}),
            "unsupported_content",
            f"{AT}.image: an image with a source of type 'other' {CANNOT}",
        ),
        (
            turn({"document": {"format": "pdf", "source": {"bytes": "A"}, "citations": {}}}),
            "unsupported_content",
            f"{AT}.document: the key 'citations' {CANNOT}",
        ),
        (
            turn({"document": {"format": "odt", "source": {"bytes": "A"}}}),
            "invalid_row",
            (
                f"{AT}.document.format must be one of pdf, csv, doc, docx, xls, xlsx, html, txt, "
                "md, not 'odt'"
            ),
        ),
        (
            turn({"toolUse": {"name": "f", "input": {}}}, role="assistant"),
            "invalid_row",
            f"{AT}.toolUse.toolUseId must be a string, not null",
        ),
        (
            turn({"toolResult": {"toolUseId": "t", "content": [{"video": {}}]}}),
            "unsupported_content",
            f"{AT}.toolResult.content[0]: a part of type 'video' in a tool's result {CANNOT}",
        ),
        (
            turn({"toolResult": {"toolUseId": "t", "content": [], "status": "odd"}}),
            "invalid_row",
            f"{AT}.toolResult.status must be success or error, not 'odd'",
        ),
        (
            converse(inferenceConfig={"topP": "x"}),
            "invalid_setting",
            "modelInput.inferenceConfig.topP must be a number, not 'x'",
        ),
        (
            turn(role="robot"),
            "invalid_row",
            "modelInput.messages[0].role must be user, assistant or system, not 'robot'",
        ),
        (
            converse(toolConfig={"toolChoice": {"none": {}}}),
            "invalid_row",
            "modelInput.toolConfig.toolChoice must hold one of auto, any and tool, not 'none'",
        ),
        (
            converse(
                outputConfig={
                    "textFormat": {
                        "type": "json_schema",
                        "structure": {"jsonSchema": {"schema": "{"}},
                    }
                }
            ),
            "invalid_row",
            (
                "modelInput.outputConfig.textFormat.structure.jsonSchema.schema must be the text "
                "of a JSON schema"
            ),
        ),
    ],
)
def test_what_cannot_be_carried_is_never_dropped_in_silence(given, code, sentence):
    with pytest.raises(RowError) as error:
        bedrock.read_line(given)
    assert (error.value.code, str(error.value)) == (code, sentence)


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
