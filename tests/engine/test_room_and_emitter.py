from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.engine.emitter import Emitter
from airoute_cli.engine.room import Room


async def test_rows_wait_for_room_and_a_huge_row_enters_alone():
    room = Room(rows=2, size=100)
    await room.enter(1_000)
    second = asyncio.create_task(room.enter(1))
    await asyncio.sleep(0)
    assert not second.done()
    room.leave(1_000)
    await second


@given(st.permutations(range(8)), st.sets(st.integers(0, 7)))
def test_ordered_results_come_in_the_order_of_the_input(order, without):
    written: list[bytes] = []
    lines = {position: f"row {position}".encode() for position in range(8)}
    emitter = Emitter(written.append, lambda place: lines[place], ordered=True)
    for position in order:
        line = None if position in without else lines[position]
        emitter.ended(position, line, offset=position)
    assert written == [lines[p] + b"\n" for p in range(8) if p not in without]
