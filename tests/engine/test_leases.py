from __future__ import annotations

from decimal import Decimal as D  # noqa: N817 - an amount on every line

import pytest

from airoute_cli.core.budget import Account, Hold, Limit, Period, Scope, Standing
from airoute_cli.engine.leases import Claim, Held

SMALL, LARGE = Account("free", "r", "small"), Account("free", "r", "large")
DAY = Limit(Scope.POLICY, "", Period.DAY, D(10))
LARGE_DAY = Limit(Scope.MODEL, "large", Period.DAY, D(4))


def test_what_is_reserved_and_what_was_spent_since_the_last_exchange_stay_within_the_lease():
    held = Held(reserved=D(2), unbooked=D(3), lease=D(6))
    assert held.may_reserve(D(1))
    assert not held.may_reserve(D("1.01"))


def test_a_call_leaves_within_what_the_ledger_holds_for_calls_that_left():
    held = Held(begun=D(2), unbooked=D(3), begun_lease=D(6))
    assert held.may_begin(D(1))
    assert not held.may_begin(D("1.01"))
    assert Held().may_begin(D(0))


def test_while_an_exchange_is_under_way_no_more_is_used_than_before_and_after_it():
    held = Held(reserved=D(2), begun=D(2), unbooked=D(3), lease=D(9), begun_lease=D(7))
    to_hold = held.book(starting=D(1))
    assert (held.lease, held.begun_lease, held.unbooked) == (D(2), D(4), D(0))
    assert not held.may_reserve(D("0.01"))
    assert held.may_begin(D(2))
    assert not held.may_begin(D("2.01"))
    # What was spent meanwhile is more than a quarter, so as much is held to spare.
    assert (to_hold.reserved, to_hold.begun, to_hold.spare) == (D(2), D(6), D(3))


def test_what_was_used_at_the_peak_is_kept_unless_a_row_waits():
    def after_a_wave() -> Held:
        held = Held(lease=D(9), begun_lease=D(9), unbooked=D(1))
        for usd in (D(6), D(-5)):
            held.reserve(usd)
            held.begin(usd)
        return held

    held = after_a_wave()
    to_hold = held.book(D(0), wanted=False)
    assert (held.lease, to_hold.reserved, to_hold.spare) == (D(6), D(6), D("1.5"))
    assert to_hold.begun == D("7.5")
    assert held.may_reserve(D(5))
    assert not held.may_reserve(D("5.01"))

    held = after_a_wave()
    to_hold = held.book(D(0), wanted=True)
    assert (held.lease, to_hold.reserved, to_hold.spare) == (D(1), D(1), D("6.5"))

    # The next time the wave is over.
    held.lease, held.begun_lease = D(8), D(8)
    to_hold = held.book(D(0), wanted=False)
    assert (held.lease, to_hold.reserved, to_hold.spare) == (D(1), D(1), D("0.25"))


def test_no_more_is_kept_than_is_held():
    held = Held(lease=D(4), unbooked=D(1))
    held.reserve(D(9))
    held.reserve(D(-8))
    assert held.book(D(0), wanted=False).reserved == D(3)


def claim(reserved: D, *asks: dict[Account, D], begun: D = D(0)) -> Claim:
    held = Held(reserved=reserved, begun=begun)
    limits = (DAY, LARGE_DAY)
    found = [(ask, tuple(limit for limit in limits if any(map(limit.covers, ask)))) for ask in asks]
    return Claim({SMALL: held.book(D(0))}, limits, found)


NOTHING = Standing(D(0), D(0))


def test_asks_are_held_as_far_as_there_is_room_and_some_to_spare():
    asked = claim(D(2), {SMALL: D(1), LARGE: D(3)})
    holds = asked.allot([NOTHING, NOTHING])
    # 10 - 2 - 1 - 3 = 4 are left, of which an eighth at most is held without need.
    assert holds == {SMALL: Hold(D(3) + D("0.5"), D(0)), LARGE: Hold(D(3), D(0))}
    assert not asked.exhausted


@pytest.mark.parametrize(
    ("spent", "others", "fits"),
    [("6", "0", True), ("6.01", "0", False), ("3", "3", True), ("3", "3.01", False)],
)
def test_an_ask_waits_for_what_others_hold_and_is_exhausted_by_what_is_spent(spent, others, fits):
    asked = claim(D(1), {SMALL: D(3)})
    holds = asked.allot([Standing(D(spent), D(others)), NOTHING])
    assert (holds[SMALL].reserved_usd >= 4) == fits
    assert asked.others_hold == (not fits and others != "0")


def test_an_ask_that_passes_the_limit_with_what_is_spent_is_told_with_its_figures():
    asked = claim(D(1), {SMALL: D(3)})
    assert asked.allot([Standing(D("7.01"), D(0)), NOTHING])[SMALL].reserved_usd < 2
    assert asked.exhausted[0].limit == DAY
    assert (asked.exhausted[0].spent, asked.exhausted[0].asked) == (D("7.01"), D(3))


def test_a_large_ask_is_not_passed_by_small_ones_of_the_same_limit_but_by_others():
    large, small, free = {LARGE: D(3)}, {LARGE: D(1)}, {SMALL: D(1)}
    asked = claim(D(0), large, small)
    holds = asked.allot([NOTHING, Standing(D(0), D(2))])
    assert LARGE not in holds
    asked = Claim({}, (LARGE_DAY,), [(large, (LARGE_DAY,)), (free, ())])
    assert asked.allot([Standing(D(0), D(2))])[SMALL].reserved_usd == 1


def test_what_left_is_held_whatever_the_limits_say():
    holds = claim(D(0), begun=D(8)).allot([Standing(D(10), D(5)), NOTHING])
    assert holds[SMALL] == Hold(D(0), D(10))


def test_without_a_shared_limit_only_what_left_is_held():
    holds = Claim({SMALL: Held(reserved=D(5), begun=D(4)).book(D(0))}, (), []).allot([])
    assert holds == {SMALL: Hold(D(0), D(5))}
