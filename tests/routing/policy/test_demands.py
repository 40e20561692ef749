from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from airoute_cli.core.figures import NO_FIGURES, Figures
from airoute_cli.core.policy import Forbidden, MaxPrice, PolicyRule, Requirement
from airoute_cli.core.profile import Model, Provider
from airoute_cli.core.request import Capability
from airoute_cli.routing.policy.demands import Candidate, demands_of

EU = Provider("cloud", "openai", "https://eu.api.openai.com/v1")
US = Provider("cloud", "openai", "https://x.example/v1", region="us-east-1")
UNKNOWN = Provider("cloud", "openai", "https://x.example/v1")
HERE = Provider("home", "llama-cpp")


def model(provider: Provider = UNKNOWN, **fields: Any) -> Model:
    return Model("m", provider, "wire", **fields)


def objection(candidate: Model, figures: Figures = NO_FIGURES, **asked: Any) -> str | None:
    forbid = asked.pop("forbid", Forbidden())
    rule = PolicyRule("r", require=Requirement(**asked), forbid=forbid)
    found = (demand(Candidate(candidate, figures, 100)) for demand in demands_of(rule))
    return next((reason for reason in found if reason), None)


REGIONS = {"regions": ("eu", "ch")}
CASES: list[tuple[Model, dict[str, Any], str | None]] = [
    (model(), {}, None),
    (model(), {"private": True}, "it is not private"),
    (model(private=True), {"private": True}, None),
    (model(EU), REGIONS, None),
    (model(US), REGIONS, 'its region is us-east-1, wanted "eu" or "ch"'),
    (model(UNKNOWN), REGIONS, 'its region is not known, wanted "eu" or "ch"'),
    (model(HERE, private=True), REGIONS, None),
    (model(UNKNOWN, private=True), REGIONS, 'its region is not known, wanted "eu" or "ch"'),
    (model(), {"retention": "30d"}, 'its retention is not stated, wanted at most "30d"'),
    (model(retention="30d"), {"retention": "30d"}, None),
    (model(retention="24h"), {"retention": "1d"}, None),
    (model(retention="none"), {"retention": "0d"}, None),
    (model(retention="31d"), {"retention": "30d"}, 'its retention is "31d", wanted at most "30d"'),
    (model(), {"models": ("m",)}, None),
    (model(), {"models": ("a", "b")}, 'it is not "a" or "b"'),
    (model(), {"providers": ("home",)}, 'its provider is "cloud", wanted "home"'),
    (model(), {"capabilities": frozenset({Capability.TOOLS})}, "it lacks tools"),
    (
        model(capabilities=frozenset({Capability.TOOLS})),
        {"capabilities": frozenset({Capability.TOOLS})},
        None,
    ),
    (model(), {"max_latency_ms": 2000.0}, None),
    (
        model(),
        {"max_latency_ms": 1999.0},
        "2,000 ms are assumed before its first answer, wanted at most 1,999",
    ),
    (model(), {"max_price": MaxPrice(Decimal(1))}, "its price is unknown"),
    (model(), {"forbid": Forbidden(models=("m",))}, "it is forbidden"),
    (model(), {"forbid": Forbidden(providers=("cloud",))}, 'its provider "cloud" is forbidden'),
    (model(), {"forbid": Forbidden(providers=("home",), models=("x",))}, None),
    (model(EU), {"forbid": Forbidden(regions=("us",))}, None),
    (model(HERE, private=True), {"forbid": Forbidden(regions=("us",))}, None),
    (
        model(US),
        {"forbid": Forbidden(regions=("us",))},
        'its region is us-east-1, and "us" is forbidden',
    ),
    (
        model(UNKNOWN),
        {"forbid": Forbidden(regions=("us", "cn"))},
        'its region is not known, and "us" and "cn" is forbidden',
    ),
]


@pytest.mark.parametrize(("candidate", "asked", "reason"), CASES)
def test_a_model_meets_a_demand_or_the_reason_is_told(
    candidate: Model, asked: dict[str, Any], reason: str | None
):
    assert objection(candidate, **asked) == reason


def test_a_price_is_compared_by_the_million_tokens(make: Any):
    cheap = make.model("m", 2)
    assert objection(cheap, max_price=MaxPrice(Decimal(2), Decimal(2))) is None
    assert objection(cheap, max_price=MaxPrice(output=Decimal("1.5"))) == (
        "its output costs $2.00 per million tokens, over $1.50"
    )


def test_a_measured_latency_counts_instead_of_the_prior():
    quick = Figures(answers=3, latency_ms=150)
    assert objection(model(), quick, max_latency_ms=200.0) is None
    assert objection(model(), quick, max_latency_ms=100.0) == (
        "150 ms by the median, wanted at most 100"
    )
