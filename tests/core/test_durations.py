from __future__ import annotations

import pytest

from airoute_cli.core.durations import days


@pytest.mark.parametrize(
    ("written", "found"),
    [("30d", 30), ("0d", 0), ("none", 0), ("None", 0), ("36h", 1.5), ("2w", 14), ("1 Y", 365)],
)
def test_a_duration_is_a_number_of_days(written: str, found: float):
    assert days(written) == found


@pytest.mark.parametrize("written", ["", "30", "d", "-1d", "30 days", "1m", "∞", "1e9d"])
def test_anything_else_says_how_to_write_it(written: str):
    with pytest.raises(ValueError, match="Write it as"):
        days(written)
