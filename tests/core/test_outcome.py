"""What is told of a row's time."""

from __future__ import annotations

import pytest

from airoute_cli.core.errors import ErrorKind
from airoute_cli.core.outcome import Attempt, Outcome, RowState

FAILED = Attempt("a", 0.0, 9.0, error=ErrorKind.SERVER)


@pytest.mark.parametrize(
    ("attempts", "latency_ms"),
    [
        ([Attempt("a", 0.0, 5.0)], 5.0),
        ([FAILED, Attempt("a", 9.0, 6.0, waited_s=30.0)], 6.0),
        # One that judges an answer did not give it, and one that puts it right did.
        ([Attempt("a", 0.0, 7.0), Attempt("judge", 7.0, 1.0)], 7.0),
        ([Attempt("a", 0.0, 7.0), Attempt("a", 7.0, 2.0)], 2.0),
        ([FAILED], None),
        ([], None),
    ],
)
def test_the_latency_is_that_of_the_call_that_answered(
    attempts: list[Attempt], latency_ms: float | None
):
    outcome = Outcome(RowState.COMPLETED, model="a", attempts=tuple(attempts), elapsed_ms=99.0)
    assert outcome.latency_ms == latency_ms
