from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.plan import Features
from airoute_cli.core.profile import When
from airoute_cli.core.request import Capability
from airoute_cli.routing.conditions import Subject
from airoute_cli.routing.rules import Rules, asks_for_task, compile_when

TEXT = "  Please REFUND my order ORD-77, Straße 5"
FACTS: dict[str, Any] = {
    "input_tokens": 5_210,
    "task": "chat",
    "needs": frozenset({Capability.TOOLS}),
    "metadata": {"region": "EU", "tier": "free", "vip": True, "level": 3, "empty": None},
}
TOOLS = frozenset({Capability.TOOLS})
BOTH = frozenset({Capability.TOOLS, Capability.VISION})
REFUND = When(contains_any=("refund",))
PRO = When(metadata={"tier": ("pro",)})

CASES = [
    (None, True, "the default"),
    (When(), True, "no condition"),
    (REFUND, True, 'contains "refund"'),
    (When(contains_any=("money", "Order")), True, 'contains "Order"'),
    (When(contains_any=("STRASSE",)), True, 'contains "STRASSE"'),
    (When(contains_any=("money", "cash")), False, 'does not contain "money" or "cash"'),
    (When(starts_with=("please",)), True, 'starts with "please"'),
    (When(starts_with=("order", "my")), False, 'does not start with "order" or "my"'),
    (When(regex=r"ORD-\d+"), True, r'matches /ORD-\d+/ with "ORD-77"'),
    (When(regex="refund"), False, "does not match /refund/"),
    (When(regex="(?i)refund"), True, 'matches /(?i)refund/ with "REFUND"'),
    (When(min_input_tokens=4_000), True, "input tokens 5,210 >= 4,000"),
    (When(min_input_tokens=5_210), True, "input tokens 5,210 >= 5,210"),
    (When(min_input_tokens=6_000), False, "input tokens 5,210 < 6,000"),
    (When(max_input_tokens=5_210), True, "input tokens 5,210 <= 5,210"),
    (When(max_input_tokens=100), False, "input tokens 5,210 > 100"),
    (When(task=("code", "chat")), True, "task is chat"),
    (When(task=("code", "write")), False, "task is chat, wanted code or write"),
    (When(requires=TOOLS), True, "needs tools"),
    (When(requires=BOTH), False, "does not need vision"),
    (When(metadata={"region": ("eu",)}), True, 'metadata.region is "EU"'),
    (When(metadata={"region": ("us", "e?")}), True, 'metadata.region is "EU"'),
    (When(metadata={"tier": ("fr*",)}), True, 'metadata.tier is "free"'),
    (When(metadata={"tier": ("[a-f]ree",)}), True, 'metadata.tier is "free"'),
    (When(metadata={"tier": ("re*",)}), False, 'metadata.tier is "free", wanted "re*"'),
    (When(metadata={"tier": ("fre",)}), False, 'metadata.tier is "free", wanted "fre"'),
    (PRO, False, 'metadata.tier is "free", wanted "pro"'),
    (When(metadata={"vip": ("TRUE",)}), True, 'metadata.vip is "true"'),
    (When(metadata={"level": ("3",)}), True, 'metadata.level is "3"'),
    (When(metadata={"team": ("*",)}), False, 'metadata.team is missing, wanted "*"'),
    (When(metadata={"empty": ("*",)}), False, 'metadata.empty is missing, wanted "*"'),
    (When(not_=REFUND), False, 'contains "refund", which `not` rules out'),
    (When(not_=PRO), True, 'metadata.tier is "free", wanted "pro"'),
    (When(any=(PRO, REFUND)), True, 'contains "refund"'),
    (
        When(any=(PRO, When(task=("code",)))),
        False,
        'task is chat, wanted code; metadata.tier is "free", wanted "pro"',
    ),
    (When(all=(REFUND, PRO)), False, 'metadata.tier is "free", wanted "pro"'),
    (
        When(contains_any=("refund",), min_input_tokens=9),
        True,
        'input tokens 5,210 >= 9 and contains "refund"',
    ),
    (
        When(contains_any=("refund",), metadata={"tier": ("pro",)}),
        False,
        'metadata.tier is "free", wanted "pro"',
    ),
    (When(all=(When(any=(REFUND,)), When(not_=When(not_=REFUND)))), True, None),
]


@pytest.mark.parametrize(("when", "matches", "reason"), CASES)
def test_conditions(make: Any, when: When | None, *, matches: bool, reason: str | None):
    matcher = compile_when(when)
    subject = Subject(make.features(TEXT, **FACTS))
    assert matcher.matches(subject) is matches
    assert matcher.explain(subject) == (matches, reason or matcher.explain(subject)[1])


def test_a_task_that_nobody_found_is_called_not_known(make: Any):
    subject = Subject(make.features("x"))
    assert compile_when(When(task=("code",))).explain(subject) == (
        False,
        "task is not known, wanted code",
    )


def test_a_long_match_is_shortened_to_one_line(make: Any):
    subject = Subject(make.features("a\n" + "b" * 100))
    _, reason = compile_when(When(regex="(?s).+")).explain(subject)
    assert reason == f'matches /(?s).+/ with "a {"b" * 37}…"'


def test_a_pattern_that_is_none_is_an_error():
    with pytest.raises(re.error):
        compile_when(When(regex="("))


@pytest.mark.parametrize(
    ("when", "asks"),
    [
        (None, False),
        (REFUND, False),
        (When(task=("code",)), True),
        (When(all=(When(any=(When(not_=When(task=("code",))),)),)), True),
    ],
)
def test_who_asks_for_the_task(when: When | None, *, asks: bool):
    assert asks_for_task(when) is asks


LONG = "ab" * 7  # longer than a stem of the shortlist
WORDS = st.text(alphabet="abß ", min_size=1, max_size=4) | st.sampled_from([LONG + "a", LONG + "ß"])
PATTERNS = st.sampled_from([None, "b+a", "ab?B", "^a", "(aB)?b", "[ab] a", "B{2}", "(?i)b", "aB|b"])
WHENS = st.recursive(
    st.builds(
        When,
        starts_with=st.lists(WORDS, max_size=2).map(tuple),
        contains_any=st.lists(WORDS, max_size=3).map(tuple),
        regex=PATTERNS,
        min_input_tokens=st.none() | st.integers(0, 20),
        metadata=st.dictionaries(
            st.sampled_from("kl"), st.sampled_from([("a*", "b"), ("AB", "c")]), max_size=1
        ),
    ),
    lambda inner: st.builds(
        When,
        contains_any=st.lists(WORDS, max_size=2).map(tuple),
        all=st.lists(inner, max_size=2).map(tuple),
        any=st.lists(inner, max_size=2).map(tuple),
        not_=st.none() | inner,
    ),
    max_leaves=4,
)


def _folded(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(word.casefold() for word in words)


def holds(when: When, text: str, tokens: int, metadata: dict[str, str]) -> bool:
    """The meaning of a ``when``, said in the plainest way."""
    folded = text.casefold()
    return (
        (not when.contains_any or any(w.casefold() in folded for w in when.contains_any))
        and (not when.starts_with or folded.lstrip().startswith(_folded(when.starts_with)))
        and (when.regex is None or re.search(when.regex, text) is not None)
        and (when.min_input_tokens is None or tokens >= when.min_input_tokens)
        and all(
            (value := metadata.get(key, "").casefold()) in _folded(wanted)
            or ("a*" in wanted and value.startswith("a"))
            for key, wanted in when.metadata.items()
        )
        and all(holds(part, text, tokens, metadata) for part in when.all)
        and (not when.any or any(holds(part, text, tokens, metadata) for part in when.any))
        and not (when.not_ and holds(when.not_, text, tokens, metadata))
    )


@given(
    st.lists(WHENS, max_size=6),
    st.text(alphabet="aAbBß ", max_size=30) | WORDS.map(lambda word: f"a {word.upper()}b"),
    st.integers(0, 20),
    st.dictionaries(st.sampled_from("kl"), st.sampled_from(["a", "Ab", "b", "c"])),
)
def test_the_first_that_matches_is_taken(
    whens: list[When], text: str, tokens: int, metadata: dict[str, str]
):
    rules = Rules([compile_when(when) for when in whens])
    subject = Subject(Features(text, tokens, "", frozenset(), metadata))
    taken = rules.first(subject)
    expected = (n for n, when in enumerate(whens) if holds(when, text, tokens, metadata))
    assert taken == next(expected, None)
    for matcher in rules.matchers:
        assert matcher.explain(subject)[0] is matcher.matches(subject)


def _noting(
    asked: list[int], place: int, matches: Callable[[Subject], bool]
) -> Callable[[Subject], bool]:
    def noted(subject: Subject) -> bool:
        asked.append(place)
        return matches(subject)

    return noted


def test_a_rule_that_cannot_take_the_row_is_not_asked(make: Any, monkeypatch: pytest.MonkeyPatch):
    whens = [
        When(contains_any=("cancel", "money"), regex="ORD-[0-9]{9}"),
        When(regex=r"SKU-\d+"),
        When(starts_with=("translate",)),
        When(metadata={"region": ("us",)}),
        When(min_input_tokens=6_000),
        When(any=(PRO, When(contains_any=("cash",)))),
        None,
    ]
    rules = Rules([compile_when(when) for when in whens])
    asked: list[int] = []
    for place, matcher in enumerate(rules.matchers):
        monkeypatch.setattr(matcher, "matches", _noting(asked, place, matcher.matches))
    assert rules.first(Subject(make.features(TEXT, **FACTS))) == len(whens) - 1
    assert asked == [len(whens) - 1]
