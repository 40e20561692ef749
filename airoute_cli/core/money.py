"""Tokens and money. All amounts are exact decimals in US dollars; unknown is None, never zero."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from airoute_cli.core.frozen import frozen

MILLION = Decimal(1_000_000)
ZERO = Decimal(0)


class Usage(NamedTuple):
    """Tokens of one call, counted once whatever the provider's convention: a tuple, as a call is.

    ``input_tokens`` holds the cached and cache-write tokens too, ``output_tokens`` the reasoning
    tokens. ``estimated`` says that the provider reported nothing and the counts are ours.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False


@frozen
class Rates:
    """US dollars per million tokens. None: no rate of its own, the general one holds."""

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None
    reasoning: Decimal | None = None

    def cost(self, usage: Usage) -> Decimal:
        """What ``usage`` costs, exactly."""
        if not (usage.cached_input_tokens or usage.cache_write_tokens or usage.reasoning_tokens):
            return self.plain_cost(usage.input_tokens, usage.output_tokens)
        cached = min(usage.cached_input_tokens, usage.input_tokens)
        written = min(usage.cache_write_tokens, usage.input_tokens - cached)
        thought = min(usage.reasoning_tokens, usage.output_tokens)
        parts = (
            (usage.input_tokens - cached - written, self.input),
            (cached, self.input if self.cached_input is None else self.cached_input),
            (written, self.input if self.cache_write is None else self.cache_write),
            (usage.output_tokens - thought, self.output),
            (thought, self.output if self.reasoning is None else self.reasoning),
        )
        return sum((tokens * rate for tokens, rate in parts if tokens), ZERO) / MILLION

    def plain_cost(self, input_tokens: int, output_tokens: int) -> Decimal:
        """The same for a usage of nothing but these; planning asks it for every row and model."""
        return (input_tokens * self.input + output_tokens * self.output) / MILLION

    def worst_cost(self, input_tokens: int, output_tokens: int) -> Decimal:
        """The most that so many tokens can cost, whatever kind they turn out to be."""
        written, thought = self.cache_write, self.reasoning
        dear_input = self.input if written is None else max(self.input, written)
        dear_output = self.output if thought is None else max(self.output, thought)
        return (input_tokens * dear_input + output_tokens * dear_output) / MILLION


@frozen
class Price:
    """The price of a model, where it came from and its date.

    ``tiers`` are dearer rates for long prompts: the last one whose bound is below the call's
    input tokens holds for the whole call.
    """

    rates: Rates
    source: str
    as_of: date | None = None
    tiers: tuple[tuple[int, Rates], ...] = ()

    def rates_for(self, input_tokens: int) -> Rates:
        """The rates for a call of that many input tokens."""
        rates = self.rates
        for bound, tier in self.tiers:
            if input_tokens > bound:
                rates = tier
        return rates

    def cost(self, usage: Usage) -> Decimal:
        """What ``usage`` costs, exactly."""
        return self.rates_for(usage.input_tokens).cost(usage)

    def worst_cost(self, input_tokens: int, max_output_tokens: int) -> Decimal:
        """The most that such a call can cost: nothing read from a cache, all of it written."""
        return self.rates_for(input_tokens).worst_cost(input_tokens, max_output_tokens)

    def plain_cost(self, input_tokens: int, output_tokens: int) -> Decimal:
        """What such a call costs with nothing cached."""
        return self.rates_for(input_tokens).plain_cost(input_tokens, output_tokens)


FREE_RATES = Rates(ZERO, ZERO)
