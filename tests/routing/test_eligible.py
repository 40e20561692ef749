from __future__ import annotations

from typing import Any

import pytest

from airoute_cli.core.figures import NO_FIGURES, Figures
from airoute_cli.core.profile import Route, UnknownPrice, Unsupported
from airoute_cli.core.request import Capability, Message, Request, Text
from airoute_cli.core.settings import Settings
from airoute_cli.routing.choice import Chooser, kind_of
from airoute_cli.routing.eligible import UNPRICED, checks_for, eligible

REFUSE = checks_for(UnknownPrice.REFUSE, Unsupported.REFUSE)
ALL = frozenset(Capability)


def reason(
    make: Any, settings: Settings | None = None, tokens: int = 100, needs: Any = (), **model: Any
) -> str | None:
    request = Request((Message("user", (Text("hi"),)),), settings or Settings())
    features = make.features("hi", input_tokens=tokens, needs=frozenset(needs))
    route = Route("r", "single", ("a",))
    choice = Chooser(route).choose(
        make.model("a", **model), NO_FIGURES, kind_of(request, features), features.input_tokens
    )
    return eligible(features, choice, REFUSE)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, None),
        ({"capabilities": ALL, "needs": ALL}, None),
        ({"needs": [Capability.TOOLS]}, "cannot do tools"),
        ({"needs": [Capability.JSON_SCHEMA]}, None),  # it is asked for in words
        (
            {"needs": ALL, "capabilities": frozenset({Capability.TOOLS})},
            "cannot do documents, reasoning or images",
        ),
        ({"tokens": 8_191, "context_window": 8_192}, None),
        (
            {"tokens": 9_000, "context_window": 8_192},
            "needs about 9,000 input tokens, its window is 8,192",
        ),
        (
            {"tokens": 8_192, "context_window": 8_192},
            "needs about 8,192 input tokens, its window is 8,192",
        ),
        ({"context_window": 200, "settings": Settings(max_output_tokens=100)}, None),
        (
            {"context_window": 200, "settings": Settings(max_output_tokens=101)},
            "needs about 100 input and up to 101 output tokens, its window is 200",
        ),
        (
            {
                "context_window": 200,
                "settings": Settings(max_output_tokens=9_000),
                "max_output_tokens": 50,
            },
            None,
        ),
        ({"price": None}, UNPRICED),
    ],
)
def test_who_may_answer(make: Any, given: dict[str, Any], expected: str | None):
    assert reason(make, **given) == expected


def test_an_unknown_price_is_allowed_where_the_profile_says_so(make: Any):
    request = Request((Message("user", (Text("hi"),)),))
    features = make.features("hi")
    choice = Chooser(None).choose(
        make.model("a", None), NO_FIGURES, kind_of(request, features), features.input_tokens
    )
    assert eligible(features, choice, checks_for(UnknownPrice.ALLOW, Unsupported.REFUSE)) is None
    assert (choice.expected_usd, choice.worst_usd) == (None, None)


def test_what_the_model_reported_decides_whether_a_prompt_fits(make: Any):
    request = Request((Message("user", (Text("hi"),)),))
    features = make.features("hi", input_tokens=6_000)
    model = make.model("a", context_window=8_192)
    choice = Chooser(None).choose(
        model,
        Figures(answers=1, token_ratio=1.5),
        kind_of(request, features),
        features.input_tokens,
    )
    assert eligible(features, choice, REFUSE) == (
        "needs about 9,000 input tokens, its window is 8,192"
    )
