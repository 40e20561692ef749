"""The body of a request to Anthropic's Messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import takewhile
from types import MappingProxyType
from typing import Any, Literal

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.profile import DEFAULT_MAX_OUTPUT_TOKENS, Model
from airoute_cli.core.request import ANTHROPIC_DIALECT, Message, Request, Text, Tool
from airoute_cli.core.settings import Settings
from airoute_cli.providers.anthropic_blocks import blocks, cache_control, turns
from airoute_cli.providers.closed_schema import closed

Thinking = Literal["auto", "adaptive", "budget"]

# Parameters whose value goes into a header, in the words of Bedrock and of the SDK.
BETAS = ("anthropic_beta", "betas")
# What no setting may replace: what is asked of whom is what was planned, how the answer comes is
# the decoder's business, and metadata never travels.
_OURS = frozenset({"model", "messages", "system", "stream", "metadata", *BETAS})
# A setting of this adds to what the request itself says there.
_OUTPUT = "output_config"

# Claude 3.7 to 4.5 think within a budget, later ones as much as their effort lets them.
_BUDGETED = re.compile(
    r"claude-(?:3[-.]7|4-(?:opus|sonnet)|(?:opus|sonnet|haiku)-4(?![-.][6-9](?!\d)))"
)
# Up to 4.8 nothing is thought unless it is asked for.
_THINKS_WHEN_ASKED = re.compile(r"claude-(?:[234][-.]|(?:opus|sonnet|haiku)-4)")
_BUDGETS: Mapping[str, int] = MappingProxyType(
    {"minimal": 1_024, "low": 1_024, "medium": 4_096, "high": 16_384}
)
_LARGEST_BUDGET = 32_768
_SMALLEST_BUDGET = 1_024
_OFF = "none"
# The words of other APIs that are not Anthropic's.
_EFFORTS: Mapping[str, str] = MappingProxyType({"minimal": "low"})

_NO_PARAMETERS: Mapping[str, Any] = MappingProxyType({"properties": {}})


def message_body(
    model: Model, request: Request, *, thinking: Thinking, stream: bool
) -> dict[str, Any]:
    """The JSON body that asks ``model`` for ``request``; ``thinking`` is how the model thinks.

    ``max_tokens`` is always sent. Raises CallError(BAD_REQUEST) where Anthropic has no words.
    """
    system, spoken = _parted(request)
    given = {name: value for name, value in request.settings.extra.items() if name not in _OURS}
    body: dict[str, Any] = {
        "model": model.wire_name,
        "max_tokens": _cap(request.settings),
        "messages": turns(spoken),
    }
    body |= _stated({"system": _system(system)})
    body |= _sampling(request.settings) | _reasoning(model.wire_name, request, thinking)
    body |= _tools(request, given.pop("tools", None))
    _add_format(body, request)
    if isinstance(given.get(_OUTPUT), Mapping):
        given[_OUTPUT] = {**given[_OUTPUT], **body.get(_OUTPUT, {})}
    return body | given | ({"stream": True} if stream else {})


def betas(settings: Settings) -> str:
    """The value of the header ``anthropic-beta``, empty where no row or profile asks for any."""
    named: list[str] = []
    for name in BETAS:
        value = settings.extra.get(name, ())
        named += [value] if isinstance(value, str) else map(str, value or ())
    return ",".join(dict.fromkeys(named))


def sampling_in(body: Mapping[str, Any]) -> list[str]:
    """The sampling parameters of a body."""
    return [name for name in ("temperature", "top_p", "top_k") if name in body]


def _parted(request: Request) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
    """The system turns and the others. In Anthropic's own rows a later one stays where it is."""
    messages = request.messages
    if request.dialect == ANTHROPIC_DIALECT:
        opening = tuple(takewhile(_instructs, messages))
        return opening, messages[len(opening) :]
    instructing = tuple(message for message in messages if _instructs(message))
    return instructing, tuple(message for message in messages if not _instructs(message))


def _instructs(message: Message) -> bool:
    return message.role == "system"


def _system(messages: tuple[Message, ...]) -> str | list[dict[str, Any]] | None:
    if all(isinstance(part, Text) for message in messages for part in message.parts):
        return "\n\n".join(message.text for message in messages).strip() or None
    return [block for message in messages for block in blocks(message.parts)] or None


def _cap(settings: Settings) -> int:
    return settings.max_output_tokens or DEFAULT_MAX_OUTPUT_TOKENS


def _sampling(settings: Settings) -> dict[str, Any]:
    return _stated(
        {
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "top_k": settings.top_k,
            "stop_sequences": None if settings.stop is None else list(settings.stop),
        }
    )


def _reasoning(name: str, request: Request, thinking: Thinking) -> dict[str, Any]:
    effort = request.settings.reasoning_effort
    if effort is None:
        return {}
    if effort == _OFF:
        return {} if _THINKS_WHEN_ASKED.search(name) else {"thinking": {"type": "disabled"}}
    told: dict[str, Any] = {_OUTPUT: {"effort": _EFFORTS.get(effort, effort)}}
    if request.dialect == ANTHROPIC_DIALECT:
        return told  # its rows say themselves whether there is thinking
    if thinking == "budget" or (thinking == "auto" and _BUDGETED.search(name)):
        budget = _budget(effort, _cap(request.settings))
        return {"thinking": {"type": "enabled", "budget_tokens": budget}}
    if _forces_a_tool(request):
        return told  # where a tool is forced, nothing is thought before it
    return told | {"thinking": {"type": "adaptive"}}


def _budget(effort: str, cap: int) -> int:
    """Tokens to think with, which count towards the cap: half of it is left for the answer."""
    if cap <= _SMALLEST_BUDGET:
        raise CallError(
            ErrorKind.BAD_REQUEST,
            f"this model thinks with at least {_SMALLEST_BUDGET:,} of the {cap:,} output tokens "
            "that it may give; raise max_output_tokens above that, or leave reasoning_effort out",
        )
    return max(min(_BUDGETS.get(effort, _LARGEST_BUDGET), cap // 2), _SMALLEST_BUDGET)


def _forces_a_tool(request: Request) -> bool:
    return request.tool_choice == "required" or (request.tool_choice or "").startswith("=")


def _tools(request: Request, own: Any) -> dict[str, Any]:
    """The functions, and behind them the API's own tools, which stand among the settings."""
    functions = [_tool(tool) for tool in request.tools]
    return _stated(
        {
            "tools": functions + (list(own) if isinstance(own, list | tuple) else []) or None,
            "tool_choice": _tool_choice(request.tool_choice, request.parallel_tool_calls),
        }
    )


def _tool(tool: Tool) -> dict[str, Any]:
    schema = {"type": "object", **(_NO_PARAMETERS if tool.parameters is None else tool.parameters)}
    return {"name": tool.name, "input_schema": closed(schema) if tool.strict else schema} | _stated(
        {
            "description": tool.description,
            "strict": tool.strict,
            "cache_control": None if tool.cache is None else cache_control(tool.cache),
        }
    )


def _tool_choice(choice: str | None, parallel: bool | None) -> dict[str, Any] | None:  # noqa: FBT001 - as the request has it
    if choice == "none":
        return {"type": "none"}
    if choice is None and parallel is None:
        return None
    many = {} if parallel is None else {"disable_parallel_tool_use": not parallel}
    if choice is not None and choice.startswith("="):
        return {"type": "tool", "name": choice[1:]} | many
    return {"type": "any" if choice == "required" else "auto"} | many


def _add_format(body: dict[str, Any], request: Request) -> None:
    if request.schema is not None and request.schema.schema is not None:
        form = {"type": "json_schema", "schema": closed(request.schema.schema)}
        body[_OUTPUT] = {**body.get(_OUTPUT, {}), "format": form}


def _stated(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
