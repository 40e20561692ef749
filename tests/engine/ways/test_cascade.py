"""A cascade: who is asked, what is found, what is given and what it cost."""

from __future__ import annotations

import sys
from decimal import Decimal

import pytest

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.errors import CallError, ErrorKind, ProfileError
from airoute_cli.core.money import Usage
from airoute_cli.core.outcome import RowState, StepVerdict
from airoute_cli.core.plan import CallRole
from airoute_cli.core.policy import Forbidden, Policy, PolicyRule
from airoute_cli.core.profile import RunSettings
from tests.engine.ways.bench import Bench, saying

LONG = {"min_length": 3}


def down(_request, _n):
    return CallError(ErrorKind.SERVER, "scripted outage", status=500)


def refusing(_request, _n):
    return Completion("", FinishReason.REFUSAL, refusal="I will not", usage=Usage(1, 1))


def sure(text: str, confidence: float | None):
    return lambda *_: Completion(text, FinishReason.STOP, usage=Usage(1, 1), confidence=confidence)


def cascade(says, models=("weak", "strong"), **options):
    return Bench(says, "cascade", models, **options)


def test_an_accepted_answer_is_given_and_nobody_else_is_asked():
    bench = cascade({"weak": saying("four"), "strong": saying("4")}, accept=LONG)
    outcome = bench.run()
    assert (outcome.completion.text, outcome.model, outcome.accepted) == ("four", "weak", True)
    assert bench.asked == {"weak": 1}
    assert bench.heard == ["four"]
    assert [step.verdict for step in outcome.steps] == [StepVerdict.ACCEPTED]


def test_an_answer_that_is_not_accepted_leads_to_the_next_model_and_all_is_paid():
    bench = cascade({"weak": saying("4"), "strong": saying("four")}, accept=LONG)
    outcome = bench.run()
    assert (outcome.completion.text, outcome.model, outcome.accepted) == ("four", "strong", True)
    weak, strong = outcome.steps
    assert (weak.model, weak.verdict, weak.check) == ("weak", StepVerdict.REJECTED, "min_length")
    assert (strong.model, strong.verdict, strong.check) == ("strong", StepVerdict.ACCEPTED, None)
    assert [step.usd for step in outcome.steps] == [Decimal(2), Decimal(2)]
    assert outcome.usd == Decimal(4)
    assert bench.heard == ["four"], "what was not accepted is never heard"


@pytest.mark.parametrize("on_rejected", ["keep", "fail"])
def test_where_no_answer_is_accepted_the_last_one_is_kept_or_the_row_fails(on_rejected):
    bench = cascade(
        {"weak": saying("4"), "strong": saying("5")}, accept=LONG, on_rejected=on_rejected
    )
    outcome = bench.run()
    assert outcome.accepted is False
    assert outcome.completion.text == "5"
    if on_rejected == "keep":
        assert outcome.state is RowState.COMPLETED
    else:
        assert outcome.state is RowState.FAILED
        assert outcome.failure.code == "not_accepted"
        assert "strong: min_length" in outcome.failure.message


def test_what_was_replaced_is_put_back_before_an_answer_is_accepted_or_not():
    mail = "anna@example.com"
    rule = PolicyRule("masked", redact=frozenset({"pii.email"}))
    looks = f"import sys; sys.exit(sys.stdin.read() != '“to {mail} and more”')"
    accept = {
        "regex": mail,
        "max_length": 30,
        "quotes": True,
        "verify": [sys.executable, "-c", looks],
    }
    says = {"weak": saying("“to <EMAIL_1> and more”"), "strong": saying("never")}
    bench = cascade(says, accept=accept, policy=Policy((rule,)))
    outcome = bench.run_for_real(f"write to {mail} and more")
    assert (outcome.model, outcome.accepted) == ("weak", True), outcome.steps
    assert outcome.completion.text == f"“to {mail} and more”"
    assert mail not in str(bench.requests)


def test_an_outage_leads_to_the_next_model_without_waiting_for_it():
    bench = cascade({"weak": down, "strong": saying("four")}, accept=LONG)
    outcome = bench.run()
    assert (outcome.model, outcome.accepted) == ("strong", True)
    assert outcome.state is RowState.COMPLETED


def test_an_answer_that_was_not_accepted_is_kept_where_the_next_model_is_down():
    bench = cascade({"weak": saying("4"), "strong": down}, accept=LONG)
    outcome = bench.run()
    assert (outcome.completion.text, outcome.accepted) == ("4", False)
    assert [step.verdict for step in outcome.steps] == [StepVerdict.REJECTED, StepVerdict.FAILED]
    assert outcome.steps[1].check == "server"


def test_a_wrong_key_of_the_strong_model_leaves_the_row_instead_of_keeping_the_weak_answer():
    def locked(*_):
        return CallError(ErrorKind.AUTH, "wrong key", status=401)

    outcome = cascade({"weak": saying("4"), "strong": locked}, accept=LONG).run()
    assert outcome.state is RowState.PENDING
    assert [step.model for step in outcome.steps] == ["weak"]


def test_the_fallback_answers_an_outage_and_is_not_a_step_of_the_cascade():
    bench = cascade(
        {"weak": saying("4"), "strong": saying("5"), "spare": saying("spare")},
        fallback=("spare",),
        accept=LONG,
    )
    assert bench.run().completion.text == "5", "a rejected answer does not lead to the fallback"
    assert bench.asked["spare"] == 0
    bench = cascade(
        {"weak": down, "strong": down, "spare": saying("spare")}, fallback=("spare",), accept=LONG
    )
    assert bench.run().completion.text == "spare"


def test_a_refusal_is_final_unless_the_route_says_otherwise():
    says = {"weak": refusing, "strong": saying("four")}
    outcome = cascade(says).run()
    assert (outcome.model, outcome.accepted) == ("weak", False)
    assert outcome.steps[0].check == "refusal"
    outcome = cascade(says, escalate_on_refusal=True).run()
    assert (outcome.model, outcome.accepted) == ("strong", True)
    assert [step.check for step in outcome.steps] == ["refusal", None]


def test_a_refusal_in_the_form_of_an_error_is_one_too():
    def filtered(*_):
        return CallError(ErrorKind.CONTENT_POLICY, "filtered", status=400)

    says = {"weak": filtered, "strong": saying("four")}
    assert cascade(says).run().state is RowState.FAILED
    outcome = cascade(says, escalate_on_refusal=True).run()
    assert (outcome.model, outcome.steps[0].check) == ("strong", "content_policy")


def test_a_bad_request_is_final():
    def bad(*_):
        return CallError(ErrorKind.BAD_REQUEST, "no", status=400)

    bench = cascade({"weak": bad, "strong": saying("four")}, escalate_on_refusal=True)
    assert bench.run().state is RowState.FAILED
    assert bench.asked["strong"] == 0


@pytest.mark.parametrize(
    ("confidence", "model"), [(0.9, "weak"), (0.6, "strong"), (None, "strong")]
)
def test_the_tokens_probabilities_are_asked_for_and_decide(confidence, model):
    bench = cascade(
        {"weak": sure("four", confidence), "strong": sure("4", None)},
        accept={"min_confidence": 0.8},
    )
    outcome = bench.run()
    assert outcome.model == model
    assert outcome.accepted is True, "the last model's confidence is not asked for"
    assert outcome.steps[0].confidence == confidence
    asked = [request.settings.extra.get("logprobs") for _, request in bench.requests]
    assert asked == [True, None][: len(asked)]


@pytest.mark.parametrize(
    ("texts", "text", "model"),
    [
        (("4", "4", "5"), "4", "weak"),
        (("5", "4", "4"), "4", "weak"),
        (("3", "4", "5"), "six", "strong"),
    ],
)
def test_samples_that_agree_are_sure(texts, text, model):
    bench = cascade(
        {"weak": saying(*texts), "strong": saying("six")},
        accept={"min_confidence": 0.6, "confidence": "agreement", "samples": 3},
    )
    outcome = bench.run()
    assert (outcome.completion.text, outcome.model) == (text, model)
    seeds = [r.settings.seed for name, r in bench.requests if name == "weak"]
    assert sorted(seeds) == [0, 1, 2]
    assert {r.settings.temperature for name, r in bench.requests if name == "weak"} == {0.7}
    assert outcome.steps[0].usd == Decimal(6), "samples are paid for"


@pytest.mark.parametrize(("score", "model"), [(9, "weak"), (5, "strong"), ("nonsense", "strong")])
def test_a_judge_scores_what_was_answered(score, model):
    bench = cascade(
        {"weak": saying("four"), "strong": saying("4"), "judge": saying(f'{{"score": {score}}}')},
        accept={"min_confidence": 0.8, "confidence": "judge", "judge": "judge"},
    )
    outcome = bench.run("What is 2 + 2?")
    assert outcome.model == model
    assert outcome.steps[0].usd == Decimal(4)
    (asked,) = [request for name, request in bench.requests if name == "judge"]
    said = asked.messages[-1].text
    assert "What is 2 + 2?" in said
    assert "<answer>\nfour\n</answer>" in said
    roles = [call.role for call in bench.plan.calls]
    assert roles == [CallRole.ANSWER, CallRole.JUDGE, CallRole.ESCALATION]


def test_a_judge_with_a_wrong_key_leaves_the_row_instead_of_escalating_everything():
    def locked(*_):
        return CallError(ErrorKind.AUTH, "wrong key", status=401)

    bench = cascade(
        {"weak": saying("four"), "strong": saying("4"), "judge": locked},
        accept={"min_confidence": 0.8, "confidence": "judge", "judge": "judge"},
    )
    assert bench.run().state is RowState.PENDING
    assert bench.asked["strong"] == 0


def test_a_judge_that_may_not_see_the_row_is_not_asked():
    rule = PolicyRule("no judge", forbid=Forbidden(models=("judge",)))
    bench = cascade(
        {"weak": saying("four"), "strong": saying("4"), "judge": saying('{"score": 10}')},
        policy=Policy((rule,)),
        accept={"min_confidence": 0.8, "confidence": "judge", "judge": "judge"},
    )
    assert bench.run().model == "strong"
    assert bench.asked["judge"] == 0


def test_a_command_decides_by_its_exit_code():
    check = "import sys; sys.exit('4' not in sys.stdin.read() and 'no 4 in it')"
    accept = {"verify": [sys.executable, "-c", check]}
    outcome = cascade({"weak": saying("five"), "strong": saying("4")}, accept=accept).run_for_real()
    assert outcome.model == "strong"
    assert (outcome.steps[0].check, outcome.steps[0].reason) == (
        "verify",
        "exit code 1: no 4 in it",
    )


def test_retries_escalations_and_judges_share_one_count_of_attempts():
    bench = cascade(
        {"weak": down, "strong": down}, accept=LONG, settings=RunSettings(max_attempts=4)
    )
    outcome = bench.run()
    assert outcome.state is RowState.FAILED
    assert len(outcome.attempts) == 4


def test_the_plan_holds_the_dearest_path():
    bench = cascade(
        {"weak": saying("4"), "strong": saying("4"), "judge": saying('{"score": 1}')},
        accept={"min_confidence": 0.8, "confidence": "judge", "judge": "judge"},
    )
    bench.run()
    calls = bench.plan.calls
    assert bench.plan.worst_usd == sum(call.worst_usd for call in calls)
    assert bench.plan.expected_usd == calls[0].expected_usd + calls[1].expected_usd
    assert calls[1].input_tokens > calls[0].input_tokens + calls[0].max_output_tokens


@pytest.mark.parametrize(
    ("models", "options", "told"),
    [
        (("weak",), {}, "a cascade goes from one model to the next"),
        (
            ("weak", "strong"),
            {"accept": {"min_confidence": 0.5, "confidence": "judge", "judge": "weak"}},
            "would judge its own answers",
        ),
    ],
)
def test_a_route_that_cannot_be_meant_is_a_problem(models, options, told):
    bench = cascade({"weak": saying("4"), "strong": saying("4")}, models, **options)
    with pytest.raises(ProfileError, match=told):
        bench.run()
