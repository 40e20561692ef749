"""The wire format of Mistral: chat completions, in words of its own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from airoute_cli.core.elements import Element
from airoute_cli.core.profile import Model
from airoute_cli.core.rate_limits import Allowance, RateLimits
from airoute_cli.core.request import OPENAI_DIALECT, Request
from airoute_cli.core.wire import FormatSpec
from airoute_cli.providers.formats.openai import OpenAIFormat
from airoute_cli.providers.mistral_body import mistral_body
from airoute_cli.providers.openai_limits import number_in, read_limits
from airoute_cli.providers.options import FormatOptions


class MistralFormat(OpenAIFormat):
    """Implements WireFormat."""

    def body(self, model: Model, request: Request, *, stream: bool) -> dict[str, Any]:
        """What is asked, in Mistral's words."""
        return mistral_body(model, request, stream=stream)

    def limits(self, headers: Mapping[str, str], now: float) -> RateLimits | None:
        """The headers per minute, or else those that OpenAI has too."""
        requests, tokens = _allowance(headers, "req"), _allowance(headers, "tokens")
        told = RateLimits(requests, tokens) if requests or tokens else None
        return told or read_limits(headers, now)


def _allowance(headers: Mapping[str, str], what: str) -> Allowance | None:
    told = Allowance(
        limit=number_in(headers.get(f"x-ratelimit-limit-{what}-minute")),
        remaining=number_in(headers.get(f"x-ratelimit-remaining-{what}-minute")),
    )
    return told if told != Allowance() else None


FORMAT = FormatSpec(
    make=lambda _: MistralFormat(),
    options=FormatOptions,
    cannot=frozenset(
        {
            Element.CACHE_MARK,
            Element.TOOL_ERROR,
            Element.TOP_K,
            Element.TURN_NAME,
        }
    ),
    extras=MappingProxyType(
        {
            OPENAI_DIALECT: frozenset(
                {
                    "frequency_penalty",
                    "guardrails",
                    "prediction",
                    "presence_penalty",
                    "prompt_cache_key",
                    "prompt_mode",
                    "safe_prompt",
                }
            )
        }
    ),
)
