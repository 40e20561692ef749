from __future__ import annotations

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.request import Message, Request, Text, ToolCall
from airoute_cli.core.scan import BY_PATTERN
from airoute_cli.routing.redaction import Redaction, Relay
from airoute_cli.routing.scan.scanner import Scanner

ANNA, BERT = "anna@example.com", "bert@example.org"


def asked(*texts: str) -> Request:
    return Request(tuple(Message("user", (Text(text),)) for text in texts))


def texts(request: Request) -> list[str]:
    return [message.text for message in request.messages]


def test_the_same_value_has_the_same_placeholder_everywhere():
    redaction = Redaction(BY_PATTERN)
    hidden = redaction.hide(asked(f"{ANNA} and {BERT}", f"{ANNA}, +49 30 901820"))
    assert texts(hidden) == ["<EMAIL_1> and <EMAIL_2>", "<EMAIL_1>, <PHONE_1>"]
    assert redaction.show("Dear <EMAIL_2>, <PHONE_1>, <EMAIL_3>") == (
        f"Dear {BERT}, +49 30 901820, <EMAIL_3>"
    )


def test_what_is_disguised_is_hidden_whole_and_comes_back_as_it_was():
    redaction = Redaction(BY_PATTERN)
    wide = "".join(chr(ord(char) + 0xFEE0) for char in "b@example.org")
    said = f"to an\u200bna@exa\u00admple.com, {wide} and ?c%40example.net&d=1"
    [hidden] = texts(redaction.hide(asked(said)))
    assert hidden == "to <EMAIL_1>, <EMAIL_2> and ?<EMAIL_3>&d=1"
    assert redaction.show(hidden) == said


def test_what_is_not_seen_may_be_a_gap_or_none():
    [hidden] = texts(Redaction(BY_PATTERN).hide(asked(f"{ANNA}\u200b{BERT}")))
    assert "@" not in hidden
    assert "anna" not in hidden


def test_only_what_was_asked_for_is_hidden():
    assert texts(Redaction({"pii.card"}).hide(asked(ANNA))) == [ANNA]


def test_a_placeholder_that_the_user_wrote_keeps_its_own_sense():
    redaction = Redaction(BY_PATTERN)
    hidden = redaction.hide(asked(ANNA, "what is <EMAIL_1>?"))
    assert texts(hidden) == ["<EMAIL_2>", "what is <EMAIL_1>?"]
    assert redaction.show("<EMAIL_1> <EMAIL_2>") == f"<EMAIL_1> {ANNA}"


def test_findings_that_overlap_become_one_placeholder():
    hidden = Redaction(BY_PATTERN).hide(asked("postgres://app:s3cr3tPW@db.example.com/app"))
    assert texts(hidden) == ["postgres://app:<PASSWORD_1>@db.example.com/app"]


def test_a_tool_call_comes_back_as_valid_json():
    redaction = Redaction(BY_PATTERN)
    arguments = json.dumps({"to": 'password: "a\\b9Xq!', "card": 4111111111111111})
    hidden = redaction.hide(Request((Message("assistant", (), (ToolCall("1", "f", arguments),)),)))
    sent = hidden.messages[0].tool_calls[0].arguments
    assert "4111111111111111" not in sent
    assert json.loads(sent)["card"] == "<CARD_1>"
    answer = Completion("", FinishReason.TOOL_CALLS, tool_calls=(ToolCall("2", "g", sent),))
    shown = redaction.show_completion(answer).tool_calls[0].arguments
    assert json.loads(shown) == {"to": 'password: "a\\b9Xq!', "card": "4111111111111111"}


def test_json_in_an_answer_stays_json_whatever_comes_back():
    redaction = Redaction(BY_PATTERN)
    said = 'password: "a\\b9Xq!'
    [hidden] = texts(redaction.hide(asked(said)))
    answer = json.dumps({"was": hidden})
    assert json.loads(redaction.show_answer(answer)) == {"was": said}
    assert redaction.show_answer(hidden) == said


def test_every_text_of_an_answer_comes_back():
    redaction = Redaction(BY_PATTERN)
    redaction.hide(asked(ANNA))
    answer = Completion(
        "<EMAIL_1>", FinishReason.STOP, reasoning="r <EMAIL_1>", refusal="<EMAIL_1>"
    )
    shown = redaction.show_completion(answer)
    assert (shown.text, shown.reasoning, shown.refusal) == (ANNA, f"r {ANNA}", ANNA)


def relayed(answer: str, cuts: list[int], redaction: Redaction) -> list[str]:
    said: list[str] = []
    relay = Relay(redaction, said.append)
    places = sorted({0, len(answer), *(cut % (len(answer) + 1) for cut in cuts)})
    for start, end in pairwise(places):
        relay(answer[start:end])
    relay.finish()
    return said


def test_a_placeholder_cut_by_a_chunk_waits_for_its_end():
    redaction = Redaction(BY_PATTERN)
    redaction.hide(asked(ANNA))
    said: list[str] = []
    relay = Relay(redaction, said.append)
    relay("to <EMA")
    assert said == ["to "]
    relay("IL_1> <b>")
    assert said == ["to ", f"{ANNA} <b>"]
    relay("1 <")
    relay.finish()
    assert "".join(said) == f"to {ANNA} <b>1 <"


VALUES = st.sampled_from(
    [
        *(ANNA, BERT, "4111 1111 1111 1111", "+49 30 901820", "DE89 3704 0044 0532 0130 00"),
        *("8.8.8.8", "536-90-4399", "password: hunter2!"),
        *("<EMAIL_1>", "<PHONE_2>", "<", ">", "<EMAIL_"),
    ]
)
PIECES = st.lists(st.one_of(VALUES, st.text(max_size=8)), max_size=8).map(" ".join)


@given(st.lists(PIECES, min_size=1, max_size=3), st.lists(st.integers(0, 400), max_size=12))
def test_redaction_round_trips_whole_and_streamed(given_texts: list[str], cuts: list[int]):
    redaction = Redaction(BY_PATTERN)
    request = asked(*given_texts)
    hidden = redaction.hide(request)
    assert Scanner(BY_PATTERN).scan(hidden).findings == {}
    assert [redaction.show(text) for text in texts(hidden)] == given_texts
    for text, original in zip(texts(hidden), given_texts, strict=True):
        assert "".join(relayed(text, cuts, redaction)) == original
