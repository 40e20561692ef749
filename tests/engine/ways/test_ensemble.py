"""An ensemble: several answers, one outcome, and members that fail."""

from __future__ import annotations

from decimal import Decimal

import pytest

from airoute_cli.core.errors import CallError, ErrorKind, ProfileError
from airoute_cli.core.outcome import RowState, StepVerdict
from airoute_cli.core.policy import Forbidden, Policy, PolicyRule
from airoute_cli.core.request import Message, Request, ResponseSchema, Text
from tests.engine.ways.bench import Bench, saying

SPLIT = {"a": saying("4"), "b": saying("5"), "c": saying("4.")}
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def down(_request, _n):
    return CallError(ErrorKind.SERVER, "scripted outage", status=500)


def ensemble(says, models=("a", "b", "c"), **options):
    return Bench(says, "ensemble", models, **options)


def test_what_most_say_is_given():
    bench = ensemble(SPLIT)
    outcome = bench.run()
    assert (outcome.completion.text, outcome.model) == ("4", "a")
    assert outcome.combined == "2 of 3 agree"
    assert [step.verdict for step in outcome.steps] == [
        StepVerdict.ACCEPTED,
        StepVerdict.OUTVOTED,
        StepVerdict.ACCEPTED,
    ]
    assert outcome.usd == Decimal(6)
    assert bench.heard == ["4"]


def test_samples_of_one_model_differ_by_their_seed():
    bench = ensemble({"a": saying("4", "5", "5")}, ("a",), samples=3)
    outcome = bench.run()
    assert outcome.completion.text == "5"
    assert sorted(request.settings.seed for _, request in bench.requests) == [0, 1, 2]
    assert [call.sample for call in bench.plan.calls] == [0, 1, 2]


def test_a_failed_member_does_not_fail_the_row():
    outcome = ensemble(SPLIT | {"b": down}).run()
    assert outcome.state is RowState.COMPLETED
    assert outcome.combined == "2 of 2 agree"
    failed = outcome.steps[1]
    assert (failed.model, failed.verdict, failed.check) == ("b", StepVerdict.FAILED, "server")


def test_too_few_members_fail_it_or_the_fallback_answers():
    says = {"a": saying("4"), "b": down, "c": down}
    outcome = ensemble(says).run()
    assert outcome.state is RowState.FAILED
    assert outcome.failure.code == "no_quorum"
    assert "1 of 3 members gave a valid answer, and 2 must" in outcome.failure.message
    assert ensemble(says, quorum=1).run().completion.text == "4"
    outcome = ensemble(says | {"spare": saying("six")}, fallback=("spare",)).run()
    assert (outcome.completion.text, outcome.accepted) == ("six", False)


def test_members_that_are_all_down_end_the_row_as_an_outage_does():
    outcome = ensemble(dict.fromkeys("abc", down)).run()
    assert outcome.state is RowState.FAILED
    assert outcome.failure.code == "server"


def test_an_answer_that_is_not_accepted_has_no_vote():
    says = {"a": saying("x"), "b": saying("x"), "c": saying('{"n": 1}')}
    request = Request((Message("user", (Text("n?"),)),), schema=ResponseSchema(schema=SCHEMA))
    options = {"combine": "first_valid", "quorum": 1, "accept": {"schema": True}}
    outcome = ensemble(says, **options).run(request=request)
    assert outcome.model == "c"
    assert [step.check for step in outcome.steps] == ["schema", "schema", None]


def test_of_numbers_the_median_is_given():
    says = {"a": saying("about 10"), "b": saying("900"), "c": saying("12")}
    outcome = ensemble(says, combine="median").run()
    assert (outcome.completion.text, outcome.combined) == ("12", "12 is the median of 3 numbers")


def test_answers_that_have_not_what_is_compared_cannot_be_combined():
    outcome = ensemble(SPLIT, field="price").run()
    assert (outcome.state, outcome.failure.code) == (RowState.FAILED, "not_combined")


@pytest.mark.parametrize(("said", "model"), [('{"best": 2}', "b"), ("Answer 3", "c"), ("?", "a")])
def test_a_judge_picks_and_where_it_says_nothing_of_use_the_vote_decides(said, model):
    bench = ensemble(SPLIT | {"j": saying(said)}, combine="judge", judge="j")
    assert bench.run().model == model


def test_a_judge_merges():
    bench = ensemble(
        SPLIT | {"j": saying("four or five")}, combine="judge", judge="j", judge_mode="merge"
    )
    outcome = bench.run()
    assert outcome.completion.text == "four or five"
    assert outcome.combined == "j merged 3 answers"
    assert outcome.usd == Decimal(8)


def test_a_judge_that_may_not_see_the_row_is_not_asked():
    rule = PolicyRule("no judge", forbid=Forbidden(models=("j",)))
    bench = ensemble(
        SPLIT | {"j": saying('{"best": 2}')}, combine="judge", judge="j", policy=Policy((rule,))
    )
    outcome = bench.run()
    assert outcome.combined == "without the judge's word: 2 of 3 agree"
    assert bench.asked["j"] == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"models": ("a",)}, "an ensemble of one is none"),
        ({"combine": "judge"}, "go together"),
        ({"judge": "c"}, "go together"),
        ({"quorum": 4}, "a quorum of 4 cannot be met by 3 members"),
        ({"accept": {"min_confidence": 0.5}}, "min_confidence is for a cascade"),
    ],
)
def test_a_route_that_cannot_be_meant_is_a_problem(options, told):
    with pytest.raises(ProfileError, match=told):
        ensemble(SPLIT, **options).run()
