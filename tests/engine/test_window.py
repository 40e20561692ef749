from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.engine.window import WINDOW_S, Window


def _grants(limit: float, amounts: list[float], waits: list[float]) -> list[tuple[float, float]]:
    """When each amount goes out, if it is asked for after each wait and sent as soon as allowed."""
    window, now, granted = Window(limit, 0.0), 0.0, []
    for amount, wait in zip(amounts, waits, strict=True):
        now += wait
        while (ready := window.ready_at(now, amount)) > now:
            now = ready
        granted.append((now, window.use(now, amount).amount))
    return granted


@given(
    limit=st.integers(1, 500),
    plan=st.lists(st.tuples(st.floats(0.1, 900), st.floats(0, 90)), min_size=1, max_size=120),
)
def test_no_window_of_60_seconds_holds_more_than_the_limit(limit, plan):
    granted = _grants(limit, [amount for amount, _ in plan], [wait for _, wait in plan])
    for start, _ in granted:
        inside = sum(amount for when, amount in granted if start <= when < start + WINDOW_S)
        assert inside <= limit + 1e-6


def test_a_full_minute_uses_the_whole_allowance():
    granted = _grants(60, [1.0] * 600, [0.0] * 600)
    used = sum(1 for when, _ in granted if 60 <= when < 540)
    assert used >= 0.97 * 480


def test_a_request_above_the_limit_is_clamped_and_goes_out():
    granted = _grants(100, [1_000.0, 50.0], [0.0, 0.0])
    assert granted[0] == (0.0, 100.0)
    assert granted[1][0] >= 30.0


def test_correcting_a_use_gives_back_what_was_not_used():
    window = Window(100, 0.0)
    use = window.use(0.0, 100)
    assert window.ready_at(10.0, 90) > 60.0
    window.correct(use, 1)
    assert window.ready_at(10.0, 1) <= 61.0
    assert window.ready_at(61.0, 90) <= 61.0
