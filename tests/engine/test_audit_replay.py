"""Whatever was decided can be decided again from what stands in the audit file."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from airoute_cli.core.figures import Figures
from airoute_cli.core.money import Price, Rates
from airoute_cli.core.policy import Forbidden, OnEmpty, Policy, PolicyRule, Requirement
from airoute_cli.core.profile import Model, Profile, Provider, Route, UnknownPrice, When
from airoute_cli.core.request import Image, Message, Request, Row, Text, Tool
from airoute_cli.core.scan import classes_of
from airoute_cli.core.settings import Settings
from airoute_cli.engine.audit_records import basis_told, figures_told, plan_told
from airoute_cli.engine.audit_replay import Replay
from airoute_cli.engine.stored_profile import ProfileChain, Superseded
from airoute_cli.routing.earlier import EarlierProfile
from airoute_cli.routing.learned.file import DataPart, write_route
from airoute_cli.routing.learned.fit import fit
from airoute_cli.routing.learned.matrix import read_texts
from airoute_cli.routing.learned.route import LearnedRoute, Threshold
from airoute_cli.routing.planner import Planner
from tests.routing.learned.made_up import graded

MAIL, CARD = "anna@example.com", "4111 1111 1111 1111"
NAMES = ("home", "eu", "us", "far")
TEXTS = st.lists(
    st.sampled_from(["refund", "code", "Translate to French", "ORD-77", MAIL, CARD, "x" * 900]),
    max_size=4,
).map(" ".join)
SIMPLE = st.sampled_from(
    [
        When(contains_any=("refund", "money")),
        When(contains_any=("code",), min_input_tokens=100),
        When(regex="ORD-[0-9]+"),
        When(starts_with=("translate", "code"), max_input_tokens=200),
        When(task=("translate", "code")),
        When(min_complexity=0.1, max_complexity=0.4),
        When(metadata={"tier": ("free", "pro*")}),
        When(detects=("pii",)),
        When(detects=("pii.card",), contains_any=("code",)),
        When(requires=frozenset()),
    ]
)
WHENS = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.builds(lambda parts: When(all=tuple(parts)), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: When(any=tuple(parts)), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: When(not_=part), inner),
    ),
    max_leaves=5,
)
RULES = st.builds(
    PolicyRule,
    st.sampled_from(["one", "two"]),
    st.none() | WHENS,
    st.sampled_from(
        [Requirement(), Requirement(private=True), Requirement(max_latency_ms=1_500.0)]
    ),
    st.sampled_from([Forbidden(), Forbidden(models=("us",))]),
    st.sampled_from([frozenset(), classes_of(["pii.email"])]),
    st.sampled_from([OnEmpty.REFUSE, OnEmpty.HANDOFF]),
)
ROUTES = st.builds(
    lambda when, strategy, models, fallback, system: Route(
        "r",
        strategy,
        tuple(models),
        tuple(fallback),
        when,
        system=system,
        options={"weights": dict.fromkeys(models, 2.5)} if strategy == "weighted" else {},
    ),
    st.none() | WHENS,
    st.sampled_from(["fallback", "cheapest", "fastest", "weighted"]),
    st.lists(st.sampled_from(NAMES), min_size=1, unique=True),
    st.lists(st.sampled_from(NAMES), max_size=1),
    st.sampled_from([None, "be brief " * 20]),
)
FIGURES = st.builds(
    Figures,
    st.integers(0, 9),
    st.integers(0, 3),
    st.floats(1, 1e5),
    st.floats(0, 5e3),
    st.floats(0, 20),
)


def model(name: str) -> Model:
    provider = Provider(f"p-{name}", "openai", f"http://{name}.example/v1")
    price = Price(Rates(Decimal(len(name)), Decimal(2)), "test")
    window = 260 if name == "eu" else None
    return Model(name, provider, name, price, private=name == "home", context_window=window)


def profile(rules: list[PolicyRule], routes: list[Route], metadata: tuple[str, ...]) -> Profile:
    models = {name: model(name) for name in NAMES}
    return Profile(
        "p",
        "p.toml",
        {each.provider.name: each.provider for each in models.values()},
        models,
        tuple(routes),
        UnknownPrice.ALLOW,
        policy=Policy(tuple(rules), metadata),
    )


PROFILES = st.builds(
    profile,
    st.lists(RULES, max_size=3),
    st.lists(ROUTES, min_size=1, max_size=4),
    st.sampled_from([(), ("tier",)]),
)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    turns = [Message("user", (Text(draw(TEXTS)),))]
    if draw(st.booleans()):
        turns.insert(0, Message("system", (Text(draw(TEXTS)),)))
    if draw(st.booleans()):
        turns.append(Message("user", (Image("data:image/png;base64,iVBORw0KGgo="),)))
    request = Request(
        tuple(turns),
        Settings(max_output_tokens=draw(st.sampled_from([None, 90])), seed=draw(st.none())),
        (Tool("f"),) if draw(st.booleans()) else (),
        dialect=draw(st.sampled_from(["openai", "gemini"])),
    )
    metadata = draw(st.sampled_from([{}, {"tier": "Free"}, {"tier": "pro-2", "user": MAIL}]))
    return Row("r", 1, draw(st.binary(min_size=16, max_size=16)), request, b"", metadata)


def recorded(row: Row, plan: Any, snapshot: dict[str, Figures], pass_number: int) -> dict[str, Any]:
    told = {
        "pass": pass_number,
        "features": basis_told(plan.basis, ["tier"]),
        "figures": {name: figures_told(figures) for name, figures in snapshot.items()},
        **plan_told(plan, len(NAMES)),
    }
    return orjson.loads(orjson.dumps(told, default=str))


@settings(deadline=None)
@given(PROFILES, st.none() | PROFILES, rows(), st.dictionaries(st.sampled_from(NAMES), FIGURES))
def test_a_decision_comes_out_the_same_without_the_text(now, before, row, snapshot):
    earlier = [] if before is None else [before]
    held_to = [EarlierProfile(one) for one in earlier]
    plan = Planner(now).plan(row, snapshot, held_to=held_to)
    chain = ProfileChain(now, tuple(Superseded(one, 1) for one in earlier))
    told = recorded(row, plan, snapshot, len(earlier) + 1)
    written = orjson.dumps(told)
    assert MAIL.encode() not in written
    assert CARD.encode() not in written
    replay = Replay(chain)
    replay.follow(told)
    assert replay.difference(told) is None
    again = replay.plan(told, explain=True)
    assert [one.matched for one in again.rules].count(True) == bool(plan.route)


def test_a_decision_that_another_profile_would_make_differs():
    route = Route("r", "fallback", ("us", "eu"))
    private = PolicyRule("one", None, Requirement(private=True))
    open_to_all, closed = profile([], [route], ()), profile([private], [route], ())
    row = Row("r", 1, b"d" * 16, Request((Message("user", (Text("hi"),)),)), b"")
    told = recorded(row, Planner(open_to_all).plan(row, {}), {}, 1)
    assert Replay(ProfileChain(open_to_all)).difference(told) is None
    assert Replay(ProfileChain(closed)).difference(told) == "eligible"
    assert Replay(ProfileChain(open_to_all)).difference(told | {"route": "x"}) == "route"
    assert Replay(ProfileChain(open_to_all)).difference(told | {"features": 3}) is not None


def test_the_figures_of_a_decision_decide_again():
    route = Route("r", "fastest", ("us", "eu"))
    chain = ProfileChain(profile([], [route], ()))
    row = Row("r", 1, b"d" * 16, Request((Message("user", (Text("hi"),)),)), b"")
    snapshot = {"us": Figures(1, 0, 900.0), "eu": Figures(1, 0, 100.0)}
    told = recorded(row, Planner(chain.profile).plan(row, snapshot), snapshot, 1)
    replay = Replay(chain)
    replay.follow(told)
    assert replay.difference(told) is None
    replay.follow({"figures": {"eu": [1, 1000.0, 1.0, 1.0]}})
    assert replay.difference(told) == "calls"


def test_a_learned_route_is_decided_again_by_a_rounded_score():
    prompts, weak, strong = graded(120)
    head = fit(read_texts(prompts), weak, strong).head
    file = write_route(
        LearnedRoute(("us", "eu"), {"eu": head}, Threshold(0.1)),
        name="r",
        made_by="test",
        data=DataPart(rows=120, digest=""),
        settings={},
        evidence={},
    )
    route = Route("r", "learned", ("us", "eu"), options={"learned": "r.json"})
    files = {"r.json": file.model_dump(exclude_none=True)}
    chain = ProfileChain(replace(profile([], [route], ()), files=files))
    taken = set()
    for prompt in ("prove the lemma about the eigenvalue", "hello thanks for the music"):
        row = Row("r", 1, b"d" * 16, Request((Message("user", (Text(prompt),)),)), b"")
        told = recorded(row, Planner(chain.profile).plan(row, {}), {}, 1)
        score = told["features"]["scores"]["eu"]
        assert score == round(score, 2)
        replay = Replay(chain)
        assert replay.difference(told) is None
        taken.add(replay.plan(told).calls[0].model)
        other = told | {"features": told["features"] | {"scores": {"eu": -score}}}
        assert replay.difference(other) == "calls"
        assert replay.difference(told | {"features": {}}) is not None
    assert taken == {"us", "eu"}
