from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.money import Price, Rates, Usage

RATE = st.decimals(0, 100, places=4)
TOKENS = st.integers(0, 2_000_000)
RATES = st.builds(
    Rates, RATE, RATE, st.none(), st.none() | RATE, st.none() | RATE
)  # nothing read from a cache is dearer than what is not


@given(RATES, TOKENS, TOKENS)
def test_the_short_way_to_a_plain_cost_is_the_same_cost(rates, given_tokens, got):
    assert rates.plain_cost(given_tokens, got) == rates.cost(Usage(given_tokens, got))


@given(RATES, TOKENS, TOKENS, st.integers(0, 2_000_000), st.integers(0, 2_000_000))
def test_no_usage_of_so_many_tokens_costs_more_than_the_worst(
    rates, given_tokens, got, written, thought
):
    usage = Usage(given_tokens, got, cache_write_tokens=written, reasoning_tokens=thought)
    worst = rates.worst_cost(given_tokens, got)
    assert rates.cost(usage) <= worst
    dearest = Usage(given_tokens, got, 0, given_tokens, got)
    assert worst == max(rates.cost(Usage(given_tokens, got)), *_corners(rates, dearest))


def _corners(rates: Rates, usage: Usage) -> list[Decimal]:
    """Everything written or nothing, everything thought or nothing."""
    pairs = [(0, 0), (usage.input_tokens, 0), (0, usage.output_tokens)]
    pairs.append((usage.input_tokens, usage.output_tokens))
    return [rates.cost(Usage(usage.input_tokens, usage.output_tokens, 0, *pair)) for pair in pairs]


@given(TOKENS, TOKENS)
def test_a_long_prompt_is_planned_at_the_rates_of_its_tier(given_tokens, got):
    rates, dear = Rates(Decimal(1), Decimal(2)), Rates(Decimal(3), Decimal(4))
    price = Price(rates, "test", tiers=((1000, dear),))
    held = dear if given_tokens > 1000 else rates
    assert price.plain_cost(given_tokens, got) == held.cost(Usage(given_tokens, got))
    assert price.worst_cost(given_tokens, got) == held.cost(Usage(given_tokens, got))
