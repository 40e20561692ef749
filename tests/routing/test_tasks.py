from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.routing.task_signs import SIGNS
from airoute_cli.routing.tasks import HEAD_CHARS, TASKS, detect_task

LINES = (Path(__file__).parent / "task_cases.jsonl").read_text("utf-8").splitlines()
CASES: list[dict[str, Any]] = [json.loads(line) for line in LINES]


@pytest.mark.parametrize(("held_back", "floor"), [(False, 0.95), (True, 0.85)])
def test_labelled_prompts_get_their_task(*, held_back: bool, floor: float):
    """Signs were only ever changed by the half that is not held back."""
    cases = [case for case in CASES if case["held_back"] is held_back]
    right = sum(detect_task(case["text"]) == case["task"] for case in cases)
    half = "held back" if held_back else "for tuning"
    told = f"{right} of {len(cases)} prompts {half} get their task: {right / len(cases):.1%}"
    sys.stdout.write(f"{told}\n")
    assert len(cases) >= 150
    assert right / len(cases) >= floor


def test_every_task_has_cases_in_both_halves():
    assert {case["task"] for case in CASES if case["held_back"]} == set(TASKS)
    assert {case["task"] for case in CASES if not case["held_back"]} == set(TASKS)


@pytest.mark.parametrize("text", ["", "   \n", "?!", "42", "qwertz uiop"])
def test_what_says_nothing_is_other(text: str):
    assert detect_task(text) == "other"


def test_a_wish_behind_long_material_is_found():
    material = "The tram came late again and the rain went on. " * 200
    assert detect_task(material) == "other"
    assert detect_task(f"{material}\n\nSummarise the text above.") == "summarise"


def test_the_middle_of_a_long_text_is_not_read():
    filler = "so it went on and on. " * 200
    assert len(filler) > HEAD_CHARS
    hidden = f"{filler}\nTranslate this into French.\n{filler}"
    assert detect_task(hidden) == "other"


@given(st.text(max_size=4_000))
def test_any_text_has_a_task_and_always_the_same(text: str):
    task = detect_task(text)
    assert task in TASKS
    assert detect_task(text) == task


def test_pairs_are_two_words_each():
    pairs = [p for signs in SIGNS.values() for some in signs.pairs.values() for p in some.split()]
    assert all(pair.count("+") == 1 for pair in pairs)


@pytest.mark.parametrize("other", ["sql", "extract", "sentiment", "probability", "poem", "regex"])
def test_of_tasks_that_as_much_speaks_for_the_first_is_taken(other: str):
    assert detect_task(f"qwertz {other} uiop summary") == "summarise"
    assert detect_task(f"qwertz summary uiop {other}") == "summarise"
