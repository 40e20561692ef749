from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.engine.emitter import Emitter
from airoute_cli.engine.room import Room


def test_a_huge_row_enters_alone():
    room = Room(rows=2, size=100)
    assert room.fits("m", 1_000)
    room.enter("m", 1_000)
    assert not room.fits("m", 1)
    room.leave("m", 1_000)
    assert room.fits("m", 1)


@given(st.lists(st.sampled_from("abcdef"), max_size=300))
def test_there_is_always_room_for_a_model_that_has_none_yet(models):
    room, inside = Room(rows=60, size=6_000, shared=True), set()
    for model in models:
        if room.fits(model, 10):
            room.enter(model, 10)
            inside.add(model)
        assert room.fits("new", 10)
    assert inside == set(models)


@given(st.permutations(range(8)), st.sets(st.integers(0, 7)))
def test_ordered_results_come_in_the_order_of_the_input(order, without):
    written: list[bytes] = []
    lines = {position: f"row {position}".encode() for position in range(8)}
    emitter = Emitter(written.append, lambda place: lines[place], ordered=True)
    for position in order:
        line = None if position in without else lines[position]
        emitter.ended(position, line, offset=position)
    assert written == [lines[p] + b"\n" for p in range(8) if p not in without]
