from __future__ import annotations

import pytest

from airoute_cli.core.rate_limits import Allowance, RateLimits
from airoute_cli.providers.openai_limits import read_limits


@pytest.mark.parametrize(
    ("headers", "limits"),
    [
        ({}, None),
        ({"x-ratelimit-remaining-requests": "many"}, None),
        (
            {
                "x-ratelimit-limit-requests": "60",
                "x-ratelimit-remaining-requests": "59",
                "x-ratelimit-reset-requests": "1s",
                "x-ratelimit-remaining-tokens": "7",
                "x-ratelimit-reset-tokens": "2.5",
            },
            RateLimits(Allowance(60, 59, 1.0), Allowance(None, 7, 2.5)),
        ),
        (  # Hugging Face
            {
                "ratelimit": '"api";r=999;t=295',
                "ratelimit-policy": '"fixed window";"api";q=1000;w=300',
            },
            RateLimits(Allowance(1000, 999, 295)),
        ),
        ({"ratelimit": '"api";r=0;t=3'}, RateLimits(Allowance(None, 0, 3))),
        ({"ratelimit": "none"}, None),
    ],
)
def test_limits(headers: dict[str, str], limits: RateLimits | None) -> None:
    assert read_limits(headers, 0.0) == limits
