from __future__ import annotations

import asyncio
import io
import json
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from airoute_cli.cli import main as command
from airoute_cli.cli.ask_run import _finish
from airoute_cli.cli.render.batch import Narrator, watcher
from airoute_cli.cli.render.machine import json_text
from airoute_cli.cli.render.plain import harmless, harmless_json
from airoute_cli.core.outcome import Outcome, RowFailure, RowState
from airoute_cli.engine.tally import Tally

# Sets the title, clears the screen, and the same in one byte each (ECMA-48, 8.3.89 and 5.4).
# Behind it, what shows a text in another order.
EVIL = "\x1b]0;owned\x07 \x1b[2J \x9b2J \x7f\r\u202e\u2066"


def test_nothing_that_drives_a_terminal_is_left():
    assert harmless(f"a\tb\n{EVIL}") == "a\tb\n]0;owned [2J 2J "


def test_what_right_to_left_scripts_need_stays():
    assert harmless("\u200f\u05d0\u200e") == "\u200f\u05d0\u200e"


@pytest.mark.parametrize("results_shown", [False, True])
def test_where_results_go_to_the_terminal_no_bar_is_drawn_into_them(results_shown):
    narrator = Narrator(quiet=False)
    narrator.console = Console(file=io.StringIO(), force_terminal=True)
    watch = watcher(narrator, results_shown=results_shown)
    counts = SimpleNamespace(done=0, rows_in=0, finished_before=0, states=Counter())
    job: Any = SimpleNamespace(counts=counts, tally=Tally(), troubles=[], progress=None)

    async def for_a_moment() -> None:
        watching = asyncio.create_task(watch(job))
        await asyncio.sleep(0)
        watching.cancel()
        await asyncio.wait([watching])

    asyncio.run(for_a_moment())
    assert bool(narrator.console.file.getvalue()) is not results_shown


def test_json_means_the_same_without_control_characters(monkeypatch: pytest.MonkeyPatch):
    line = json.dumps({"text": EVIL}, ensure_ascii=False)
    assert harmless(harmless_json(line)) == harmless_json(line)
    assert json.loads(harmless_json(line)) == {"text": EVIL}
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert json_text(line.encode()) == harmless_json(line)
    monkeypatch.setattr("sys.stdout.isatty", lambda: False)
    assert json_text(line.encode()) == line


def test_errors_are_harmless_too(capsys: pytest.CaptureFixture[str]):
    command._tell(f"{EVIL}one\ntwo")
    _finish(Outcome(RowState.FAILED, failure=RowFailure("server", EVIL)), quiet=False)
    said = capsys.readouterr().err
    assert said == ("airoute: ]0;owned [2J 2J one\nairoute: two\nairoute: ]0;owned [2J 2J \n")
