"""The intake: rows of a model without room wait on the disk, in order, and none is lost."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.plan import Call, CallRole, Plan
from airoute_cli.core.request import Row
from airoute_cli.edges.rows.parse import read_line
from airoute_cli.edges.rows.set_aside import Placed, SetAside
from airoute_cli.engine.intake import Decided, Intake
from airoute_cli.engine.room import Room

ROWS = 12


@dataclass
class Run:
    """A run whose rows end when they are told to."""

    spare: bool = True
    moved: dict[str, str] = field(default_factory=dict)
    under_way: dict[str, list[Placed]] = field(default_factory=lambda: defaultdict(list))
    started: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    most: int = 0

    def __post_init__(self) -> None:
        room = Room(ROWS, 10**6, shared=True)
        self.intake = Intake(room, self.decide, self.start, lambda: self.spare)

    def decide(self, placed: Placed) -> Decided:
        model = str(placed.row.metadata["model"])
        call = Call(self.moved.get(model, model), CallRole.ANSWER, 1, 1, None, None)
        return Decided(Plan("r", "single", "", (call,), ()), {})

    def start(self, placed: Placed, decided: Decided) -> None:
        self.under_way[decided.model].append(placed)
        self.started[str(placed.row.metadata["model"])].append(placed.position)
        self.most = max(self.most, sum(map(len, self.under_way.values())))

    async def take(self, placed: Placed) -> bool:
        """Let a row in; where there is no room at all, rows end until there is."""
        taking = asyncio.create_task(self.intake.take(placed))
        await asyncio.sleep(0)
        while not taking.done():
            for model in "abc":
                self.end_one(model)
            await asyncio.sleep(0)
        return await taking

    def end_one(self, model: str) -> None:
        if self.under_way[model]:
            placed = self.under_way[model].pop(0)
            self.intake.leave(model, len(placed.row.raw))


def _row(position: int, model: str) -> Placed:
    raw = b'{"custom_id": "%d", "prompt": "hi", "metadata": {"model": "%s"}}'
    row = read_line(raw % (position, model.encode()), position + 1)
    assert isinstance(row, Row)
    return Placed(row, position)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "a", "b", "c"]))))
def test_every_row_comes_in_once_and_in_the_order_of_its_model(steps):
    async def main() -> Run:
        run = Run()
        for position, (model, ended) in enumerate(steps):
            assert await run.take(_row(position, model))
            run.end_one(ended)
        for _ in steps:
            for model in "abc":
                run.end_one(model)
        return run

    run = asyncio.run(main())
    for model in "abc":
        assert run.started[model] == [n for n, (other, _) in enumerate(steps) if other == model]
    assert run.most <= ROWS
    assert run.intake.close() == 0


async def test_rows_of_another_model_go_past_those_that_have_to_wait():
    run = Run()
    for position in range(1_000):
        assert await run.intake.take(_row(position, "slow"))
    assert len(run.under_way["slow"]) < ROWS
    for position in range(1_000, 1_100):
        assert await run.intake.take(_row(position, "fast"))
        run.end_one("fast")
    assert run.started["fast"] == list(range(1_000, 1_100))
    assert run.most <= ROWS


async def test_where_the_run_can_do_no_more_nothing_is_read_ahead():
    run = Run(spare=False)
    while run.intake._room.fits("slow", 100):
        await run.intake.take(_row(0, "slow"))
    taking = asyncio.create_task(run.intake.take(_row(1, "slow")))
    await asyncio.sleep(0)
    assert not taking.done()
    run.spare = True
    run.intake.look_again()
    assert await taking
    assert run.intake.close() == 1


async def test_rows_whose_model_cannot_be_asked_any_more_go_where_their_new_plan_says():
    run = Run()
    for position in range(50):
        await run.intake.take(_row(position, "a"))
    run.moved["a"] = "b"
    while run.under_way["a"] or run.under_way["b"]:
        run.end_one("a")
        run.end_one("b")
    assert sorted(run.started["a"]) == list(range(50))
    assert run.most <= ROWS


async def test_a_run_that_stops_leaves_them_where_they_are():
    run = Run()
    for position in range(50):
        await run.intake.take(_row(position, "a"))
    begun = len(run.started["a"])
    run.spare = False
    taking = asyncio.create_task(run.intake.take(_row(50, "a")))
    await asyncio.sleep(0)
    run.intake.stop()
    assert not await taking
    run.end_one("a")
    assert len(run.started["a"]) == begun
    assert run.intake.close() == 50 - begun


async def test_without_a_disk_for_them_rows_wait_as_they_are(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(SetAside, "put", lambda *_: False)
    run = Run()
    taking = asyncio.create_task(_all(run, 50))
    while not taking.done():
        await asyncio.sleep(0)
        run.end_one("a")
    assert run.started["a"] == list(range(50))


async def _all(run: Run, rows: int) -> None:
    for position in range(rows):
        await run.intake.take(_row(position, "a"))


def test_a_row_comes_back_as_it_was_under_the_name_that_it_had():
    aside = SetAside()
    row = read_line(b'{"prompt": "hi", "label": 3}', 7)
    assert isinstance(row, Row)
    renamed = Row("row-x-2", row.line, row.digest, row.request, row.raw, extra=row.extra)
    assert aside.put("a", Placed(renamed, 6))
    found = aside.take("a")
    assert found is not None
    assert found.position == 6
    assert found.row.custom_id == "row-x-2"
    assert (found.row.request, found.row.extra) == (row.request, row.extra)
    assert aside.take("a") is None
    aside.close()


async def test_of_one_model_no_more_rows_come_in_than_can_go_out():
    wanted, started = 2, []
    room = Room(ROWS, 10**6)
    intake = Intake(
        room, Run().decide, lambda placed, _: started.append(placed.position), None,
        lambda: wanted,
    )  # fmt: skip
    assert await intake.take(_row(0, "a"))
    assert await intake.take(_row(1, "a"))
    wanted = 0
    held = asyncio.create_task(intake.take(_row(2, "a")))
    for _ in range(5):
        intake.look_again()
        await asyncio.sleep(0)
    assert started == [0, 1]
    wanted = 1
    intake.look_again()
    assert await held
    assert started == [0, 1, 2]


async def test_how_many_are_wanted_is_asked_when_those_before_have_come_to_where_they_wait():
    events = []

    async def come() -> None:
        events.append("come")

    def wanted() -> int:
        events.append("asked")
        return 2

    coming = set()
    intake = Intake(
        Room(ROWS, 10**6),
        Run().decide,
        lambda *_: coming.add(asyncio.create_task(come())),
        None,
        wanted,
    )
    for number in range(5):
        assert await intake.take(_row(number, "a"))
    assert events == ["asked", "come", "come", "asked", "come", "come", "asked"]
