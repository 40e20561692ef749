"""What the price catalogue said today of models: to load all of it takes longer than a plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from airoute_cli.core.money import Price, Rates
from airoute_cli.edges.habits import load_habits, save_habits
from airoute_cli.edges.paths import cache_folder
from airoute_cli.edges.prices import CatalogueEntry, FindPrice, find

NAME = "prices.json"
_RATES = tuple(field.name for field in fields(Rates))


@contextmanager
def noted_prices(find: FindPrice = find) -> Iterator[FindPrice]:
    """``find``, which asks the catalogue only for what it was not asked before on this day.

    What it says by the hour is not noted, nor is anything of another version of the catalogue.
    """
    path, valid_for = cache_folder() / NAME, [_catalogue(), f"{datetime.now(tz=UTC):%Y-%m-%d}"]
    known = _notes(load_habits(path), valid_for)
    notes = dict(known)

    def find_noted(
        provider_hint: str, model_ref: str, base_url: str | None = None
    ) -> CatalogueEntry | None:
        key = "\n".join((provider_hint, model_ref, base_url or ""))
        if key in notes:
            try:
                return _read(notes[key])
            except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
                del notes[key]
        entry = find(provider_hint, model_ref, base_url)
        if entry is None or entry.all_day:
            notes[key] = entry and _written(entry)
        return entry

    yield find_noted
    if notes != known:
        save_habits(path, {"valid_for": valid_for, "models": notes})


def _catalogue() -> str:
    """What tells one installed catalogue from another, without loading it."""
    spec = find_spec("genai_prices")
    folder = Path(spec.origin).parent if spec and spec.origin else Path()
    files = [file.stat() for file in folder.glob("*.py")]
    newest = max((file.st_mtime_ns for file in files), default=0)
    return f"{folder} {sum(file.st_size for file in files)} {newest}"


def _notes(stored: Any, valid_for: list[str]) -> dict[str, Any]:
    if not isinstance(stored, dict) or stored.get("valid_for") != valid_for:
        return {}
    models = stored.get("models")
    return models if isinstance(models, dict) else {}


def _written(entry: CatalogueEntry) -> Mapping[str, Any]:
    price = entry.price
    return {"context_window": entry.context_window} | (
        {}
        if price is None
        else {
            "source": price.source,
            "as_of": price.as_of,
            "rates": _rates_written(price.rates),
            "tiers": [[bound, _rates_written(rates)] for bound, rates in price.tiers],
        }
    )


def _rates_written(rates: Rates) -> list[str | None]:
    each = (getattr(rates, name) for name in _RATES)
    return [None if rate is None else str(rate) for rate in each]


def _read(note: Mapping[str, Any] | None) -> CatalogueEntry | None:
    if note is None:
        return None
    window = note["context_window"]
    if not isinstance(window, int | None):
        raise TypeError(window)
    if "rates" not in note:
        return CatalogueEntry(None, window)
    as_of = note["as_of"]
    price = Price(
        _rates_read(note["rates"]),
        note["source"],
        None if as_of is None else date.fromisoformat(as_of),
        tuple((bound, _rates_read(rates)) for bound, rates in note["tiers"]),
    )
    return CatalogueEntry(price, window)


def _rates_read(written: Sequence[str | None]) -> Rates:
    general, answer, *others = (None if rate is None else _rate(rate) for rate in written)
    if general is None or answer is None:
        raise ValueError(written)
    return Rates(general, answer, *others)


def _rate(written: str) -> Decimal:
    rate = Decimal(written)
    if not rate.is_finite() or rate < 0:
        raise ValueError(written)
    return rate
