from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.errors import SetupError
from airoute_cli.core.request import (
    Document,
    Image,
    Message,
    Request,
    ResponseSchema,
    Text,
    Thought,
    Tool,
    ToolCall,
)
from airoute_cli.core.scan import BY_MODEL, BY_PATTERN, CLASSES, DETECTABLE, Scan, classes_of
from airoute_cli.core.settings import Settings
from airoute_cli.routing.scan import scanner as scanner_module
from airoute_cli.routing.scan.national_id import COUNTRIES
from airoute_cli.routing.scan.scanner import Scanner
from airoute_cli.routing.scan.surface import DEEPEST, in_json_text, rewrite
from airoute_cli.routing.scan.table import DETECTORS

MAIL = "anna@example.com"
EMAILS = Scanner({"pii.email"})
EVERYTHING = Scanner(BY_PATTERN)


def asked(text: str = "hi", **fields: Any) -> Request:
    return Request((Message("user", (Text(text),)),), **fields)


def test_a_group_means_its_classes_that_patterns_find():
    assert classes_of(["secret"]) == {name for name in BY_PATTERN if name.startswith("secret.")}
    assert not classes_of(["pii"]) & set(BY_MODEL)
    assert classes_of(["pii.name", "pii.card"]) == {"pii.name", "pii.card"}


def test_every_class_has_a_detector_and_can_be_asked_for():
    assert set(DETECTORS) == set(CLASSES) < set(DETECTABLE)


def test_the_countries_of_national_numbers_are_stated():
    assert len(COUNTRIES) == 29


NESTED = {"outer": [{"to": MAIL}]}
PLACES = {
    "user turn": asked(MAIL),
    "system turn": Request((Message("system", (Text(MAIL),)),)),
    "tool result": Request((Message("tool", (Text(f'{{"to": "{MAIL}"}}'),), tool_call_id="1"),)),
    "second part": Request((Message("user", (Text("hi"), Text(MAIL))),)),
    "name of a turn": Request((Message("user", (Text("hi"),), name=MAIL),)),
    "tool call": Request(
        (Message("assistant", (), tool_calls=(ToolCall("1", "f", f'{{"to": "{MAIL}"}}'),)),)
    ),
    "escaped in a tool call": Request(
        (Message("assistant", (), tool_calls=(ToolCall("1", "f", '{"to": "anna\\u0040x.org"}'),)),)
    ),
    "hidden by a second key": Request(
        (Message("assistant", (), tool_calls=(ToolCall("1", "f", f'{{"a": "{MAIL}", "a": 1}}'),)),)
    ),
    "description of a tool": asked(tools=(Tool("f", f"mails {MAIL}"),)),
    "parameters of a tool": asked(tools=(Tool("f", None, NESTED),)),
    "schema": asked(schema=ResponseSchema("a", NESTED)),
    "param": asked(settings=Settings(extra={"user": MAIL})),
    "stop": asked(settings=Settings(stop=(MAIL,))),
    "thought": Request((Message("assistant", (Thought(MAIL, "anthropic", "proof"),)),)),
    "name of a document": Request((Message("user", (Document("data:,", MAIL),)),)),
    "URL of a document": Request((Message("user", (Document(f"https://x.org/?to={MAIL}"),)),)),
    "URL of an image": Request((Message("user", (Image(f"https://x.org/?to={MAIL}"),)),)),
}


@pytest.mark.parametrize("place", PLACES)
def test_everything_that_is_sent_is_read(place: str):
    assert EMAILS.scan(PLACES[place]).findings == {"pii.email": 1}


@pytest.mark.parametrize("place", PLACES)
def test_what_is_read_is_what_is_rewritten(place: str):
    found = []

    def mask(text: str) -> str:
        for finding in EMAILS.find(text):
            found.append(finding)
            return text[: finding.start] + "<EMAIL_1>" + text[finding.end :]
        return text

    masked = rewrite(PLACES[place], mask)
    assert len(found) == 1
    assert EMAILS.scan(masked).findings == {}


def test_a_request_in_which_nothing_is_replaced_stays_equal():
    for request in PLACES.values():
        assert rewrite(request, lambda text: text) == request


def test_a_thought_that_is_changed_loses_its_proof():
    thought = Thought(MAIL, "anthropic", "proof")
    request = Request((Message("assistant", (thought,)),))
    assert rewrite(request, str.upper).messages[0].parts == (Thought(MAIL.upper(), "anthropic"),)


def test_a_call_that_is_changed_loses_its_proof():
    call = ToolCall("1", "f", f'{{"to":"{MAIL}"}}', "proof")
    request = Request((Message("assistant", (), (call,)),))
    (changed,) = rewrite(request, lambda text: text.replace(MAIL, "x")).messages[0].tool_calls
    assert (changed.parsed, changed.signature) == ({"to": "x"}, None)


def test_numbers_and_keys_of_json_are_read_with_their_context():
    scanner = Scanner({"pii.card", "pii.id"})
    arguments = '{"card": 4111111111111111, "ssn": "536904399"}'
    request = Request((Message("assistant", (), (ToolCall("1", "f", arguments),)),))
    assert scanner.scan(request).findings == {"pii.card": 1, "pii.id": 1}
    assert in_json_text(arguments, lambda text: text) == arguments


def test_an_image_makes_the_scan_partial():
    request = Request((Message("user", (Text("hi"), Image("data:image/png;base64,AAAA"))),))
    scan = EMAILS.scan(request)
    assert (scan.scanned, scan.unread) == ("partial", ("message 1: an image",))
    other = Document("data:application/pdf;base64,AAAA"), Thought("x", "anthropic", redacted=True)
    assert EMAILS.scan(Request((Message("user", other),))).unread == (
        "message 1: a document",
        "message 1: an encrypted thought",
    )
    assert EMAILS.scan(asked()).scanned == "all"


def test_text_beyond_the_limit_makes_the_scan_partial(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(scanner_module, "MOST_CHARS", 50)
    request = asked("x" * 40 + f" {MAIL}")
    assert EMAILS.scan(request) == Scan(
        frozenset({"pii.email"}), {}, ("text beyond the first million characters",)
    )
    assert EMAILS.scan(asked("x" * 50)).scanned == "all"


def test_values_that_are_nested_too_deeply_make_the_scan_partial():
    deep: Any = MAIL
    for _ in range(DEEPEST + 5):
        deep = [deep]
    scan = EMAILS.scan(asked(settings=Settings(extra={"deep": deep})))
    assert scan.unread == (f"values nested deeper than {DEEPEST} levels",)


def test_deeply_nested_arguments_are_read_as_plain_text():
    for depth in (DEEPEST + 5, 100_000):
        arguments = "[" * depth + f'"{MAIL}"' + "]" * depth
        request = Request((Message("assistant", (), (ToolCall("1", "f", arguments),)),))
        assert EMAILS.scan(request).findings == {"pii.email": 1}


def test_names_without_presidio_say_the_command(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    with pytest.raises(SetupError) as raised:
        Scanner({"pii.name"}).scan(asked("Anna was here"))
    assert str(raised.value) == (
        "A rule asks for pii.name or pii.place, which Presidio finds, and it is not installed. "
        "Run: pip install 'airoute[pii]' && python -m spacy download en_core_web_sm"
    )


def test_patterns_need_no_presidio(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    assert EVERYTHING.scan(asked(MAIL)).findings == {"pii.email": 1}


@given(st.text(max_size=300))
def test_no_text_breaks_a_detector_and_every_finding_lies_in_it(text: str):
    for finding in EVERYTHING.find(text):
        assert 0 <= finding.start < finding.end <= len(text)
        assert finding.kind in BY_PATTERN


AROUND = st.text(alphabet=" \n,;()<>\"'", min_size=1, max_size=3)


@given(AROUND, AROUND)
def test_what_stands_between_marks_is_found(before: str, after: str):
    for text in (
        MAIL,
        "8.8.8.8",
        "536-90-4399",
        "4111 1111 1111 1111",
        "DE89 3704 0044 0532 0130 00",
        "+49 30 901820",
    ):
        assert list(EVERYTHING.find(f"x{before}{text}{after}y")), (before, text, after)
