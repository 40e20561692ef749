from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.profile import Provider, Route
from airoute_cli.core.request import Capability, Tool
from airoute_cli.routing.earlier import EarlierProfile
from airoute_cli.routing.planner import Planner

NAMES = st.lists(st.sampled_from("abcd"), min_size=1, unique=True)
CHAINS = st.lists(NAMES, max_size=3)


def _profile(make, names, **fields):
    models = [make.model(name, **fields) for name in names]
    return make.profile([Route("all", "fallback", tuple(names))], models)


@given(NAMES, CHAINS)
def test_a_plan_calls_only_what_every_profile_allows(make, now, before):
    held_to = [EarlierProfile(_profile(make, names)) for names in before]
    plan = Planner(_profile(make, now)).plan(make.row(), {}, held_to=held_to)
    allowed = set(now).intersection(*before)
    assert [call.model for call in plan.calls] == [name for name in now if name in allowed]
    assert bool(plan.refusal) == (not allowed)


def test_a_model_is_compared_by_what_it_is(make):
    here = _profile(make, "a")
    elsewhere = Provider("cloud", "openai", base_url="https://elsewhere.example/v1")
    moved = replace(here, models={"a": replace(here.models["a"], provider=elsewhere)})
    renamed = replace(_profile(make, "b"), models={"b": replace(here.models["a"], name="b")})
    planner = Planner(here)
    assert planner.plan(make.row(), {}, held_to=[EarlierProfile(renamed)]).calls
    plan = planner.plan(make.row(), {}, held_to=[EarlierProfile(moved)])
    assert plan.refusal == (
        'no model of route "all" may answer: a: not by profile "test", under which the row was '
        "tried: it has no such model"
    )


def test_what_the_earlier_profile_knew_of_a_model_counts(make):
    row = make.row(tools=(Tool("look_up"),))
    able = _profile(make, "a", capabilities=frozenset({Capability.TOOLS}))
    held_to = [EarlierProfile(_profile(make, "a"))]
    plan = Planner(able).plan(row, {}, held_to=held_to)
    assert plan.refusal is not None
    assert plan.refusal.endswith("under which the row was tried: cannot do tools")
