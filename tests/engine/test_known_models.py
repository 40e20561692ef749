from __future__ import annotations

import pytest

from airoute_cli.engine.known_models import is_known, not_among

LISTED = (
    "gpt-5-mini",
    "claude-sonnet-4-5-20250929",
    "llama3:latest",
    "org/name",
    "gemini-2.0-flash-001",
)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("gpt-5-mini", True),
        ("claude-sonnet-4-5", True),
        ("llama3", True),
        ("org/name:fastest", True),
        ("gemini-2.0-flash", True),
        ("gpt-5", False),
        ("llama3:8b", False),
        ("claude-sonnet", False),
        ("org", False),
    ],
)
def test_a_name_is_known_by_itself_its_alias_or_its_variant(name: str, *, known: bool) -> None:
    assert is_known(name, LISTED) is known


def test_the_nearest_names_are_told() -> None:
    told = not_among("gpt5-mini", "openai", LISTED)
    assert told.startswith('"gpt5-mini" is not among the models that openai lists. Nearest: gpt-5-')
    assert "`--models` prints" in not_among("zzz", "openai", LISTED)
