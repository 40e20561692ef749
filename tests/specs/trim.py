"""Cuts a published OpenAPI document down to the schemas that tests validate against.

``python tests/specs/trim.py openai openai.json`` and likewise ``mistral`` and ``cohere``. The
documents are those of the vendors:

- OpenAI, https://github.com/openai/openai-openapi, MIT
- Mistral, https://docs.mistral.ai/openapi.yaml, which their Apache-2.0 clients are made from
- Cohere, https://github.com/cohere-ai/cohere-developer-experience, MIT

What people read (descriptions, examples) is left out. ``oneOf`` becomes ``anyOf``: OpenAPI tells
its branches apart by a discriminator, which JSON Schema does not know. ``nullable`` is put into
JSON Schema's words.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_READ_BY_PEOPLE = {"description", "title", "example", "examples", "externalDocs", "discriminator"}
ROOTS = {
    "openai": (
        "CreateChatCompletionRequest",
        "CreateChatCompletionResponse",
        "CreateResponse",
        "Response",
        "ResponseStreamEvent",
    ),
    "mistral": ("ChatCompletionRequest", "ChatCompletionResponse", "CompletionChunk"),
    "cohere": ("ChatRequest", "ChatResponseV2", "StreamedChatResponseV2"),
}


def trimmed(document: dict[str, Any], roots: tuple[str, ...]) -> dict[str, Any]:
    """The schemas of ``roots`` and all that they refer to, as ``$defs``."""
    schemas = dict(document["components"]["schemas"])
    if "/v2/chat" in document["paths"]:
        asked = document["paths"]["/v2/chat"]["post"]["requestBody"]
        schemas["ChatRequest"] = asked["content"]["application/json"]["schema"]
    kept: dict[str, Any] = {}
    wanted = list(roots)
    while wanted:
        name = wanted.pop()
        if name not in kept:
            kept[name] = _plain(schemas[name])
            wanted += re.findall(r'"#/\$defs/([^"]+)"', json.dumps(kept[name]))
    return {"$defs": dict(sorted(kept.items()))}


def _plain(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    if isinstance(schema, str):
        return schema.replace("#/components/schemas/", "#/$defs/")
    if not isinstance(schema, dict):
        return schema
    told = {
        "anyOf" if key == "oneOf" else key: (
            {name: _plain(each) for name, each in value.items()}
            if key == "properties"
            else _plain(value)
        )
        for key, value in schema.items()
        if key not in _READ_BY_PEOPLE and not key.startswith("x-")
    }
    return {"anyOf": [told, {"type": "null"}]} if told.pop("nullable", False) else told


def main() -> None:
    name, source = sys.argv[1:]
    document = trimmed(json.loads(Path(source).read_text("utf-8")), ROOTS[name])
    (_HERE / f"{name}.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
