"""Answers that the model or its provider did not want to give, and how they are told."""

from __future__ import annotations

import pytest

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.money import Usage
from airoute_cli.core.outcome import RowState
from airoute_cli.engine.counts import Counts
from airoute_cli.engine.result_line import airoute_object
from airoute_cli.engine.summary import flag_sentences, summarise, summary_md
from airoute_cli.engine.tally import Tally
from tests.engine.ways.bench import Bench, saying

FILTER, REFUSAL = FinishReason.CONTENT_FILTER, FinishReason.REFUSAL
RUN = {"name": "r", "input": "i", "profile": "p", "ended": "now", "state": "done", "seconds": 1.0}


def withheld(text: str, reason: FinishReason, refusal: str | None = None) -> Completion:
    return Completion(text, reason, refusal=refusal, usage=Usage(1, 1))


@pytest.mark.parametrize(
    ("completion", "flag", "told"),
    [
        (withheld("The first step is", FILTER), "filtered", "cut by the content filter"),
        (withheld("I cannot", REFUSAL), "refused", "refused by the model itself"),
        (withheld("", FinishReason.STOP, "No."), "refused", "refused by the model itself"),
        (withheld("On and", FinishReason.LENGTH), "truncated", "cut at the token limit"),
    ],
)
def test_what_was_said_is_kept_flagged_and_counted(completion: Completion, flag: str, told: str):
    made = Bench({"a": lambda _request, _n: completion, "b": saying("x")}, "fallback", ("a", "b"))
    outcome = made.run()
    assert (outcome.state, made.asked.total()) == (RowState.COMPLETED, 1)
    about = airoute_object(1, b"", outcome, made.profile)
    flags = {name for name in ("filtered", "refused", "truncated") if about.get(name)}
    assert flags == {flag}

    tally = Tally()
    tally.add(about)
    summary = summarise(RUN, Counts(), tally, {})
    assert (summary[flag], summary["shares"][0][flag]) == (1, 1)
    [sentence] = flag_sentences(summary)
    assert sentence.startswith(f"1 answer {told}")
    assert sentence in summary_md(summary)


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (FILTER, "the provider's content filter gave no answer to this prompt"),
        (REFUSAL, "a gave no answer to this prompt"),
    ],
)
@pytest.mark.parametrize("strategy", ["fallback", "cascade"])
def test_where_nothing_came_the_row_fails_and_nobody_else_is_asked(
    reason: FinishReason, told: str, strategy: str
):
    made = Bench(
        {"a": lambda _request, _n: withheld(" ", reason), "b": saying("x")}, strategy, ("a", "b")
    )
    outcome = made.run()
    assert outcome.failure
    assert (outcome.state, made.asked.total()) == (RowState.FAILED, 1)
    assert (outcome.failure.code, outcome.failure.message) == ("content_policy", told)


def test_a_member_whose_answer_was_filtered_does_not_count():
    cut = withheld("The first", FILTER)
    says = {"a": lambda _request, _n: cut, "b": saying("seven"), "c": saying("seven")}
    outcome = Bench(says, "ensemble", ("a", "b", "c")).run()
    assert outcome.completion
    assert outcome.completion.text == "seven"
    assert outcome.steps[0].check == "refusal"
