"""The body of a request to generateContent, the same for the Gemini API and Vertex AI."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.profile import Model
from airoute_cli.core.request import Request, ResponseSchema, Tool
from airoute_cli.core.settings import Settings
from airoute_cli.providers.gemini_contents import contents_of, system_of
from airoute_cli.providers.requests import merged

# What no setting may replace, because it was planned or never travels.
_OURS = frozenset({"contents", "systemInstruction", "model", "metadata"})
_CONFIG = "generationConfig"
# Parameters that stand beside the generation config; all others stand in it.
_BESIDE = frozenset(
    {
        "cachedContent",
        "continuationToken",
        "labels",
        "modelArmorConfig",
        "outputConfig",
        "safetySettings",
        "serviceTier",
        "store",
        "toolConfig",
        "tools",
    }
)

_CHOICES: Mapping[str, str] = MappingProxyType({"auto": "AUTO", "required": "ANY", "none": "NONE"})
_JSON = "application/json"

# Until Gemini 3 thinking was bought by tokens, since then it has levels. The tokens are those to
# which Google maps the words of OpenAI; https://ai.google.dev/gemini-api/docs/openai
_BY_TOKENS = re.compile(r"gemini-[12]\b")
_BUDGETS: Mapping[str, int] = MappingProxyType(
    {
        "none": 0,
        "minimal": 512,
        "low": 1_024,
        "medium": 8_192,
        "high": 24_576,
        "xhigh": 24_576,
        "max": 24_576,
    }
)
# There is no way to switch it off: at this level most prompts are answered without a thought.
_LEVELS: Mapping[str, str] = MappingProxyType({"none": "MINIMAL", "max": "XHIGH"})
_LEAST, _LEAST_OF_PRO = "MINIMAL", "LOW"
_STATED = frozenset({"thinkingBudget", "thinkingLevel"})

_UNDERSCORE = re.compile("_([a-z])")


def generate_body(model: Model, request: Request) -> dict[str, Any]:
    """The JSON body that asks ``model`` for ``request``."""
    given = {camel(name): value for name, value in request.settings.extra.items()}
    ours = {
        "systemInstruction": system_of(request),
        "contents": contents_of(request, wants_proof=not _thinks_by_tokens(model)),
        "tools": _tools(request),
        "toolConfig": _tool_config(request.tool_choice),
        _CONFIG: _config(model, request, given),
    }
    body = {name: value for name, value in ours.items() if value}
    for name in sorted(_BESIDE & given.keys()):
        body[name] = merged(body.get(name), given[name])
    return _with_whole_calls(body)


def camel(name: str) -> str:
    """``snake_case`` as camelCase; the API takes both."""
    return _UNDERSCORE.sub(lambda match: match[1].upper(), name)


def _thinks_by_tokens(model: Model) -> bool:
    return _BY_TOKENS.search(model.wire_name) is not None


def _config(model: Model, request: Request, given: Mapping[str, Any]) -> dict[str, Any]:
    """The generation config. The cap on output tokens holds the thoughts too."""
    settings = request.settings
    config = _settings(settings) | _answer_form(request.schema)
    if settings.reasoning_effort is not None:
        config["thinkingConfig"] = _thinking(model, settings.reasoning_effort)
    known = _BESIDE | _OURS | {_CONFIG}
    own = {name: value for name, value in given.items() if name not in known}
    own = merged(own, given.get(_CONFIG, {}))
    thinking = own.get("thinkingConfig")
    if isinstance(thinking, Mapping) and _STATED & thinking.keys():
        config.pop("thinkingConfig", None)  # one of them at most is taken
    whole: dict[str, Any] = merged(config, own)
    return whole


def _settings(settings: Settings) -> dict[str, Any]:
    return _stated(
        {
            "maxOutputTokens": settings.max_output_tokens,
            "temperature": settings.temperature,
            "topP": settings.top_p,
            "topK": settings.top_k,
            "stopSequences": None if settings.stop is None else list(settings.stop),
            "seed": settings.seed,
        }
    )


def _answer_form(schema: ResponseSchema | None) -> dict[str, Any]:
    if schema is None:
        return {}
    described = None if schema.schema is None else dict(schema.schema)
    return {"responseMimeType": _JSON} | _stated({"responseJsonSchema": described})


def _thinking(model: Model, effort: str) -> dict[str, Any]:
    if not _thinks_by_tokens(model):
        level = _LEVELS.get(effort, effort.upper())
        asked_for_some = effort != "none"
        if level == _LEAST and asked_for_some and "-pro" in model.wire_name:
            level = _LEAST_OF_PRO
        return {"thinkingLevel": level}
    if effort not in _BUDGETS:
        known = ", ".join(_BUDGETS)
        raise CallError(
            ErrorKind.BAD_REQUEST, f"there is no reasoning_effort {effort!r}; there are {known}"
        )
    return {"thinkingBudget": _BUDGETS[effort]}


def _tools(request: Request) -> list[dict[str, Any]]:
    return [{"functionDeclarations": list(map(_tool, request.tools))}] if request.tools else []


def _tool(tool: Tool) -> dict[str, Any]:
    # `parameters` would be Google's own dialect of OpenAPI.
    schema = None if tool.parameters is None else dict(tool.parameters)
    return {"name": tool.name} | _stated(
        {"description": tool.description, "parametersJsonSchema": schema}
    )


def _tool_config(choice: str | None) -> dict[str, Any]:
    if choice is None:
        return {}
    called: dict[str, Any] = {"mode": _CHOICES.get(choice, "ANY")}
    if choice.startswith("="):
        called["allowedFunctionNames"] = [choice[1:]]
    return {"functionCallingConfig": called}


def _with_whole_calls(body: dict[str, Any]) -> dict[str, Any]:
    """``body`` without the wish for calls in pieces: how an answer comes is the decoder's."""
    config = body.get("toolConfig")
    calling = config.get("functionCallingConfig") if isinstance(config, Mapping) else None
    if isinstance(calling, Mapping):
        whole = {k: v for k, v in calling.items() if camel(k) != "streamFunctionCallArguments"}
        body["toolConfig"] = {**body["toolConfig"], "functionCallingConfig": whole}
    return body


def _stated(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
