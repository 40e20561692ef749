from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from airoute_cli.core.money import Price, Rates
from airoute_cli.edges import price_notes
from airoute_cli.edges.paths import cache_folder
from airoute_cli.edges.price_notes import NAME, noted_prices
from airoute_cli.edges.prices import CatalogueEntry, find

ASKED = [
    ("openai", "gpt-5-mini", None),
    ("google", "gemini-2.5-pro", None),  # dearer above 200,000 tokens
    ("anthropic", "claude-sonnet-4-5", "https://api.anthropic.com"),
    ("here", "m", "http://127.0.0.1:9/v1"),
]


class Catalogue:
    """The real one, that counts how often it is asked."""

    def __init__(self, entry: CatalogueEntry | None = None) -> None:
        self.asked: list[str] = []
        self._entry = entry

    def find(self, hint: str, model: str, base_url: str | None = None) -> CatalogueEntry | None:
        self.asked.append(model)
        return self._entry or find(hint, model, base_url)


def ask(catalogue: Catalogue) -> list[CatalogueEntry | None]:
    with noted_prices(catalogue.find) as find_price:
        return [find_price(*each) for each in ASKED]


def test_the_catalogue_is_asked_once_a_day():
    first, second = Catalogue(), Catalogue()
    expected = [find(*each) for each in ASKED]
    assert ask(first) == ask(second) == expected
    assert first.asked == [model for _, model, _ in ASKED]
    assert second.asked == []
    assert (cache_folder() / NAME).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "entry",
    [
        CatalogueEntry(None, 8_192),
        CatalogueEntry(Price(Rates(Decimal("0.1"), Decimal(0), None, Decimal("1E-7")), "s")),
    ],
)
def test_what_is_noted_comes_back_as_it_was(entry: CatalogueEntry):
    catalogue = Catalogue(entry)
    assert ask(catalogue) == ask(catalogue) == [entry] * len(ASKED)
    assert len(catalogue.asked) == len(ASKED)


def test_a_price_by_the_hour_is_not_noted():
    catalogue = Catalogue(CatalogueEntry(None, 8_192, all_day=False))
    ask(catalogue)
    ask(catalogue)
    assert len(catalogue.asked) == 2 * len(ASKED)
    assert not (cache_folder() / NAME).exists()


def _yesterday(monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock:
        @staticmethod
        def now(tz: Any) -> datetime:
            return datetime(2020, 1, 1, tzinfo=tz or UTC)

    monkeypatch.setattr(price_notes, "datetime", Clock)


def _other_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(price_notes, "_catalogue", lambda: "another one")


@pytest.mark.parametrize("change", [_yesterday, _other_catalogue])
def test_notes_of_another_day_or_catalogue_are_not_used(change: Any):
    with pytest.MonkeyPatch.context() as then:
        change(then)
        ask(Catalogue())
    now = Catalogue()
    ask(now)
    assert len(now.asked) == len(ASKED)


NOTE = {"context_window": 1, "source": "s", "as_of": None, "rates": ["1", "1"], "tiers": []}
DAMAGED = [
    1, "x", [], {}, NOTE | {"rates": ["NaN", "1"]}, NOTE | {"rates": ["-1", "1"]},
    NOTE | {"rates": [None, "1"]}, NOTE | {"rates": ["1"] * 9}, NOTE | {"rates": ["one", "1"]},
    NOTE | {"as_of": "soon"}, NOTE | {"tiers": [1]}, NOTE | {"context_window": "x"},
]  # fmt: skip


@pytest.mark.parametrize("note", DAMAGED)
def test_a_damaged_note_is_made_anew(note: Any):
    ask(Catalogue())
    path = cache_folder() / NAME
    stored = orjson.loads(path.read_bytes())
    stored["models"] = dict.fromkeys(stored["models"], note)
    path.write_bytes(orjson.dumps(stored))
    again, after = Catalogue(), Catalogue()
    assert ask(again) == ask(after) == [find(*each) for each in ASKED]
    assert len(again.asked) == len(ASKED)
    assert after.asked == []


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"valid_for": 1}'])
def test_a_damaged_file_is_made_anew(content: bytes):
    cache_folder().mkdir(parents=True)
    (cache_folder() / NAME).write_bytes(content)
    assert ask(Catalogue()) == [find(*each) for each in ASKED]
    after = Catalogue()
    ask(after)
    assert after.asked == []


def test_a_folder_that_cannot_be_written_is_passed_over(home: Path):
    (home / ".cache").write_text("a file where the folder should be")
    assert ask(Catalogue()) == [find(*each) for each in ASKED]
