from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.plan import Plan
from airoute_cli.core.policy import Forbidden, OnEmpty, Policy, PolicyRule, Requirement
from airoute_cli.core.profile import Model, Profile, Provider, Route, When
from airoute_cli.core.request import Image, Message, Request, Row, Text
from airoute_cli.core.scan import classes_of
from airoute_cli.routing.planner import Planner
from tests.routing.conftest import Make

MAIL = "write to anna@example.com"
CARD = "pay with 4111 1111 1111 1111"
PRIVATE = Requirement(private=True)
PII = When(detects=("pii",))
HOME = Provider("home", "llama-cpp")
MODELS = [
    Model("small", HOME, "w", Make.price(0), private=True),
    Make.model("eu", retention="30d"),
    Make.model("us"),
]
ROUTES = [
    Route("code", "single", ("us",), fallback=("small",), when=When(contains_any=("code",))),
    Route("rest", "fallback", ("us", "eu", "small")),
]


def profile(*rules: PolicyRule, routes: list[Route] | None = None, **policy: Any) -> Profile:
    made = Make.profile(routes or ROUTES, MODELS)
    return replace(made, policy=Policy(rules, **policy))


def plan(rules: tuple[PolicyRule, ...], row: Row, **asked: Any) -> Plan:
    return Planner(profile(*rules)).plan(row, {}, explain=True, **asked)


def with_image(text: str = "hi") -> Row:
    parts = (Text(text), Image("data:image/png;base64,AA"))
    return Make.row()._replace(request=Request((Message("user", parts),)))


def called(made: Plan) -> list[str]:
    return [call.model for call in made.calls]


def test_without_rules_everybody_is_eligible_and_nothing_is_scanned(make: Any):
    made = plan((), make.row(MAIL))
    assert made.eligible == {"small", "eu", "us"}
    assert (made.ruling.rules, made.ruling.scan) == ((), None)


def test_a_rule_takes_away_whom_it_does_not_allow(make: Any):
    rule = PolicyRule("pii", PII, PRIVATE)
    made = plan((rule,), make.row(MAIL))
    assert called(made) == ["small"]
    assert made.eligible == {"small"}
    assert made.ruling.rules == ("pii",)
    assert made.ruling.scan
    assert made.ruling.scan.findings == {"pii.email": 1}
    assert made.candidates[0].reason == 'policy "pii": it is not private'
    assert made.ruling.verdicts[0].reason == "found 1 pii.email"
    assert called(plan((rule,), make.row("nothing personal"))) == ["us", "eu", "small"]


def test_privacy_is_proved_or_told_as_declared_where_a_rule_relies_on_it(make: Any):
    far = replace(Make.model("far"), private=True)
    rules = (PolicyRule("pii", PII, PRIVATE), PolicyRule("none of us", None, Requirement()))
    made = replace(profile(*rules), models={one.name: one for one in (*MODELS, far)})
    ruling = Planner(made).plan(make.row(MAIL), {}).ruling
    assert (ruling.eligible, ruling.declared) == ({"small", "far"}, {"far"})
    assert Planner(made).plan(make.row("hi"), {}).ruling.declared == set()
    assert ruling.within(frozenset({"small"}), frozenset()).declared == set()


def test_rules_apply_together(make: Any):
    no_us = PolicyRule("no-us", None, forbid=Forbidden(models=("us",)))
    kept = PolicyRule("kept", None, Requirement(retention="30d"))
    made = plan((no_us, kept), make.row())
    assert made.eligible == {"eu"}
    assert made.ruling.verdicts[0].reason == "it holds for every row"


def test_the_fallback_and_a_model_named_by_hand_are_held_to_the_rules(make: Any):
    rule = PolicyRule("pii", PII, PRIVATE)
    assert called(plan((rule,), make.row(f"code {MAIL}"))) == ["small"]
    by_hand = plan((rule,), make.row(MAIL), only_model="us")
    assert by_hand.calls == ()
    assert by_hand.refusal == (
        'no model of route "(-m)" may answer: us: policy "pii": it is not private'
    )


def test_the_rule_that_takes_the_last_one_decides_what_becomes_of_the_row(make: Any):
    routes = [Route("r", "fallback", ("us", "eu"))]
    first = PolicyRule("no-us", None, forbid=Forbidden(models=("us",)))
    last = PolicyRule("no-eu", None, forbid=Forbidden(models=("eu",)), on_empty=OnEmpty.HANDOFF)
    for rules in ((first, last), (last, first)):
        made = Planner(profile(*rules, routes=routes)).plan(make.row(), {})
        assert made.calls == ()
        assert made.on_empty == rules[-1].on_empty


def test_what_cannot_be_read_is_taken_to_be_there():
    rule = PolicyRule("pii", PII, PRIVATE)
    made = plan((rule,), with_image())
    assert made.eligible == {"small"}
    assert made.ruling.verdicts[0].reason == (
        "could not read message 1: an image, so pii is taken to be there"
    )


def test_what_cannot_be_read_never_frees_a_row_under_not():
    clean = PolicyRule("unless-clean", When(not_=When(detects=("secret",))), PRIVATE)
    assert plan((clean,), with_image()).eligible == {"small"}
    no_pii = When(not_=When(not_=PII))
    assert plan((PolicyRule("twice", no_pii, PRIVATE),), with_image()).eligible == {"small"}


def test_a_scan_is_only_made_where_the_other_conditions_hold(make: Any):
    rule = PolicyRule("pii", When(metadata={"region": ("eu",)}, detects=("pii",)), PRIVATE)
    assert plan((rule,), make.row(MAIL)).ruling.scan is None
    assert plan((rule,), make.row(MAIL, metadata={"region": "EU"})).eligible == {"small"}


def test_redaction_frees_the_row_of_its_own_rule(make: Any):
    rule = PolicyRule("pii", PII, PRIVATE, redact=classes_of(["pii.email"]))
    freed = plan((rule,), make.row(MAIL))
    assert freed.eligible == {"small", "eu", "us"}
    assert (freed.ruling.rules, freed.ruling.redact) == (("pii",), {"pii.email"})
    kept = plan((rule,), make.row(f"{MAIL}, {CARD}"))
    assert (kept.eligible, kept.ruling.redact) == ({"small"}, {"pii.email"})


def test_redaction_frees_the_row_of_no_other_rule(make: Any):
    redacts = PolicyRule("redact", PII, redact=classes_of(["pii"]))
    strict = PolicyRule("strict", PII, PRIVATE)
    assert plan((redacts, strict), make.row(MAIL)).eligible == {"small"}


def test_what_cannot_be_read_cannot_be_redacted():
    redacts = PolicyRule("redact", PII, redact=classes_of(["pii"]))
    made = plan((redacts,), with_image())
    assert made.eligible == {"small"}
    assert str(made.ruling.excluded["us"]) == (
        'policy "redact": it is not private, and not all could be read to redact it'
    )


def test_a_row_without_required_metadata_fails(make: Any):
    planner = Planner(profile(require_metadata=("region", "tier")))
    made = planner.plan(make.row(metadata={"tier": ""}), {})
    assert (made.calls, made.on_empty) == ((), OnEmpty.FAIL)
    assert made.refusal == (
        "the row has no metadata.region and no metadata.tier, which [policy] require_metadata "
        "asks of every row"
    )
    assert planner.plan(make.row(metadata={"tier": "free", "region": 0}), {}).calls


def test_a_route_may_ask_what_is_in_the_row(make: Any):
    routes = [Route("personal", "single", ("small",), when=PII), *ROUTES]
    planner = Planner(profile(routes=routes))
    assert planner.plan(make.row(MAIL), {}).route == "personal"
    assert planner.plan(make.row("hi"), {}).route == "rest"


TEXTS = st.sampled_from(["hi", "code", MAIL, CARD, f"{MAIL} {CARD}", "sk-aB3dE5fG7hJ9kL1mN3pQ5r"])
CLASSES = st.sampled_from(["pii", "pii.email", "pii.card", "secret"])
WHENS = st.recursive(
    st.one_of(
        st.builds(lambda name: When(detects=(name,)), CLASSES),
        st.just(When(contains_any=("code",))),
        st.just(When(metadata={"region": ("eu",)})),
    ),
    lambda inner: st.one_of(
        st.builds(lambda when: When(not_=when), inner),
        st.builds(lambda a, b: When(any=(a, b)), inner, inner),
        st.builds(lambda a, b: When(all=(a, b)), inner, inner),
    ),
    max_leaves=4,
)
REQUIREMENTS = st.sampled_from(
    [
        Requirement(),
        PRIVATE,
        Requirement(retention="30d"),
        Requirement(models=("us", "small")),
        Requirement(providers=("cloud",)),
    ]
)
RULES = st.builds(
    PolicyRule,
    st.sampled_from(["one", "two"]),
    st.none() | WHENS,
    REQUIREMENTS,
    st.sampled_from([Forbidden(), Forbidden(models=("us",)), Forbidden(providers=("home",))]),
    st.sampled_from([frozenset(), classes_of(["pii"]), classes_of(["pii.email"])]),
)
ROWS = st.builds(
    lambda text, image, region: (with_image(text) if image else Make.row(text))._replace(
        metadata={"region": region}
    ),
    TEXTS,
    st.booleans(),
    st.sampled_from(["eu", "us"]),
)


@given(st.lists(RULES, max_size=3), RULES, st.integers(0, 3), ROWS)
def test_a_rule_more_never_lets_anybody_in(
    rules: list[PolicyRule], more: PolicyRule, place: int, row: Row
):
    before = plan(tuple(rules), row)
    after = plan((*rules[:place], more, *rules[place:]), row)
    assert after.eligible <= before.eligible
    assert before.ruling.redact <= after.ruling.redact


@given(st.lists(RULES, max_size=3), TEXTS, st.sampled_from([None, "us", "eu", "small"]))
def test_no_call_is_planned_outside_and_an_image_lets_nobody_in(
    rules: list[PolicyRule], text: str, model: str | None
):
    clear = plan(tuple(rules), Make.row(text), only_model=model)
    blurred = plan(tuple(rules), with_image(text), only_model=model)
    for made in (clear, blurred):
        assert set(called(made)) <= made.eligible
        assert made.eligible == {"small", "eu", "us"} - set(made.ruling.excluded)
    assert blurred.eligible <= clear.eligible
