from __future__ import annotations

import pytest

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.engine.retry import Verdict, decide

AGAIN, NEXT, UP = Verdict.AGAIN, Verdict.NEXT_MODEL, Verdict.GIVE_UP


@pytest.mark.parametrize(
    ("kind", "tries", "more_models", "verdict"),
    [
        (ErrorKind.SERVER, 1, True, AGAIN),
        (ErrorKind.SERVER, 3, True, NEXT),
        (ErrorKind.SERVER, 3, False, UP),
        (ErrorKind.RATE_LIMIT, 9, False, AGAIN),
        (ErrorKind.RATE_LIMIT, 10, True, NEXT),
        (ErrorKind.OVERLOADED, 6, False, UP),
        (ErrorKind.QUOTA, 1, True, NEXT),
        (ErrorKind.AUTH, 1, True, NEXT),
        (ErrorKind.CONTEXT_WINDOW, 1, True, NEXT),
        (ErrorKind.BAD_REQUEST, 1, True, UP),
        (ErrorKind.CONTENT_POLICY, 1, True, UP),
    ],
)
def test_what_follows_a_failure(kind, tries, more_models, verdict):
    error = CallError(kind, "no")
    found = decide(error, tries=tries, more_models=more_models)
    assert found.verdict is verdict


def test_retry_after_is_honoured_to_the_second():
    error = CallError(ErrorKind.RATE_LIMIT, "slow down", retry_after=7.5)
    assert decide(error, tries=1, more_models=True).delay_s == 7.5


@pytest.mark.parametrize(
    ("retry_after", "more_models", "verdict"),
    [(600.0, True, NEXT), (600.0, False, AGAIN), (3_601.0, False, UP)],
)
def test_a_long_retry_after_is_waited_for_only_where_nobody_else_can_answer_and_time_is_left(
    retry_after, more_models, verdict
):
    error = CallError(ErrorKind.RATE_LIMIT, "slow down", retry_after=retry_after)
    found = decide(error, tries=1, more_models=more_models, left_s=3_600.0)
    assert found.verdict is verdict


def test_the_provider_may_forbid_a_retry():
    error = CallError(ErrorKind.SERVER, "no", retryable=False)
    assert decide(error, tries=1, more_models=False).verdict is UP


def test_backoff_grows_with_full_jitter():
    error = CallError(ErrorKind.SERVER, "no")
    delays = [
        decide(error, tries=tries, more_models=False, jitter=lambda: 1.0).delay_s
        for tries in (1, 2)
    ]
    assert delays == [1.0, 2.0]
