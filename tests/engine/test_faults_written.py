"""How faults are written, and which call they strike."""

from __future__ import annotations

from collections import Counter

import pytest

from airoute_cli.core.errors import UsageError
from airoute_cli.engine.faults import Fault, drawn, in_order, parse_faults

MODELS = ("fast", "gpt-4.1")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("429:5%", Fault("429", 0.05)),
        ("hang:0.005", Fault("hang", 0.005)),
        ("cut:.5%", Fault("cut", 0.005)),
        ("401@1000", Fault("401", first=1_000)),
        ("500@200-900", Fault("500", first=200, last=900)),
        ("500:50%@200-900", Fault("500", 0.5, 200, 900)),
        ("503@7-", Fault("503", first=7)),
        ("fast=401@1000", Fault("401", first=1_000, model="fast")),
        ("gpt-4.1=empty:100%", Fault("empty", model="gpt-4.1")),
    ],
)
def test_a_fault_is_read(text: str, fault: Fault):
    assert parse_faults(text, MODELS) == (fault,)


def test_several_are_separated_by_commas():
    assert [fault.kind for fault in parse_faults(" 429:5%, 500:2% ,cut:1%,", MODELS)] == [
        "429",
        "500",
        "cut",
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "--faults is empty; write it as KIND:RATE"),
        ("429", '"429" is no fault; write it as KIND:RATE'),
        ("429:lots", '"429:lots" is no fault'),
        ("200:5%", "a kind is a status from 400 to 599, or: hang, cut, close"),
        ("meteor:5%", "a kind is a status from 400 to 599, or: hang, cut, close"),
        ("500:120%", "a rate lies between 0 and 100%"),
        ("500@9-3", "the range ends before it begins"),
        ("slow=401@1000", "the profile has no such model; it has: fast, gpt-4.1"),
    ],
)
def test_what_is_no_fault_is_told_with_its_remedy(text: str, sentence: str):
    with pytest.raises(UsageError) as raised:
        parse_faults(text, MODELS)
    assert sentence in str(raised.value)


def test_a_models_own_calls_are_counted_for_its_own_faults():
    everybodys, own = Fault("401", first=10, last=12), Fault("401", first=10, model="fast")
    assert [everybodys.concerns("x", own=1, every=n) for n in (9, 10, 12, 13)] == [
        False,
        True,
        True,
        False,
    ]
    assert own.concerns("fast", own=10, every=99)
    assert not own.concerns("fast", own=9, every=99)
    assert not own.concerns("other", own=10, every=99)


def test_each_fault_gets_its_share():
    faults = parse_faults("429:5%,500:2%,hang:1%", MODELS)
    found = Counter(
        fault.kind if (fault := drawn(faults, (n + 0.5) / 1_000)) else None for n in range(1_000)
    )
    assert found == {None: 920, "429": 50, "500": 20, "hang": 10}


def test_what_always_happens_comes_first():
    faults = in_order(parse_faults("429:50%,401@3", MODELS))
    assert drawn(faults, 0.1) == Fault("401", first=3)
