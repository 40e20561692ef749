"""Tokens and money as chat completions report them, in all their dialects."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from airoute_cli.core.money import Usage

# Where the tokens read from a cache stand, unless it is where OpenAI has them: Hugging Face,
# Mistral, DeepSeek.
_CACHED = ("cached_tokens", "num_cached_tokens", "prompt_cache_hit_tokens")
_BARE = frozenset({"prompt_tokens", "completion_tokens", "total_tokens"})
_INFINITY = float("inf")


def read_usage(given: Any) -> Usage | None:
    """The usage of an answer, None where it tells none."""
    if not isinstance(given, dict):
        return None
    asked, told = given.get("prompt_tokens"), given.get("completion_tokens")
    if not (is_number(asked) or is_number(told)):
        return None
    if given.keys() <= _BARE:  # nothing else to look for
        return Usage(_whole(asked), _whole(told))
    reasoning = _detail(given, "completion_tokens_details", "reasoning_tokens")
    return Usage(
        input_tokens=_whole(asked),
        output_tokens=_output(given, reasoning),
        cached_input_tokens=_cached(given),
        cache_write_tokens=_detail(given, "prompt_tokens_details", "cache_write_tokens"),
        reasoning_tokens=reasoning,
    )


def read_responses_usage(given: Any) -> Usage | None:
    """The usage of a response object; gateways also give it in the words of chat completions."""
    if not isinstance(given, dict) or not is_number(given.get("output_tokens")):
        return read_usage(given)
    return Usage(
        input_tokens=_whole(given.get("input_tokens")),
        output_tokens=_whole(given["output_tokens"]),
        cached_input_tokens=_detail(given, "input_tokens_details", "cached_tokens"),
        cache_write_tokens=_detail(given, "input_tokens_details", "cache_write_tokens"),
        reasoning_tokens=_detail(given, "output_tokens_details", "reasoning_tokens"),
    )


def read_cost(given: Any) -> Decimal | None:
    """What the provider itself says that the answer cost, in US dollars (OpenRouter)."""
    cost = given.get("cost") if isinstance(given, dict) else None
    return Decimal(str(cost)) if is_number(cost) else None


def is_number(value: Any) -> bool:
    """Whether it is a count or an amount: finite and not below zero."""
    kind = type(value)  # a bool is an int, and no number here
    return (kind is int or kind is float) and 0 <= value < _INFINITY


def _output(given: Mapping[str, Any], reasoning: int) -> int:
    """The output tokens; some count the reasoning beside them, which the total gives away."""
    told = _whole(given.get("completion_tokens"))
    if not reasoning:
        return told
    asked, total = _whole(given.get("prompt_tokens")), _whole(given.get("total_tokens"))
    return told + reasoning if total == asked + told + reasoning else told


def _cached(given: Mapping[str, Any]) -> int:
    """The tokens read from a cache, in the first place that tells of some."""
    if count := _detail(given, "prompt_tokens_details", "cached_tokens"):
        return count
    for name in _CACHED:
        if name in given and (count := _whole(given[name])):
            return count
    return 0


def _detail(given: Mapping[str, Any], section: str, name: str) -> int:
    """A count that stands in a section of its own, which many leave out."""
    details = given.get(section)
    count = details.get(name) if isinstance(details, dict) else None
    return _whole(count) if count else 0


def _whole(value: Any) -> int:
    return int(value) if is_number(value) else 0
