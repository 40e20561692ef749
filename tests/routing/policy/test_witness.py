from __future__ import annotations

import pytest

from airoute_cli.core.profile import When
from airoute_cli.core.request import Capability
from airoute_cli.core.scan import BY_PATTERN, CLASSES
from airoute_cli.routing.policy.witness import SAMPLES, TASK_PROMPTS, rows_for
from airoute_cli.routing.scan.scanner import Scanner
from airoute_cli.routing.tasks import TASKS, detect_task


def test_there_is_a_sample_of_every_class_and_its_detector_finds_it():
    assert set(SAMPLES) == set(CLASSES)
    for kind in BY_PATTERN:
        assert list(Scanner({kind}).find(SAMPLES[kind])), kind


def test_there_is_a_prompt_for_every_task_that_is_taken_for_it():
    assert {task: detect_task(prompt) for task, prompt in TASK_PROMPTS.items()} == {
        task: task for task in TASKS
    }


@pytest.mark.parametrize(
    ("whens", "row"),
    [
        ([], {"prompt": "hello"}),
        ([None], {"prompt": "hello"}),
        ([When(detects=("pii",))], {"prompt": "4111 1111 1111 1111"}),
        ([When(contains_any=("refund", "x"), starts_with=("Hi",))], {"prompt": "Hi refund"}),
        (
            [When(metadata={"region": ("eu*",)}), When(metadata={"tier": ("free",)})],
            {"prompt": "hello", "metadata": {"region": "eu", "tier": "free"}},
        ),
        ([When(any=(When(regex=r"(?i)\bfoo\b"),))], {"prompt": "foo"}),
        ([When(min_input_tokens=3)], {"prompt": "hello more more"}),
    ],
)
def test_a_row_is_made_for_conditions(whens: list[When | None], row: dict[str, object]):
    plain, with_image = rows_for(whens)
    assert plain == row
    assert "messages" in with_image


def test_what_a_row_needs_stands_in_it():
    needs = frozenset({Capability.VISION, Capability.TOOLS, Capability.JSON_SCHEMA})
    row, _ = rows_for([When(requires=needs)])
    assert {"messages", "tools", "response_format"} <= set(row)
