from __future__ import annotations

from decimal import Decimal

import pytest

from airoute_cli.routing.wording import counted, dollars, listed, quoted


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (None, "at an unknown price"),
        ("0", "$0.00"),
        ("12.3", "$12.30"),
        ("1234.5", "$1,234.50"),
        ("0.01", "$0.01"),
        ("0.0099", "$0.0099"),
        ("0.00012", "$0.00012"),
        ("0.000123456", "$0.00012"),
        ("0.0000000005", "$0.00000000050"),
    ],
)
def test_amounts_keep_two_digits_that_matter(amount: str | None, words: str):
    assert dollars(None if amount is None else Decimal(amount)) == words


@pytest.mark.parametrize(
    ("given", "words"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), ("abc", "a, b and c")]
)
def test_lists(given: list[str], words: str):
    assert listed(given) == words


def test_quoted_words():
    assert quoted(["a", "b", "c"]) == '"a", "b" or "c"'


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (2_000, "2,000 rows")]
)
def test_one_is_no_plural(count: int, said: str):
    assert counted(count, "row") == said
