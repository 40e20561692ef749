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


def test_settling_a_use_gives_back_what_was_not_used():
    window = Window(100, 0.0)
    use = window.use(0.0, 100)
    assert window.ready_at(10.0, 90) > 60.0
    window.settle(use, 10.0, 1)
    assert window.ready_at(10.0, 1) <= 61.0
    assert window.ready_at(61.0, 90) <= 61.0


@given(
    limit=st.integers(1, 500),
    plan=st.lists(
        st.tuples(
            st.floats(0, 40),  # until the next call
            st.floats(0.1, 300),  # reserved
            st.floats(0.1, 900),  # really used
            st.floats(0, 150),  # until it is known
        ),
        min_size=1,
        max_size=60,
    ),
)
def test_no_later_grant_falls_together_with_more_than_the_limit(limit, plan):
    window, now, calls, open_ = Window(limit, 0.0), 0.0, [], []
    for wait, reserved, used, seconds in plan:
        now += wait
        while True:
            for done in [call for call in open_ if call[0] <= now]:
                window.settle(done[1], max(done[0], done[2]), done[3])
                calls[done[4]] = (done[2], min(done[3], limit))
                open_.remove(done)
            if (ready := window.ready_at(now, reserved)) <= now:
                break
            now = min([ready, *(call[0] for call in open_ if call[0] > now)])
        use = window.use(now, reserved)
        calls.append((now, use.amount))
        # Whatever is known by now, for the minute that ends with this grant.
        inside = sum(amount for when, amount in calls if when > now - WINDOW_S)
        earlier = inside - use.amount
        assert inside <= limit + 1e-6 or earlier <= 1e-6
        open_.append((now + seconds, use, now, used, len(calls) - 1))


def test_what_was_used_beyond_the_reservation_is_made_up_for():
    window = Window(600, 0.0)
    uses, now = [], 0.0
    for _ in range(200):
        while (ready := window.ready_at(now, 10)) > now:
            now = ready
        uses.append(window.use(now, 10))
        window.settle(uses[-1], now, 20)
    assert now >= 0.97 * 200 * 20 / 600 * 60 - 61


def test_a_window_stays_small_at_any_limit():
    window, now = Window(3_000_000, 0.0), 0.0
    for _ in range(200_000):
        now = max(now, window.ready_at(now, 1))
        window.use(now, 1)
    assert len(window._entries) <= 1_300
