from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.elements import Carrier, Element
from airoute_cli.core.figures import Figures
from airoute_cli.core.money import Price, Rates
from airoute_cli.core.plan import Call, CallRole
from airoute_cli.core.profile import Route
from airoute_cli.core.request import (
    GEMINI_DIALECT,
    OPENAI_DIALECT,
    Capability,
    Message,
    Request,
    ResponseSchema,
    Text,
    Tool,
)
from airoute_cli.core.settings import EMPTY, Settings
from airoute_cli.routing.choice import Chooser, kind_of
from airoute_cli.routing.features import find_features
from airoute_cli.routing.shape import shape
from airoute_cli.routing.tokens import estimate_request

USER = Message("user", (Text("x" * 400),))
OWN = Message("system", (Text("x" * 40),))


def test_the_costs_follow_from_the_tokens(make: Any):
    features = make.features("hi", input_tokens=1_000)
    request = Request((USER,), Settings(max_output_tokens=500))
    model = make.model("a", 2)
    choice = Chooser(None).choose(
        model, Figures(output_tokens=100.4), kind_of(request, features), features.input_tokens
    )
    assert choice.expected_usd == Decimal("0.0022")
    assert choice.worst_usd == Decimal("0.003")
    assert choice.call(CallRole.ANSWER) == Call(
        "a", CallRole.ANSWER, 1_000, 500, Decimal("0.0022"), Decimal("0.003")
    )


@given(
    st.sampled_from([(USER,), (OWN, USER)]), st.none() | st.text(max_size=50), st.integers(1, 900)
)
def test_the_estimate_is_that_of_the_request_as_it_is_sent(
    make: Any, messages: tuple[Message, ...], system: str | None, cap: int
):
    route = Route("r", "single", ("a",), system=system)
    request = Request(messages, Settings(max_output_tokens=cap))
    features = find_features(request, {}, b"", with_task=False)
    choice = Chooser(route).choose(
        make.model("a"), Figures(), kind_of(request, features), features.input_tokens
    )
    sent = shape(request, route, make.model("a"))
    assert choice.input_tokens == estimate_request(sent)
    assert choice.max_output_tokens == sent.settings.max_output_tokens


RATES = st.builds(Decimal, st.integers(0, 100))
OPTIONAL = st.none() | RATES


@given(
    st.builds(Rates, RATES, RATES, OPTIONAL, OPTIONAL, OPTIONAL),
    st.builds(Rates, RATES, RATES),
    st.integers(0, 10_000),
    st.integers(1, 5_000),
    st.floats(0, 10_000),
    st.floats(0, 20),
)
def test_the_worst_is_never_below_what_is_expected(
    make: Any, rates: Rates, tier: Rates, tokens: int, cap: int, output: float, ratio: float
):
    price = Price(rates, "test", tiers=((3_000, tier),))
    model = replace(make.model("a"), price=price)
    request = Request((USER,), Settings(max_output_tokens=cap))
    features = make.features("hi", input_tokens=tokens)
    figures = Figures(answers=5, output_tokens=output, token_ratio=ratio)
    choice = Chooser(None).choose(model, figures, kind_of(request, features), features.input_tokens)
    assert choice.expected_usd is not None
    assert choice.worst_usd is not None
    assert choice.worst_usd >= choice.expected_usd >= 0


TOOL = Tool("t")
SCHEMA = ResponseSchema(schema={"type": "object"})
REQUESTS = st.builds(
    Request,
    st.sampled_from([(USER,), (OWN, USER)]),
    st.sampled_from(
        [EMPTY, Settings(max_output_tokens=40), Settings(seed=1, max_output_tokens=45)]
    ),
    tools=st.sampled_from([(), (TOOL,)]),
    schema=st.sampled_from([None, SCHEMA, ResponseSchema()]),
    dialect=st.sampled_from([OPENAI_DIALECT, GEMINI_DIALECT]),
)


@given(st.lists(st.tuples(REQUESTS, st.sampled_from("ab")), min_size=2, max_size=6))
def test_what_was_chosen_before_changes_nothing(make: Any, asked: list[tuple[Request, str]]):
    carrier = Carrier(frozenset({Element.SEED, Element.SCHEMA_WITH_TOOLS}))
    all_can = frozenset(Capability)
    models = {
        "a": replace(make.model("a"), carrier=carrier, max_output_tokens=50),
        "b": replace(make.model("b"), capabilities=all_can, settings=Settings(max_output_tokens=8)),
    }
    route = Route("r", "fallback", ("a", "b"), system="Be brief.", schema=SCHEMA)
    one_for_all = Chooser(route)
    for request, name in asked:
        features = find_features(request, {}, b"", with_task=False)
        given = models[name], Figures(), kind_of(request, features), features.input_tokens
        assert one_for_all.choose(*given) == Chooser(route).choose(*given)
