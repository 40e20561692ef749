from __future__ import annotations

import asyncio
import gc
import sys

from airoute_cli.engine import loop


async def _where() -> tuple[str, int]:
    return type(asyncio.get_running_loop()).__module__, gc.get_threshold()[0]


def test_a_run_has_a_fast_loop_and_leaves_the_process_as_it_was():
    before = gc.get_threshold()
    assert loop.run(_where()) == ("uvloop", 100_000)
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def test_where_there_is_no_uvloop_asyncio_does(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert loop.run(_where())[0].startswith("asyncio")
