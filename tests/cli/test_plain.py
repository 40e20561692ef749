from __future__ import annotations

import json

import pytest

from airoute_cli.cli import main as command
from airoute_cli.cli.ask_run import _finish
from airoute_cli.cli.render.machine import json_text
from airoute_cli.cli.render.plain import harmless, harmless_json
from airoute_cli.core.outcome import Outcome, RowFailure, RowState

# Sets the title, clears the screen, and the same in one byte each (ECMA-48, 8.3.89 and 5.4).
EVIL = "\x1b]0;owned\x07 \x1b[2J \x9b2J \x7f\r"


def test_nothing_that_drives_a_terminal_is_left():
    assert harmless(f"a\tb\n{EVIL}") == "a\tb\n]0;owned [2J 2J "


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
