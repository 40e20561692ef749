"""The README's commands are run as they stand; only where they are installed is mapped."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from airoute_cli.cli.app import app
from tests.servers.scripted import ScriptedServer

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What sets a machine up: Python's business, and the download of the weights.
_SETTING_UP = (" -m venv ", "/pip install ", " models pull ", " -m pytest")
_SERVED = """
[providers.local]
api = "openai"
base_url = "{url}"
"""


def _blocks(kind: str) -> list[str]:
    return [text for found, text in _BLOCK.findall(README) if found == kind]


def _quickstart() -> list[str]:
    """The parts of the Quickstart's lines that are airoute's own."""
    parts = [part for block in _blocks("sh") for part in block.strip().split(" && ")]
    return [part for part in parts if not any(word in part for word in _SETTING_UP)]


def _shown() -> list[str]:
    lines = (line for block in _blocks("text") for line in block.splitlines())
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


@pytest.fixture
def shop(tmp_path: Path, provider_server: ScriptedServer) -> Path:
    """A folder as the README thinks of one, with the starter's models on the scripted server."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    starter = tmp_path / "examples" / "starter.toml"
    embedded = re.compile(r"^\[providers\.local\]\napi = .*$", re.MULTILINE)
    text, found = embedded.subn(_SERVED.format(url=provider_server.base_url), starter.read_text())
    assert found == 1
    text = re.sub(r'^(name = "smollm2.*)$', r'\1\nprice = "free"', text, flags=re.MULTILINE)
    starter.write_text(text)
    (tmp_path / "airoute.toml").write_text(text)
    (tmp_path / "rows.jsonl").write_text('{"prompt": "hello"}\n{"prompt": "good night"}\n')
    (tmp_path / "note.txt").write_text("one\n")
    _run("git init -q && git add note.txt && echo two >> note.txt", tmp_path)
    return tmp_path


def _run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    installed = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command.replace(".venv/bin/", "")],
        cwd=folder,
        env=os.environ | {"PATH": installed},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, f"{command}\n{ran.stderr}"
    return ran


def test_the_quickstart_is_two_blocks_of_one_line():
    blocks = _blocks("sh")
    assert [len(block.splitlines()) for block in blocks] == [1, 1]
    assert blocks[1].rstrip().endswith("-m pytest -n auto")


def test_every_command_of_the_readme_does_what_it_says(shop: Path):
    first, *rest = _quickstart()
    assert rest == []
    ran = _run(first, shop)
    assert "72 rows in = 72 completed" in ran.stderr
    for command in _shown():
        if command.startswith("jq ") and shutil.which("jq") is None:
            continue  # not airoute's
        assert _run(command, shop).stdout or "-o " in command
    left = {path.name for path in (shop / "runs" / "night").iterdir()}
    assert {"results.jsonl", "summary.md", "run.json", "profile.json"} <= left


def _commands(group: object, above: str) -> Iterator[str]:
    for name, command in getattr(group, "commands", {}).items():
        whole = f"{above} {name}"
        yield from _commands(command, whole) if hasattr(command, "commands") else [whole]


COMMANDS = sorted(_commands(typer.main.get_command(app), "airoute"))


@pytest.mark.parametrize("command", COMMANDS)
def test_the_readme_names_every_command(command: str):
    assert f"`{command}" in README
    ran = _run(f"{command} --help", ROOT)
    assert f"Usage: {command}" in ran.stdout
