from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal

import genai_prices
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.money import Usage
from airoute_cli.edges.prices import catalogue_date, find

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)

MODELS = [
    ("openai", "gpt-5-mini"),
    ("openai", "gpt-5"),
    ("openai", "gpt-5.2"),
    ("openai", "gpt-4.1"),
    ("openai", "gpt-4o-mini"),
    ("openai", "o3"),
    ("openai", "o4-mini"),
    ("openai", "gpt-4o"),
    ("anthropic", "claude-sonnet-4-5"),
    ("anthropic", "claude-opus-4-1"),
    ("anthropic", "claude-3-5-haiku-latest"),
    ("google", "gemini-2.5-pro"),
    ("google", "gemini-2.5-flash"),
    ("google", "gemini-1.5-pro"),
    ("x-ai", "grok-4.3"),
    ("x-ai", "grok-4.7"),
    ("x-ai", "grok-3-mini"),
    ("deepseek", "deepseek-chat"),
    ("deepseek", "deepseek-v4-flash"),
    ("mistral", "mistral-small-latest"),
    ("mistral", "mistral-medium-latest"),
    ("groq", "openai/gpt-oss-20b"),
    ("together", "moonshotai/Kimi-K3"),
    ("openrouter", "openai/gpt-5-mini"),
    ("openrouter", "google/gemini-2.5-pro"),
    ("cohere", "command-r-plus"),
]

tokens = st.one_of(st.integers(0, 5_000), st.integers(100_000, 1_100_000))


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    entered, given_back = draw(tokens), draw(tokens)
    cached = draw(st.integers(0, entered))
    written = draw(st.integers(0, entered - cached))
    return Usage(entered, given_back, cached, written, draw(st.integers(0, given_back)))


@pytest.mark.parametrize(("provider", "model"), MODELS)
@given(usage=usages(), hour=st.integers(0, 23))
def test_a_call_costs_what_genai_prices_says(provider: str, model: str, usage: Usage, hour: int):
    moment = NOW.replace(hour=hour)
    entry = find(provider, model, now=moment)
    theirs = genai_prices.calc_price(
        genai_prices.Usage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cached_input_tokens,
            cache_write_tokens=usage.cache_write_tokens,
            output_reasoning_tokens=usage.reasoning_tokens,
        ),
        model,
        provider_id=provider,
        genai_request_timestamp=moment,
    )
    assert entry is not None
    assert entry.price is not None
    assert entry.price.cost(usage) == theirs.total_price


def test_the_cases_hold_tiers_and_cache_rates():
    prices = [entry.price for pair in MODELS if (entry := find(*pair, now=NOW)) and entry.price]
    assert sum(bool(price.tiers) for price in prices) >= 3
    assert sum(price.rates.cached_input is not None for price in prices) >= 10
    assert any(price.rates.cache_write is not None for price in prices)


def test_every_bound_is_checked_on_both_sides():
    entry = find("x-ai", "grok-4.3", now=NOW)
    assert entry is not None
    assert entry.price is not None
    bound, dear = entry.price.tiers[0]
    assert entry.price.rates_for(bound) == entry.price.rates
    assert entry.price.rates_for(bound + 1) == dear
    assert dear.input > entry.price.rates.input


def test_the_source_names_the_catalogue_its_version_and_the_model():
    entry = find("openai", "gpt-5-mini", "https://api.openai.com/v1", now=NOW)
    assert entry is not None
    assert entry.price is not None
    version = genai_prices.__version__
    assert entry.price.source == f"genai-prices {version} openai/gpt-5-mini"
    assert entry.price.as_of == catalogue_date(NOW.date())
    assert entry.price.rates.input == Decimal("0.25")
    assert entry.context_window == 400_000


@pytest.mark.parametrize(
    ("hint", "model", "url"),
    [
        ("mine", "gpt-5-mini", "https://api.openai.com/v1"),
        ("mine", "gpt-5-mini", "https://eu.api.openai.com/v1"),
        ("mine", "openai/gpt-5-mini", "https://openrouter.ai/api/v1"),
        ("groq", "openai/gpt-oss-20b", "https://gateway.example/v1"),
        ("xai", "grok-4.3", None),
        ("OpenAI", "GPT-5-mini", None),
    ],
)
def test_a_model_is_found_by_host_then_by_the_providers_name(
    hint: str, model: str, url: str | None
):
    entry = find(hint, model, url, now=NOW)
    assert entry is not None
    assert entry.price is not None


@pytest.mark.parametrize(
    ("hint", "model", "url"),
    [
        ("vllm", "gpt-5-mini", "http://127.0.0.1:8000/v1"),
        ("my-openai", "gpt-5-mini", "http://127.0.0.1:8000/v1"),
        ("openai", "no-such-model", "https://api.openai.com/v1"),
        ("nobody", "gpt-5-mini", None),
    ],
)
def test_what_nobody_knows_is_none(hint: str, model: str, url: str | None):
    assert find(hint, model, url, now=NOW) is None


@pytest.mark.parametrize(
    ("hint", "model"), [("perplexity", "sonar"), ("openai", "text-embedding-3-small")]
)
def test_a_price_that_tokens_cannot_tell_is_unknown(hint: str, model: str):
    entry = find(hint, model, now=NOW)
    assert entry is not None
    assert entry.price is None


def test_a_price_of_the_future_gives_no_date():
    day = catalogue_date(NOW.date())
    assert day is not None
    assert day <= NOW.date()
    assert catalogue_date(date(1990, 1, 1)) is None


def test_importing_it_does_not_load_the_catalogue():
    program = "import sys, airoute_cli.edges.prices; print('genai_prices' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "False\n"
