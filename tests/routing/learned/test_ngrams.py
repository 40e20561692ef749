from __future__ import annotations

import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.routing.learned.ngrams import BUCKETS, HEAD_CHARS, TAIL_CHARS, hashed
from airoute_cli.routing.learned.structure import NAMES, structure


@given(st.text(max_size=300))
def test_any_text_gives_unit_vectors_and_finite_structure(text: str):
    for block in hashed(text):
        assert all(0 <= bucket < BUCKETS for bucket in block)
        if block:
            assert math.hypot(*block.values()) == pytest.approx(1)
    values = structure(text)
    assert len(values) == len(NAMES)
    assert all(map(math.isfinite, values))


@pytest.mark.parametrize("text", ["", " \n\t", "1" * 5_000, "9" * 400 + ".5", "\ud800 x", "²³ ٣"])
def test_odd_texts_are_read(text: str):
    hashed(text)
    assert all(map(math.isfinite, structure(text)))


def test_case_does_not_count_and_order_does():
    assert hashed("Prove THIS") == hashed("prove this")
    assert hashed("prove this")[0] != hashed("this prove")[0]


def test_only_the_start_and_the_end_of_a_long_text_are_read():
    start, end = "a " * (HEAD_CHARS // 2), " z" * (TAIL_CHARS // 2)
    assert hashed(start + "middle " * 500 + end) == hashed(start + "other " * 900 + end)


def test_the_buckets_are_the_same_in_every_process():
    program = (
        "from airoute_cli.routing.learned.ngrams import hashed; import sys;"
        "print(sorted(hashed('Prove it twice')[0]), 'numpy' in sys.modules)"
    )
    shown = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert shown.strip() == f"{sorted(hashed('Prove it twice')[0])} False"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("numbers", "3 apples and 1,200 pears", math.log1p(2)),
        ("largest_number", "3 apples and 1,200 pears", math.log1p(1_200)),
        ("choices", "Which?\nA. one\nB. two", 1),
        ("choices", "A. is a letter", 0),
        ("code", "why?\n```\nx\n```", 1),
        ("list_items", "take\n- this\n- that", 1),
        ("negation", "which is NOT true", 1),
        ("asks_why", "And why is that?", 1),
        ("asks_why", "And whyever not?", 0),
        ("digits", "12ab", 0.5),
        ("sentences", "One. Two! Three?", math.log1p(3)),
    ],
)
def test_what_the_structure_tells(name: str, text: str, value: float):
    assert structure(text)[NAMES.index(name)] == pytest.approx(value)
