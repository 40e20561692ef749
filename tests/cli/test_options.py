"""What a prompt is made of."""

from __future__ import annotations

import io
import sys

import pytest

from airoute_cli.cli.options import read_prompt
from airoute_cli.core.errors import UsageError
from airoute_cli.engine.one import prompt_row


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
def test_what_is_no_text_is_a_sentence(errors: str, monkeypatch: pytest.MonkeyPatch):
    piped = io.TextIOWrapper(io.BytesIO(b"\x89PNG\xff"), "utf-8", errors)
    monkeypatch.setattr(sys, "stdin", piped)
    with pytest.raises(UsageError, match="not UTF-8 text; an image or a PDF goes in with -a"):
        read_prompt(None)


def test_an_argument_is_no_text_either(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("Grüße"))
    assert read_prompt("say it") == "Grüße\n\nsay it"
    with pytest.raises(UsageError, match="not UTF-8 text"):
        read_prompt("caf\udce9")
    for given in ({"system": "caf\udce9"}, {"system": None, "fields": {"of": "caf\udce9"}}):
        with pytest.raises(UsageError, match="not UTF-8 text"):
            prompt_row("hi", metadata={}, **given)
