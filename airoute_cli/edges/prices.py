"""Prices and context windows from the catalogue of ``genai-prices``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from airoute_cli.core.frozen import frozen
from airoute_cli.core.money import Price, Rates

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice, Provider


@frozen
class CatalogueEntry:
    """What the catalogue knows of a model. ``price`` None: it cannot be told in tokens alone.

    ``all_day``: it does not change by the hour.
    """

    price: Price | None
    context_window: int | None = None
    all_day: bool = True


class FindPrice(Protocol):
    """Looks a model up; None where it is unknown."""

    def __call__(
        self, provider_hint: str, model_ref: str, base_url: str | None = None
    ) -> CatalogueEntry | None:
        """See ``find``."""
        ...


def find(
    provider_hint: str,
    model_ref: str,
    base_url: str | None = None,
    *,
    now: datetime | None = None,
) -> CatalogueEntry | None:
    """The catalogue's entry for a model, or None where it has none.

    With a ``base_url`` the host decides, and where the catalogue does not know it, a
    ``provider_hint`` that is exactly one of its providers: a server of one's own never gets the
    price of a service by its model's name. Without one the hint is read as people write it.
    Rates that depend on the date or the hour are those in force at ``now`` (default: this moment).
    """
    from genai_prices.data_snapshot import get_snapshot

    snapshot = get_snapshot()
    provider = _find_provider(snapshot, provider_hint, base_url)
    if provider is None:
        return None
    model = provider.find_model(model_ref, all_providers=snapshot.providers)
    if model is None:
        return None
    moment = now or datetime.now(tz=UTC)
    source = f"genai-prices {_version()} {provider.id}/{model.id}"
    price = _price(model, source, moment)
    return CatalogueEntry(price, model.context_window, not _by_the_hour(model))


def catalogue_date(today: date) -> date | None:
    """The day of the newest price change that the catalogue knows and that is in force.

    The catalogue has no date of its own; it is at least as new as this.
    """
    return max((day for day in _start_dates() if day <= today), default=None)


def _find_provider(snapshot: DataSnapshot, hint: str, base_url: str | None) -> Provider | None:
    if base_url is None:
        return _by(snapshot, hint, None)
    if (urlsplit(base_url).hostname or "").endswith(".api.openai.com"):  # eu., us. and so on
        base_url = "https://api.openai.com"
    named = (provider for provider in snapshot.providers if provider.id == hint.lower())
    return _by(snapshot, None, base_url) or next(named, None)


def _by(snapshot: DataSnapshot, hint: str | None, base_url: str | None) -> Provider | None:
    try:
        return snapshot.find_provider(None, hint, base_url)
    except LookupError:
        return None


def _price(model: ModelInfo, source: str, moment: datetime) -> Price | None:
    prices = model.get_prices(moment)
    base = _rates(prices, -1)
    if base is None or prices.requests_kcount:  # a fee per request is nothing that tokens tell
        return None
    tiers = tuple((bound, rates) for bound in _bounds(prices) if (rates := _rates(prices, bound)))
    return Price(base, source, catalogue_date(moment.date()), tiers)


def _bounds(prices: ModelPrice) -> list[int]:
    """Above how many input tokens other rates hold, ascending."""
    from genai_prices.types import TieredPrices

    tiered = (value for value in vars(prices).values() if isinstance(value, TieredPrices))
    return sorted({tier.start for value in tiered for tier in value.tiers})


# Our name of a rate and the catalogue's. Audio and images have rates of their own there, which no
# usage report tells apart; they are priced as the tokens that they are reported as.
_RATES: Mapping[str, str] = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cached_input": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "reasoning": "output_reasoning_mtok",
}


def _rates(prices: ModelPrice, bound: int) -> Rates | None:
    """The rates for calls of just more than ``bound`` input tokens."""
    known = {ours: _rate(getattr(prices, theirs), bound) for ours, theirs in _RATES.items()}
    general, answer = known.pop("input"), known.pop("output")
    if general is None or answer is None:
        return None
    return Rates(general, answer, **known)


def _rate(value: object, bound: int) -> Decimal | None:
    from genai_prices.types import TieredPrices

    if isinstance(value, TieredPrices):
        reached = [tier.price for tier in value.tiers if tier.start <= bound]
        return reached[-1] if reached else value.base
    return value if isinstance(value, Decimal) else None


@cache
def _start_dates() -> frozenset[date]:
    from genai_prices.data_snapshot import get_snapshot
    from genai_prices.types import StartDateConstraint

    models = (model for provider in get_snapshot().providers for model in provider.models)
    constraints = (constraint for model in models for constraint in _constraints(model))
    return frozenset(c.start_date for c in constraints if isinstance(c, StartDateConstraint))


def _constraints(model: ModelInfo) -> Iterator[object]:
    if isinstance(model.prices, list):
        yield from (price.constraint for price in model.prices)


def _by_the_hour(model: ModelInfo) -> bool:
    from genai_prices.types import TimeOfDateConstraint

    return any(isinstance(one, TimeOfDateConstraint) for one in _constraints(model))


@cache
def _version() -> str:
    import genai_prices

    return genai_prices.__version__
