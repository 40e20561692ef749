from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.providers.retry_after import go_duration, retry_after, should_retry

NOW = 1_795_435_200.0  # Mon, 23 Nov 2026 12:00:00 GMT
SPENT = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after": " 3 "}, 3.0),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Mon, 23 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Mon, 23 Nov 2026 12:00:30 -0000"}, 30.0),
        ({"retry-after": "Mon, 23 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "Mon, 99 Nov 2026 11:00:00 GMT"}, None),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "x", "retry-after": "9"}, 9.0),
        (SPENT, 360.0),
        (SPENT | {"retry-after": "1"}, 1.0),
        (SPENT | {"x-ratelimit-remaining-requests": "3"}, None),
        (
            SPENT | {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1h2m3.5s"},
            3723.5,
        ),
        (
            {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "840ms"},
            0.84,
        ),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "later"}, None),
        ({"x-ratelimit-reset": str(NOW + 7)}, 7.0),
        ({"x-ratelimit-reset": str(int((NOW + 7) * 1000))}, 7.0),
        ({"x-ratelimit-reset": str(NOW - 7)}, 0.0),
        ({"x-ratelimit-reset": "60"}, None),
        ({"x-ratelimit-reset": "later"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], expected: float | None) -> None:
    assert retry_after(429, headers, NOW) == expected


@pytest.mark.parametrize("status", [200, 500, 503])
def test_the_reset_of_a_limit_counts_only_where_the_limit_was_hit(status: int) -> None:
    assert retry_after(status, SPENT, NOW) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1s", 1.0), ("6m0s", 360.0), ("1h2m3.5s", 3723.5), ("840ms", 0.84), ("5µs", 5e-6)],
)
def test_go_durations(text: str, seconds: float) -> None:
    assert go_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "6", "s", "6 m", "-1s", "1d", "1s!"])
def test_what_is_no_go_duration(text: str) -> None:
    assert go_duration(text) is None


@pytest.mark.parametrize(
    ("value", "expected"), [("true", True), ("False", False), ("maybe", None), ("", None)]
)
def test_should_retry(value: str, expected: bool | None) -> None:  # noqa: FBT001 - a case
    assert should_retry({"x-should-retry": value}) is expected


@given(st.text(), st.text())
def test_no_header_makes_it_crash_or_wait_for_less_than_nothing(one: str, other: str) -> None:
    waits = retry_after(429, {"retry-after": one, "retry-after-ms": other}, NOW)
    assert waits is None or waits >= 0
