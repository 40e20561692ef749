from __future__ import annotations

import itertools
from typing import Any, cast

import pytest

from airoute_cli.edges.http import pool as pools
from airoute_cli.edges.http.connection import Connection
from airoute_cli.edges.http.pool import Pool


class _Fake:
    """What the pool asks of a connection."""

    def __init__(self, name: int) -> None:
        self.name = name
        self.reusable = True
        self.idle_since = 0.0

    def drop(self) -> None:
        self.reusable = False


@pytest.fixture
async def pool() -> Pool:
    names = itertools.count()

    async def dial() -> Connection:
        return cast("Connection", _Fake(next(names)))

    return Pool(dial)


async def _taken(pool: Pool) -> Any:
    return await pool.take()


async def test_the_last_one_back_goes_out_first(pool: Pool) -> None:
    first, second = await _taken(pool), await _taken(pool)
    pool.give_back(first)
    pool.give_back(second)
    assert [(await _taken(pool)).name for _ in range(3)] == [1, 0, 2]


async def test_one_that_is_broken_is_not_kept(pool: Pool) -> None:
    first = await _taken(pool)
    first.reusable = False
    pool.give_back(first)
    assert (await _taken(pool)).name == 1


async def test_one_that_was_closed_while_it_waited(pool: Pool) -> None:
    first = await _taken(pool)
    pool.give_back(first)
    first.reusable = False
    assert (await _taken(pool)).name == 1


async def test_one_that_was_idle_for_long(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = await _taken(pool), await _taken(pool)
    pool.give_back(first)
    first.idle_since -= pools.KEPT_IDLE_S
    pool.give_back(second)
    assert not first.reusable
    second.idle_since -= pools.KEPT_IDLE_S
    assert (await _taken(pool)).name == 2
    assert not second.reusable
