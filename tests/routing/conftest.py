"""Makers of the values that routing works on."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from airoute_cli.core.figures import Figures
from airoute_cli.core.money import Price, Rates
from airoute_cli.core.plan import Features
from airoute_cli.core.profile import Model, Profile, Provider, Route, UnknownPrice
from airoute_cli.core.request import Message, Request, Row, Text
from airoute_cli.core.settings import Settings
from airoute_cli.routing.choice import Choice

PROVIDER = Provider("cloud", "openai")


def _price(input_rate: str | int, output_rate: str | int | None = None) -> Price:
    output = input_rate if output_rate is None else output_rate
    return Price(Rates(Decimal(input_rate), Decimal(output)), "test")


def _model(name: str, price: str | int | None = 1, **fields: Any) -> Model:
    found = None if price is None else _price(price)
    return Model(name, PROVIDER, f"wire-{name}", found, **fields)


def _features(text: str = "", **fields: Any) -> Features:
    given = {"input_tokens": 10, "task": "", "needs": frozenset()} | fields
    return Features(text, **given)


def _choice(name: str, expected: str | None = "0.01", figures: Figures | None = None) -> Choice:
    usd = None if expected is None else Decimal(expected)
    return Choice(_model(name), figures or Figures(), 10, 100, None, usd, usd)


def _row(text: str = "hello", digest: bytes = b"d" * 16, **fields: Any) -> Row:
    settings = fields.pop("settings", Settings())
    tools = fields.pop("tools", ())
    request = Request((Message("user", (Text(text),)),), settings=settings, tools=tools)
    return Row("r-1", 1, digest, request, b"", **fields)


def _profile(
    routes: list[Route],
    models: list[Model] | None = None,
    unknown_price: UnknownPrice = UnknownPrice.REFUSE,
) -> Profile:
    known = models or [_model(name) for name in "abc"]
    return Profile(
        name="test",
        path="test.toml",
        providers={"cloud": PROVIDER},
        models={model.name: model for model in known},
        routes=tuple(routes),
        unknown_price=unknown_price,
    )


class Make:
    """All makers under one fixture."""

    price = staticmethod(_price)
    model = staticmethod(_model)
    features = staticmethod(_features)
    choice = staticmethod(_choice)
    row = staticmethod(_row)
    profile = staticmethod(_profile)


@pytest.fixture(scope="session")
def make() -> type[Make]:
    return Make
